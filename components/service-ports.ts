/** Checks the ports of a service against each other: those of its Service, of its containers, and those that its arguments name. */
import { type IngressArgs, portsOfIngress } from "./ingress.ts";
import { assertPorts, hasPort, type Port, type PortRef, servicePorts } from "./port.ts";
import { describedContainers, type ReleaseArgs } from "./release.ts";
import { UserError } from "./user-error.ts";

/** An argument that may name a port of the Service. */
interface PortUser {
  readonly port?: PortRef;
}

/** The arguments of a service that have to do with ports. */
interface PortArgs extends ReleaseArgs {
  readonly ports: readonly Port[];
  readonly ingress?: IngressArgs;
  readonly debugIngress?: IngressArgs;
  readonly services?: Readonly<Record<string, { readonly ports: readonly Port[] }>>;
  readonly gateway?: { readonly routes: readonly PortUser[] };
  readonly plan?: { readonly checks?: readonly PortUser[] };
}

/**
 * Checks the ports of a service.
 *
 * 1. Routes, checks and Ingresses name ports of the Service.
 * 2. The names of the containers' ports are unique.
 * 3. A target port that is a name is that of a container's port.
 * 4. Each of several ports of the Service has a name of its own.
 *
 * @throws UserError for the first condition that does not hold
 * @example
 * ```ts
 * assertServicePorts("web", { containers: [container], ports: [{ port: 80, targetPort: 8080 }] });
 * ```
 */
export function assertServicePorts(service: string, args: PortArgs): void {
  const routes = args.gateway?.routes.map((route, i) => [`gateway.routes.${i}`, route] as const) ?? [];
  const checks = args.plan?.checks?.map((check, i) => [`plan.checks.${i}`, check] as const) ?? [];
  const refs: (readonly [which: string, ports: readonly (PortRef | undefined)[]])[] = [
    ...(args.ingress ? [["ingress", portsOfIngress(args.ingress)] as const] : []),
    ...[...routes, ...checks].map(([which, { port }]) => [which, [port]] as const),
    ...(args.debugIngress ? [["debugIngress", portsOfIngress(args.debugIngress)] as const] : []),
  ];
  for (const [which, ports] of refs) {
    const wrong = ports.find((port) => port !== undefined && !hasPort(args.ports, port));
    if (wrong === undefined) continue;
    const all = servicePorts(args.ports).map(({ name, port }) => (typeof wrong === "string" ? name : port));
    throw new UserError(
      `${service}: ${which}.port is ${wrong} and the Service has ${all.join(", ")}: choose one of its ports.`,
    );
  }
  const known = portNames(args);
  const twice = known.find((name, i) => known.indexOf(name) !== i);
  if (twice !== undefined) {
    throw new UserError(
      `${service}: two container ports have the name "${twice}", so a port by this name is ambiguous: rename one of them.`,
    );
  }
  assertPorts(service, "ports", args.ports, known);
  for (const [each, { ports }] of Object.entries(args.services ?? {}))
    assertPorts(service, `services.${each}.ports`, ports, known);
}

/** The names of the ports of a pod's containers. */
function portNames(args: ReleaseArgs): string[] {
  const ports = describedContainers(args).flatMap(
    (container) => (container as { ports?: readonly { readonly name?: string }[] }).ports ?? [],
  );
  return ports.flatMap(({ name }) => (name === undefined ? [] : [name]));
}
