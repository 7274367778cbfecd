/** What the objects of a service are called, and with which track each stands and goes (components/names.ts). */
import type { KubernetesObject, Service } from "./declared.ts";

export interface Part {
  readonly kind: string;
  readonly name: string;
  /** The track whose stack declares it. */
  readonly track: "stable" | "canary";
  /** Whether the service has it as it is described now. */
  readonly stands: boolean;
}

/** Every object that a service can have by a name of its own. */
export function partsOf({ name, gateway, ingress, debugIngress }: Service): Part[] {
  const routed = gateway !== undefined;
  return [
    { kind: "Service", name, track: "canary", stands: true },
    { kind: "Service", name: `${name}-canary`, track: "canary", stands: true },
    { kind: "Service", name: `${name}-stable`, track: "canary", stands: routed },
    { kind: "ConfigMap", name: `${name}-plan`, track: "canary", stands: true },
    { kind: "Ingress", name, track: "canary", stands: ingress !== undefined },
    { kind: "Ingress", name: debugName(name), track: "stable", stands: debugIngress !== undefined },
    { kind: "HTTPRoute", name, track: "canary", stands: routed },
    { kind: "Deployment", name, track: "stable", stands: true },
    { kind: "Deployment", name: `${name}-canary`, track: "canary", stands: true },
  ];
}

/** Which part of a service an object is by its name, whatever its labels; undefined if none. */
export function partOf({ kind, name, namespace }: KubernetesObject, service: Service): Part | undefined {
  if (namespace !== service.namespace) return undefined;
  return partsOf(service).find((part) => part.kind === kind && part.name === name);
}

/** The name of the debug Ingress of a service. */
export function debugName(service: string): string {
  return `${service}-debug`;
}
