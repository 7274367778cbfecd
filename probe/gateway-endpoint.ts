/** Reaches canary through the gateway, with the secret token that the route accepts at any weight. */

import { isIPv6 } from "node:net";
import { oneLine } from "../border/foreign-text.ts";
import { backendName, tokenHeader } from "../components/names.ts";
import type { HttpRouteRule } from "../components/traffic/gateway/route.ts";
import { UserError } from "../components/user-error.ts";
import type { Cluster } from "../kubernetes/cluster.ts";
import type { GatewayObject } from "../kubernetes/objects/gateway.ts";
import type { ParentRef, RouteObject } from "../kubernetes/objects/route.ts";
import { send } from "../kubernetes/send.ts";
import type { ServiceHandle } from "../kubernetes/service-handle.ts";
import { whyNotAccepted } from "../live/traffic/gateway/attachment.ts";
import { readGateway } from "../live/traffic/gateway/routes.ts";
import type { Endpoint } from "./endpoint.ts";

/** The label used for the `*` of a wildcard host. */
const anyLabel = "gray-probe";

/** Where requests for one port enter the cluster. */
export interface Entrance {
  /** Scheme, address and port of the gateway. */
  readonly origin: string;
  /** Host name for the Host header and TLS. @default that of the address */
  readonly host?: string;
}

/** The part of a live route that leads to canary by token. */
interface TokenRoute {
  readonly port: number;
  readonly token: string;
  /** The header that marks canary's answers (RouteArgs.canaryHeader). @default answers are not marked */
  readonly mark?: { readonly name: string; readonly value: string };
}

/** Which canary to reach through which routes. */
export interface GatewayEndpointArgs extends ServiceHandle {
  /** The live routes of the service. */
  readonly routes: readonly RouteObject[];
  /** Ports of the Service that requests will use. */
  readonly ports: readonly number[];
  /** Address of the gateway. @default the address in the Gateway's status */
  readonly url?: URL;
}

/**
 * The path that users take too, through the gateway, with the secret token that reaches canary at any weight. The token is read from
 * the live route and never shown. Each request uses a new connection, because an idle one may have been closed. Without a mark,
 * answers cannot be attributed to canary: a gateway reports a route as accepted shortly before it applies it, and another route may
 * take precedence.
 *
 * @throws UserError if no route leads to a port, no Gateway has accepted the current route, or none has an address; from each request,
 * if the gateway cannot be reached
 */
export async function gatewayEndpoint({
  api,
  namespace,
  service,
  routes,
  ports,
  url,
}: GatewayEndpointArgs): Promise<Endpoint> {
  const tokenRoutes = routes.flatMap((route) => {
    const tokenRoute = tokenRouteOf(route, service);
    return tokenRoute ? [{ route, ...tokenRoute }] : [];
  });
  const found = await Promise.all(
    ports.map(async (port) => {
      const tokenRoute = tokenRoutes.find((each) => each.port === port);
      if (tokenRoute === undefined) {
        const why = routes.length === 0 ? "the service has none" : `they go to ${routes.map(portsOf).join(", ")}`;
        throw new UserError(
          `No HTTPRoute of ${service} in namespace ${namespace} accepts the token for port ${port} (${why}): probe the pods with --via pods, or run pulumi up of the stack that owns canary.`,
        );
      }
      return [port, { ...tokenRoute, ...(await entranceTo(api, tokenRoute.route, url)) }] as const;
    }),
  );
  const entrances = new Map(found);
  const secrets = [...new Set(tokenRoutes.map(({ token }) => token))];
  return {
    name: "token",
    async send({ port, path, headers, ...request }) {
      const entrance = entrances.get(port);
      if (entrance === undefined) throw new Error(`port ${port} is none of the requested ports`);
      const { origin, host, token } = entrance;
      const own = { ...(host !== undefined && { host }), [tokenHeader]: token };
      const all = { "user-agent": "gray-release", ...headers, ...own };
      try {
        // Concatenated, because as a URL of its own a path that begins with two slashes would name another host.
        return await send(new URL(origin + path), { ...request, headers: all, options: { agent: false } });
      } catch (error) {
        throw request.signal.aborted ? request.signal.reason : connectionError(service, origin, error);
      }
    },
    verifies: (port) => entrances.get(port)?.mark !== undefined,
    foreign(headers, port) {
      const { mark } = entrances.get(port) ?? {};
      if (mark === undefined || headers[mark.name.toLowerCase()] === mark.value) return undefined;
      return `the answer lacks the header ${oneLine(`${mark.name}: ${mark.value}`)}, so it is not canary's; or this gateway does not support filters on backends: then remove canaryHeader, or probe with --via pods`;
    },
    relative(location) {
      if (!URL.canParse(location)) return location;
      const { hostname, pathname, search, hash } = new URL(location);
      const own = [...entrances.values()].flatMap(({ origin, host }) => [host, new URL(origin).hostname]);
      return own.includes(hostname) ? pathname + search + hash : location;
    },
    secrets,
  };
}

/** Error codes for a certificate of an unknown authority. */
const unknownAuthority =
  /^(UNABLE_TO_VERIFY_LEAF_SIGNATURE|UNABLE_TO_GET_ISSUER_CERT(_LOCALLY)?|(DEPTH_ZERO_SELF_SIGNED|SELF_SIGNED)_CERT(_IN_CHAIN)?)$/;
/** Error codes for a connection that was never established. */
const unreached =
  /^(ECONNREFUSED|ENOTFOUND|EAI_AGAIN|EHOSTUNREACH|ENETUNREACH|ETIMEDOUT|EPROTO|CERT_.*|ERR_(TLS|SSL)_.*)$/;

