/** The names of a service's objects, and the track whose stack declares each (components/names.ts). */
import type { KubernetesObject, Service } from "./declared.ts";

/** An object that a service may have. */
export interface Part {
  readonly kind: string;
  readonly name: string;
  /** The track whose stack declares it. */
  readonly track: "stable" | "canary";
  /** Whether the service has it with its current arguments. */
  readonly exists: boolean;
}

/** The kinds of objects by which a traffic mode splits users' requests, as components/traffic/ makes them. */
const routeKinds = ["HTTPRoute"] as const;

/** The kinds of objects in front of both tracks, which belong to the stack of canary, whatever their names. */
export const frontKinds: readonly string[] = ["Service", "ConfigMap", "Secret", "Ingress", ...routeKinds];

/**
 * Whether routes split the requests of a service's users, so that the number of pods does not determine canary's share.
 *
 * @example isRouted({ gateway: { routes: [] } }) // true
 */
export function isRouted({ gateway }: Pick<Service, "gateway">): boolean {
  return gateway !== undefined;
}

/** Whether a Service stands before the pods. A worker has none. @example hasFront({ ports: [] }) // false */
export function hasFront({ ports }: Pick<Service, "ports">): boolean {
  return ports?.length !== 0;
}

/**
 * Every object of a fixed name that a service can have.
 *
 * @example partsOf(service).find(({ name }) => name === "web-plan")?.kind // "ConfigMap"
 */
export function partsOf(service: Service): Part[] {
  const { name, ingress, debugIngress, autoscaling, serviceAccount, disruptionBudget, services = {} } = service;
  const routed = isRouted(service);
  const fronted = hasFront(service);
  return [
    { kind: "Service", name, track: "canary", exists: fronted },
    { kind: "Service", name: `${name}-canary`, track: "canary", exists: fronted },
    { kind: "Service", name: `${name}-stable`, track: "canary", exists: routed },
    { kind: "ConfigMap", name: `${name}-plan`, track: "canary", exists: fronted },
    { kind: "Ingress", name, track: "canary", exists: ingress !== undefined },
    { kind: "Ingress", name: debugName(name), track: "stable", exists: debugIngress !== undefined },
    ...routeKinds.map((kind): Part => ({ kind, name, track: "canary", exists: routed })),
    ...(autoscaling ? [{ kind: scalerKind(autoscaling), name, track: "stable", exists: true } as const] : []),
    { kind: "Deployment", name, track: "stable", exists: true },
    { kind: "Deployment", name: `${name}-canary`, track: "canary", exists: true },
    // Only if the arguments have them, because others may declare objects of these names beside a service.
    ...Object.keys(services).map(
      (each): Part => ({ kind: "Service", name: `${name}-${each}`, track: "canary", exists: true }),
    ),
    ...(serviceAccount
      ? [{ kind: "ServiceAccount", name: serviceAccount.name ?? name, track: "canary", exists: true } as const]
      : []),
    ...(disruptionBudget
      ? ([
          { kind: "PodDisruptionBudget", name, track: "stable", exists: true },
          { kind: "PodDisruptionBudget", name: `${name}-canary`, track: "canary", exists: true },
        ] as const)
      : []),
  ];
}

/**
 * The part of a service that an object is by its kind and name, whatever its labels; undefined if it is none.
 *
 * @example partOf(object, service)?.track // "canary"
 */
export function partOf({ kind, name, namespace }: KubernetesObject, service: Service): Part | undefined {
  if (namespace !== service.namespace) return undefined;
  return partsOf(service).find((part) => part.kind === kind && part.name === name);
}

/** The kind of autoscaler that the arguments choose, as components/autoscaling.ts reads them. An autoscaler of the user's own is no part. */
function scalerKind(autoscaling: object): string {
  return "keda" in autoscaling ? "ScaledObject" : "HorizontalPodAutoscaler";
}

/** The name of the debug Ingress of a service. @example debugName("web") // "web-debug" */
export function debugName(service: string): string {
  return `${service}-debug`;
}
