/** HTTPRoutes and Ingresses, the entrances of user requests: the fields that rules read, and their meaning. */
import type { Declared, KubernetesObject } from "./declared.ts";

/** The spec of an HTTPRoute (gateway.networking.k8s.io) with the fields that rules read. */
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
/** A rule of an HTTPRoute. */
export interface RouteRule {
  readonly matches?: readonly RouteMatch[];
  readonly backendRefs?: readonly BackendRef[];
}
/** A match of a rule: all its conditions must hold. */
export interface RouteMatch {
  readonly path?: { readonly type?: string; readonly value?: string };
  readonly method?: string;
  readonly headers?: readonly Condition[];
  readonly queryParams?: readonly Condition[];
}
/** A condition on a header or a query parameter. The token's value is known only during `up` until it has been created. */
export interface Condition {
  readonly name: string;
  readonly type?: string;
  readonly value: string;
}
/** A backend of a rule, as in the spec. */
export interface BackendRef {
  readonly group?: string;
  readonly kind?: string;
  readonly namespace?: string;
  readonly name: string;
  readonly port?: number;
  readonly weight?: number;
}

/** The spec of an Ingress with the fields that rules read. */
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
/** The Service that an Ingress routes to. */
export interface IngressBackend {
  readonly service?: { readonly name: string; readonly port?: { readonly number?: number; readonly name?: string } };
}

/** Whether this is an HTTPRoute. @example isHttpRoute(one) && routeSpec(one).hostnames */
export function isHttpRoute(one: Declared): one is KubernetesObject & { readonly kind: "HTTPRoute" } {
  return one.is === "object" && one.kind === "HTTPRoute" && one.group === "gateway.networking.k8s.io";
}

/** Whether this is an Ingress, of any API version. @example isIngress(one) && ingressSpec(one).ingressClassName */
export function isIngress(one: Declared): one is KubernetesObject & { readonly kind: "Ingress" } {
  return one.is === "object" && one.kind === "Ingress" && ["networking.k8s.io", "extensions"].includes(one.group);
}

/** The spec of an HTTPRoute. @example routeSpec(route).rules?.length */
export function routeSpec(route: KubernetesObject): RouteSpec {
  return (route.fields.spec ?? {}) as RouteSpec;
}

/** The spec of an Ingress. @example ingressSpec(ingress).rules?.[0]?.host // "shop.example.com" */
export function ingressSpec(ingress: KubernetesObject): IngressSpec {
  return (ingress.fields.spec ?? {}) as IngressSpec;
}

/**
 * The matches of a rule. Without any the rule matches every path, which is the API's default.
 *
 * @example matchesOf({}) // [{}]
 */
export function matchesOf({ matches = [] }: RouteRule): readonly RouteMatch[] {
  return matches.length > 0 ? matches : [{}];
}

/** Whether the match has no condition except its path. @example isUnconditional({ path: { value: "/api" } }) // true */
export function isUnconditional({ method, headers = [], queryParams = [] }: RouteMatch): boolean {
  return method === undefined && headers.length === 0 && queryParams.length === 0;
}

/**
 * A path as one text, equal for equivalent paths: `/api` for a prefix, `=/api` for an exact path, `~...` for a pattern.
 *
 * @example pathText("Exact", "/api") // "=/api"
 */
export function pathText(type = "PathPrefix", value = "/"): string {
  if (type === "RegularExpression") return `~${value}`;
  return type === "Exact" ? `=${value}` : value.replace(/(.)\/$/, "$1");
}

/** The text of {@link pathText} for every path. */
export const everyPath = pathText();

/** A backend with a weight above 0. */
export interface Backend {
  readonly namespace: string;
  /** Name of the Service; undefined of any other kind of backend. */
  readonly service: string | undefined;
  readonly port: number | undefined;
  /** Percent of the rule's requests. */
  readonly share: number;
}

/**
 * The backends that a rule of the route sends requests to.
 *
 * @example backendsOf({ backendRefs: [{ name: "web", weight: 3 }, { name: "web-canary" }] }, route)[0]?.share // 75
 */
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
