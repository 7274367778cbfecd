/** What user requests come in by, HTTPRoutes and Ingresses: the fields that rules read, and what they mean. */
import type { Declared, KubernetesObject } from "./declared.ts";

/** The spec of an HTTPRoute (gateway.networking.k8s.io), by the fields that rules read. */
export interface RouteSpec {
  readonly parentRefs?: readonly {
    readonly kind?: string;
    readonly namespace?: string;
    readonly name: string;
    readonly sectionName?: string;
    readonly port?: number;
  }[];
  readonly hostnames?: readonly string[];
  readonly rules?: readonly RouteRule[];
}
export interface RouteRule {
  readonly matches?: readonly RouteMatch[];
  readonly backendRefs?: readonly BackendRef[];
}
export interface RouteMatch {
  readonly path?: { readonly type?: string; readonly value?: string };
  readonly method?: string;
  readonly headers?: readonly Condition[];
  readonly queryParams?: readonly Condition[];
}
/** The value may be one that only `up` will know: the token's is, as long as there is none. */
export interface Condition {
  readonly name: string;
  readonly type?: string;
  readonly value: string;
}
export interface BackendRef {
  readonly group?: string;
  readonly kind?: string;
  readonly namespace?: string;
  readonly name: string;
  readonly port?: number;
  readonly weight?: number;
}

/** The spec of an Ingress, by the fields that rules read. */
export interface IngressSpec {
  readonly ingressClassName?: string;
  readonly defaultBackend?: IngressBackend;
  readonly rules?: readonly {
    readonly host?: string;
    readonly http?: {
      readonly paths?: readonly {
        readonly path?: string;
        readonly pathType?: string;
        readonly backend?: IngressBackend;
      }[];
    };
  }[];
}
export interface IngressBackend {
  readonly service?: { readonly name: string; readonly port?: { readonly number?: number; readonly name?: string } };
}

export function isHttpRoute(one: Declared): one is KubernetesObject & { readonly kind: "HTTPRoute" } {
  return one.is === "object" && one.kind === "HTTPRoute" && one.group === "gateway.networking.k8s.io";
}

export function isIngress(one: Declared): one is KubernetesObject & { readonly kind: "Ingress" } {
  return one.is === "object" && one.kind === "Ingress" && ["networking.k8s.io", "extensions"].includes(one.group);
}

export function routeSpec(route: KubernetesObject): RouteSpec {
  return (route.fields.spec ?? {}) as RouteSpec;
}

export function ingressSpec(ingress: KubernetesObject): IngressSpec {
  return (ingress.fields.spec ?? {}) as IngressSpec;
}

/** What the rule matches; without any match it is every path, as the API fills in. */
export function matchesOf({ matches = [] }: RouteRule): readonly RouteMatch[] {
  return matches.length > 0 ? matches : [{}];
}

/** Whether every request to the path meets the match. */
export function isUnconditional({ method, headers = [], queryParams = [] }: RouteMatch): boolean {
  return method === undefined && headers.length === 0 && queryParams.length === 0;
}

/** The path as one text, the same for all that mean the same: `/api`, `=/api` for exactly it, `~...` for a pattern. */
export function pathText(type = "PathPrefix", value = "/"): string {
  if (type === "RegularExpression") return `~${value}`;
  return type === "Exact" ? `=${value}` : value.replace(/(.)\/$/, "$1");
}

/** Every path, for {@link pathText}. */
export const everyPath = pathText();

/** A backend that gets requests. */
export interface Backend {
  readonly namespace: string;
  /** Name of the Service; undefined of any other kind of backend. */
  readonly service: string | undefined;
  readonly port: number | undefined;
  /** Percent of the rule's requests. */
  readonly share: number;
}

/** Where a rule of the route sends requests. */
export function backendsOf({ backendRefs = [] }: RouteRule, { namespace: home }: KubernetesObject): Backend[] {
  const all = backendRefs.reduce((sum, { weight = 1 }) => sum + weight, 0);
  return backendRefs
    .filter(({ weight = 1 }) => weight > 0)
    .map(({ group = "", kind = "Service", namespace = home, name, port, weight = 1 }) => ({
      namespace,
      service: group === "" && kind === "Service" ? name : undefined,
      port,
      share: (100 * weight) / all,
    }));
}
