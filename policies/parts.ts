/** What the objects of a service are called, and with which track each stands and goes (components/names.ts). */
import type { KubernetesObject, Service } from "./declared.ts";

export interface Part {
  readonly kind: string;
  readonly name: string;
  /** The track whose stack declares it. */
  readonly track: "stable" | "canary";
}

/** Every object that a service can have by a name of its own, whether or not it has it now. */
export function partsOf(service: string): Part[] {
  return [
    { kind: "Service", name: service, track: "canary" },
    { kind: "Service", name: `${service}-canary`, track: "canary" },
    { kind: "Service", name: `${service}-stable`, track: "canary" },
    { kind: "ConfigMap", name: `${service}-plan`, track: "canary" },
    { kind: "Ingress", name: service, track: "canary" },
    { kind: "Ingress", name: debugName(service), track: "stable" },
    { kind: "HTTPRoute", name: service, track: "canary" },
    { kind: "Deployment", name: service, track: "stable" },
    { kind: "Deployment", name: `${service}-canary`, track: "canary" },
  ];
}

/** Which part of a service an object is by its name, whatever its labels; undefined if none. */
export function partOf({ kind, name, namespace }: KubernetesObject, service: Service): Part | undefined {
  if (namespace !== service.namespace) return undefined;
  return partsOf(service.name).find((part) => part.kind === kind && part.name === name);
}

/** The name of the debug Ingress of a service. */
export function debugName(service: string): string {
  return `${service}-debug`;
}