/** The error of a request without an answer. It is a UserError if the gateway was not reached, because canary is then not the cause. */
function connectionError(service: string, origin: string, error: unknown): Error {
  const { code = "", message: reported } = error as NodeJS.ErrnoException;
  const message = oneLine(reported);
  const distrusted = unknownAuthority.test(code);
  if (!distrusted && !unreached.test(code))
    return new Error(`the connection to the gateway ended (${message || code})`);
  const [why, help] = distrusted
    ? [code, "name the file with its certificate's authority in NODE_EXTRA_CA_CERTS"]
    : [message || code, "name another address with --url"];
  return new UserError(
    `The gateway of ${service} at ${origin} cannot be reached (${why}): ${help}, or probe with --via pods.`,
  );
}

/** The token's rule of a route; undefined if the route has no rule to this service's canary. */
function tokenRouteOf({ spec }: RouteObject, service: string): TokenRoute | undefined {
  for (const { matches, backendRefs } of spec.rules ?? []) {
    const token = matches.flatMap(({ headers = [] }) => headers).find(({ name }) => name.toLowerCase() === tokenHeader);
    const [backend] = backendRefs;
    if (token === undefined || backend?.name !== backendName(service, "canary")) continue;
    const mark = markOf(backend);
    return { port: backend.port, token: token.value, ...(mark && { mark }) };
  }
  return undefined;
}

function markOf({ filters = [] }: HttpRouteRule["backendRefs"][number]): TokenRoute["mark"] {
  const setting = filters as readonly {
    responseHeaderModifier?: { set?: readonly NonNullable<TokenRoute["mark"]>[] };
  }[];
  return setting.flatMap(({ responseHeaderModifier }) => responseHeaderModifier?.set ?? [])[0];
}

function portsOf({ metadata, spec }: RouteObject): string {
  const ports = new Set((spec.rules ?? []).flatMap(({ backendRefs }) => backendRefs.map(({ port }) => port)));
  return `${metadata.name} to ${[...ports].join(", ")}`;
}

async function entranceTo(api: Cluster, route: RouteObject, url: URL | undefined): Promise<Entrance> {
  const { metadata, spec } = route;
  const known = (spec.parentRefs ?? []).filter(({ kind = "Gateway" }) => kind === "Gateway");
  const refs = known.filter((ref) => whyNotAccepted(route, ref) === undefined);
  if (refs.length === 0) {
    const why = known.map((ref) => `${ref.name}: ${whyNotAccepted(route, ref)}`).join("; ");
    throw new UserError(
      `No Gateway has accepted HTTPRoute ${metadata.name} in namespace ${metadata.namespace} yet (${why || "it is attached to none"}), so requests with the token may reach the wrong pods: try again in a moment, correct the route, or probe with --via pods.`,
    );
  }
  const gateways = url
    ? []
    : await Promise.all(
        refs.map(async (ref) => [ref, await readGateway(api, ref.namespace ?? metadata.namespace, ref.name)] as const),
      );
  const entrance = entranceOf(spec.hostnames ?? [], gateways, url);
  if (entrance) return entrance;
  throw new UserError(
    `HTTPRoute ${metadata.name} in namespace ${metadata.namespace} is attached to no Gateway that has an address and a listener for it (${refs.map(({ name }) => name).join(", ")}): name the gateway's address with --url, or probe with --via pods.`,
  );
}

/**
 * Where the requests of a route enter the cluster.
 *
 * 1. At `url` if given; else at the first address of a Gateway, through a listener that the route is attached to.
 * 2. By TLS if there is such a listener, because the token is a secret.
 * 3. For a host that route and listener have in common; if neither names one, for the host of the address.
 *
 * @param hostnames of the route
 * @param gateways the route's parents in their order, each with its Gateway, or undefined if that does not exist
 * @param url address of the gateway. @default that of a Gateway
 * @returns undefined if no Gateway has an address and a listener for the route
 */
export function entranceOf(
  hostnames: readonly string[],
  gateways: readonly (readonly [ref: ParentRef, gateway: GatewayObject | undefined])[],
  url?: URL,
): Entrance | undefined {
  if (url) return { origin: url.origin, ...named(hostnames[0]) };
  const entrances = gateways.flatMap(([ref, gateway]) => {
    const [address] = gateway?.status?.addresses ?? [];
    if (address === undefined) return [];
    return (gateway?.spec.listeners ?? []).flatMap((listener) => {
      const scheme = schemes[listener.protocol];
      const attached =
        [undefined, listener.name].includes(ref.sectionName) && [undefined, listener.port].includes(ref.port);
      const common = commonHost(hostnames, listener.hostname);
      if (!attached || scheme === undefined || common === "none") return [];
      const host = isIPv6(address.value) ? `[${address.value}]` : address.value;
      return [{ origin: new URL(`${scheme}://${host}:${listener.port}`).origin, ...named(common) }];
    });
  });
  return entrances.find(({ origin }) => origin.startsWith("https:")) ?? entrances[0];
}

const schemes: Readonly<Record<string, "http" | "https">> = { HTTP: "http", HTTPS: "https" };

/** A host that route and listener both accept, perhaps a wildcard; undefined if both accept any, `none` if they share none. */
function commonHost(hostnames: readonly string[], listener: string | undefined): string | undefined | "none" {
  if (hostnames.length === 0 || listener === undefined) return hostnames[0] ?? listener;
  const isBelow = (name: string, wide: string) => wide.startsWith("*.") && name.endsWith(wide.slice(1));
  const narrower = (name: string) => (isBelow(listener, name) ? listener : name);
  const met = hostnames.find((name) => name === listener || isBelow(name, listener) || isBelow(listener, name));
  return met === undefined ? "none" : narrower(met);
}

function named(host: string | undefined): { host?: string } {
  return host === undefined ? {} : { host: host.replace(/^\*/, anyLabel) };
}
