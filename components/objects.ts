/** Lists the Kubernetes objects of a service. */
import { backendName, debugIngressName, deploymentName } from "./names.ts";
import { planName } from "./plan.ts";
import { type ServiceArgs, tracksOf } from "./service-args.ts";

/** The kinds of a service's objects. */
export const objectKinds = ["Deployment", "Service", "Ingress", "HTTPRoute", "ConfigMap"] as const;
/** One of {@link objectKinds}. */
export type ObjectKind = (typeof objectKinds)[number];

/** An object of a service, in the service's namespace. */
export interface ObjectReference {
  readonly kind: ObjectKind;
  readonly name: string;
}

/**
 * Every object of a service that a stack creates.
 *
 * @param configMaps names of the ConfigMaps that the releases in the history need
 */
export function objectsOf(service: string, args: ServiceArgs, configMaps: readonly string[]): ObjectReference[] {
  const owned = tracksOf(args);
  const front: ObjectReference[] = [
    { kind: "Service", name: service },
    { kind: "Service", name: backendName(service, "canary") },
    ...(args.gateway ? [{ kind: "Service", name: backendName(service, "stable") } as const] : []),
    ...(args.gateway?.routes ?? []).map(({ name = service }) => ({ kind: "HTTPRoute", name }) as const),
    ...(args.ingress ? [{ kind: "Ingress", name: service } as const] : []),
    ...(args.plan ? [{ kind: "ConfigMap", name: planName(service) } as const] : []),
    ...configMaps.map((name) => ({ kind: "ConfigMap", name }) as const),
  ];
  return [
    ...owned.map((track) => ({ kind: "Deployment", name: deploymentName(service, track) }) as const),
    ...(owned.includes("canary") ? front : []),
    ...(owned.includes("stable") && args.debugIngress
      ? [{ kind: "Ingress", name: debugIngressName(service) } as const]
      : []),
  ];
}
