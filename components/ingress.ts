/** An Ingress to the shared Service: its argument, its validation and its spec. */
import * as v from "valibot";
import { type PortRef, portRefSchema } from "./port.ts";
import { checked, mapOf } from "./schema.ts";

/** A path of an Ingress (networking.k8s.io/v1 HTTPIngressPath). @example `{ path: "/api", port: "http" }` */
export interface IngressPath {
  /** The path of the requests. It begins with `/`. @default / */
  readonly path?: string;
  /** How the path is compared. @default Prefix */
  readonly pathType?: "Prefix" | "Exact" | "ImplementationSpecific";
  /** The Service's port, by number or name. @default the first port */
  readonly port?: PortRef;
}

/** The paths of one host. @example `{ host: "shop.example.com", paths: [{ path: "/api" }, { path: "/live", pathType: "Exact" }] }` */
export interface IngressRule {
  /** Host name of the requests. @default every host */
  readonly host?: string;
  /** The paths. @default every path, to the first port */
  readonly paths?: readonly IngressPath[];
}

/**
 * A plain Ingress to the shared Service: one host and path, or several `rules`.
 *
 * @example `{ host: "shop.example.com", tlsSecretName: "shop-tls" }`
 */
export interface IngressArgs extends IngressPath {
  /** Host name of the requests. Without it `rules` must be given. */
  readonly host?: string;
  /** Several hosts or paths, instead of `host`, `path`, `pathType` and `port`. @default none */
  readonly rules?: readonly IngressRule[];
  /** Name of the Secret with the TLS certificate for all hosts. @default no TLS */
  readonly tlsSecretName?: string;
  /** Certificates of several hosts (networking.k8s.io/v1 IngressTLS), instead of `tlsSecretName`. @default no TLS */
  readonly tls?: readonly { readonly hosts?: readonly string[]; readonly secretName?: string }[];
  /** Name of the IngressClass. @default the cluster's default class */
  readonly ingressClassName?: string;
  /** Annotations of the Ingress. @default none */
  readonly annotations?: Readonly<Record<string, string>>;
}

const host = v.pipe(v.string(), v.nonEmpty("must not be empty"));
const pathEntries = {
  path: v.optional(v.pipe(v.string(), v.startsWith("/", "must begin with /"))),
  pathType: v.optional(
    v.picklist(["Prefix", "Exact", "ImplementationSpecific"], "must be Prefix, Exact or ImplementationSpecific"),
  ),
  port: v.optional(portRefSchema),
};

/** The schema of {@link IngressArgs}. */
export const ingressSchema = v.pipe(
  v.strictObject({
    ...pathEntries,
    host: v.optional(host),
    rules: v.optional(
      v.pipe(
        v.array(v.strictObject({ host: v.optional(host), paths: v.optional(v.array(v.strictObject(pathEntries))) })),
        v.nonEmpty("must have at least one rule"),
      ),
    ),
    tlsSecretName: v.optional(v.string()),
    tls: v.optional(
      v.array(v.strictObject({ hosts: v.optional(v.array(v.string())), secretName: v.optional(v.string()) })),
    ),
    ingressClassName: v.optional(v.string()),
    annotations: v.optional(mapOf(v.string())),
  }),
  checked(({ host, path, pathType, port, rules, tls, tlsSecretName }) => {
    const own = Object.entries({ host, path, pathType, port }).find(([, value]) => value !== undefined)?.[0];
    if (rules === undefined && host === undefined) return { at: ["host"], message: "set it, or give rules" };
    if (rules !== undefined && own !== undefined) return { at: [own], message: "rules are given, so put it into one" };
    if (tls !== undefined && tlsSecretName !== undefined)
      return { at: ["tlsSecretName"], message: "tls is given, so remove one of them" };
    return undefined;
  }),
);

/**
 * The Service's ports to which an Ingress leads; the first port where none is named.
 *
 * @example portsOfIngress({ host: "shop.example.com", port: "http" }) // ["http"]
 */
export function portsOfIngress({ rules, port }: IngressArgs): (PortRef | undefined)[] {
  return rules ? rules.flatMap(({ paths = [{}] }) => paths.map((each) => each.port)) : [port];
}

/**
 * The spec of an Ingress to a Service.
 *
 * @param service name of the shared Service
 * @param mainPort number of its first port
 * @example ingressSpec("web", 80, { host: "shop.example.com" }).rules[0]?.host // "shop.example.com"
 */
export function ingressSpec(service: string, mainPort: number, ingress: IngressArgs) {
  const { host, path, pathType, port, ingressClassName, tlsSecretName } = ingress;
  const own = { ...(path && { path }), ...(pathType && { pathType }), ...(port !== undefined && { port }) };
  const rules: readonly IngressRule[] = ingress.rules ?? [{ ...(host !== undefined && { host }), paths: [own] }];
  const hosts = [...new Set(rules.flatMap(({ host }) => (host === undefined ? [] : [host])))];
  const tls = ingress.tls ?? (tlsSecretName === undefined ? undefined : [{ hosts, secretName: tlsSecretName }]);
  const backend = (port: PortRef) => ({
    service: { name: service, port: typeof port === "string" ? { name: port } : { number: port } },
  });
  return {
    ...(ingressClassName !== undefined && { ingressClassName }),
    ...(tls && { tls: tls.map(({ hosts, ...others }) => ({ ...others, ...(hosts && { hosts: [...hosts] }) })) }),
    rules: rules.map(({ host, paths = [{}] }) => ({
      ...(host !== undefined && { host }),
      http: {
        paths: paths.map(({ path = "/", pathType = "Prefix", port = mainPort }) => ({
          path,
          pathType,
          backend: backend(port),
        })),
      },
    })),
  };
}
