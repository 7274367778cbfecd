/** An Ingress of the Kubernetes API. */

import type { PartialObject } from "./metadata.ts";

/** An Ingress in the API; the fields used here. */
export interface IngressObject extends PartialObject {
  readonly spec?: {
    readonly ingressClassName?: string;
    readonly defaultBackend?: IngressBackend;
    readonly tls?: readonly { readonly hosts?: readonly string[]; readonly secretName?: string }[];
    readonly rules?: readonly {
      readonly host?: string;
      readonly http?: { readonly paths: readonly HttpIngressPath[] };
    }[];
  };
}

/** A path of an Ingress. */
export interface HttpIngressPath {
  readonly path?: string;
  readonly pathType: "Prefix" | "Exact" | "ImplementationSpecific";
  readonly backend: IngressBackend;
}

/** Where an Ingress leads to: a port of a Service, or another resource. */
export interface IngressBackend {
  readonly service?: { readonly name: string; readonly port?: { readonly name?: string; readonly number?: number } };
}
