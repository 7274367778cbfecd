import { isIPv6 } from "node:net";
import { oneLine } from "../border/foreign-text.ts";
import { backendName, tokenHeader } from "../components/names.ts";
import type { HttpRouteRule } from "../components/route.ts";
import { UserError } from "../components/user-error.ts";
import type { Cluster } from "../kubernetes/cluster.ts";
import { send } from "../kubernetes/send.ts";
import {
  type GatewayObject,
  type ParentRef,
  type RouteCondition,
  type RouteObject,
  readGateway,
} from "../live/routes.ts";
import type { Endpoint } from "./endpoint.ts";

/** What a host is called that a wildcard leaves open. */
const anyLabel = "gray-probe";

/** Where requests for one port come in, and what they have to say. */
export interface Entrance {
  /** Scheme, address and port of the gateway. */
  readonly origin: string;
  /** The name that is asked for, in Host and TLS. @default that of the address */
  readonly host?: string;
}

/** What a live route knows of the way to canary. */
interface Pass {
  readonly port: number;
  readonly token: string;
  /** A header that answers of canary carry (RouteArgs). */
  readonly mark?: { readonly name: string; readonly value: string };
}

export interface GatewayEndpointArgs {
  readonly api: Cluster;
  readonly namespace: string;
  readonly service: string;
  /** The live routes of the service. */
  readonly routes: readonly RouteObject[];
  /** Numbers of the Service's ports that will be asked. */
  readonly ports: readonly number[];
  readonly url?: URL;
}

/**
 * The users' own way, through the gateway, with the secret token that reaches canary at any weight. The token is read from
 * the live route and shown to nobody. Each request has a connection of its own: one that was kept may have ended meanwhile.
 * Without a mark on canary's answers nothing shows whose they are: a gateway says that it has taken a route a moment before
 * it goes by it, and another route may win.
 *
 * @throws Refusal if there is no route to a port, no gateway that has taken it as it is now, or none with an address; from
 * each request, if the gateway cannot be reached
 */
export async function gatewayEndpoint({
  api,
  namespace,
  service,
  routes,
  ports,
  url,
}: GatewayEndpointArgs): Promise<Endpoint> {
  const passes = routes.flatMap((route) => {
    const pass = passOf(route, service);
    return pass ? [{ route, ...pass }] : [];
  });
  const found = await Promise.all(
    ports.map(async (port) => {
      const pass = passes.find((each) => each.port === port);
      if (pass === undefined) {
        const why = routes.length === 0 ? "the service has none" : `they go to ${routes.map(portsOf).join(", ")}`;
        throw new UserError(
          `No HTTPRoute of ${service} in namespace ${namespace} lets the token in to port ${port} (${why}): ask the pods with --via pods, or run pulumi up --stack canary.`,
        );
      }
      return [port, { ...pass, ...(await entranceTo(api, pass.route, url)) }] as const;
    }),
  );
  const entrances = new Map(found);
  const secrets = [...new Set(passes.map(({ token }) => token))];
  return {
    name: "token",
    async send({ port, path, headers, ...request }) {
      const entrance = entrances.get(port);
      if (entrance === undefined) throw new Error(`port ${port} was not asked for`);
      const { origin, host, token } = entrance;
      const own = { ...(host !== undefined && { host }), [tokenHeader]: token };
      const all = { "user-agent": "gray-release", ...headers, ...own };
      try {
        // Concatenated: as an argument of its own, a path that begins with two slashes would be another host.
        return await send(new URL(origin + path), { ...request, headers: all, options: { agent: false } });
      } catch (error) {
        throw request.signal.aborted ? request.signal.reason : unavailable(service, origin, error);
      }
    },
    tells: (port) => entrances.get(port)?.mark !== undefined,
    foreign(headers, port) {
      const { mark } = entrances.get(port) ?? {};
      if (mark === undefined || headers[mark.name.toLowerCase()] === mark.value) return undefined;
      return `the answer lacks the header ${oneLine(`${mark.name}: ${mark.value}`)}, so it is not canary's; or this gateway has no filters of backends: take canaryHeader out then, or ask with --via pods`;
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

/** Codes of a certificate that no known authority has signed. */
const unknownAuthority =
  /^(UNABLE_TO_VERIFY_LEAF_SIGNATURE|UNABLE_TO_GET_ISSUER_CERT(_LOCALLY)?|(DEPTH_ZERO_SELF_SIGNED|SELF_SIGNED)_CERT(_IN_CHAIN)?)$/;
/** Codes of a connection that never came about. */
const unreached =
  /^(ECONNREFUSED|ENOTFOUND|EAI_AGAIN|EHOSTUNREACH|ENETUNREACH|ETIMEDOUT|EPROTO|CERT_.*|ERR_(TLS|SSL)_.*)$/;

/** What a request without an answer comes to. Where the gateway was not even reached, that says nothing of canary. */
function unavailable(service: string, origin: string, error: unknown): Error {
  const { code = "", message: said } = error as NodeJS.ErrnoException;
  const message = oneLine(said);
  const distrusted = unknownAuthority.test(code);
  if (!distrusted && !unreached.test(code))
    return new Error(`the connection to the gateway ended (${message || code})`);
  const [why, help] = distrusted
    ? [code, "name the file with its certificate's authority in NODE_EXTRA_CA_CERTS"]
    : [message || code, "name another address with --url"];
  return new UserError(
    `The gateway of ${service} at ${origin} cannot be reached (${why}): ${help}, or ask with --via pods.`,
  );
}

/** Undefined where the route was not made for the service as it is now. */
function passOf({ spec }: RouteObject, service: string): Pass | undefined {
  for (const { matches, backendRefs } of spec.rules ?? []) {
    const token = matches.flatMap(({ headers = [] }) => headers).find(({ name }) => name.toLowerCase() === tokenHeader);
    const [backend] = backendRefs;
    if (token === undefined || backend?.name !== backendName(service, "canary")) continue;
    const mark = markOf(backend);
    return { port: backend.port, token: token.value, ...(mark && { mark }) };
  }
  return undefined;
}

function markOf({ filters = [] }: HttpRouteRule["backendRefs"][number]): Pass["mark"] {
  const setting = filters as readonly { responseHeaderModifier?: { set?: readonly NonNullable<Pass["mark"]>[] } }[];
  return setting.flatMap(({ responseHeaderModifier }) => responseHeaderModifier?.set ?? [])[0];
}

function portsOf({ metadata, spec }: RouteObject): string {
  const ports = new Set((spec.rules ?? []).flatMap(({ backendRefs }) => backendRefs.map(({ port }) => port)));
  return `${metadata.name} to ${[...ports].join(", ")}`;
}

async function entranceTo(api: Cluster, route: RouteObject, url: URL | undefined): Promise<Entrance> {
  const { metadata, spec } = route;
  const known = (spec.parentRefs ?? []).filter(({ kind = "Gateway" }) => kind === "Gateway");
  const refs = known.filter((ref) => whyNotTaken(route, ref) === undefined);
  if (refs.length === 0) {
    const why = known.map((ref) => `${ref.name}: ${whyNotTaken(route, ref)}`).join("; ");
    throw new UserError(
      `No Gateway goes by HTTPRoute ${metadata.name} in namespace ${metadata.namespace} as it is now (${why || "it is attached to none"}), so who knows where the token leads: wait a moment and ask again, correct the route, or ask with --via pods.`,
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
    `HTTPRoute ${metadata.name} in namespace ${metadata.namespace} is attached to no Gateway that has an address and a listener for it (${refs.map(({ name }) => name).join(", ")}): name the gateway's address with --url, or ask with --via pods.`,
  );
}

/**
 * Why a Gateway does not go by a route; undefined where it says that it does.
 *
 * 1. It has a word on the route.
 * 2. It has accepted it, and found the backends, as they are in the route's present generation.
 */
export function whyNotTaken({ metadata, status }: RouteObject, ref: ParentRef): string | undefined {
  const { namespace, generation = 0 } = metadata;
  const id = ({ name, namespace: home = namespace, sectionName, port }: ParentRef) =>
    JSON.stringify([home, name, sectionName, port]);
  const words = (status?.parents ?? []).filter(({ parentRef }) => id(parentRef) === id(ref));
  const reasons = words.map(({ conditions = [] }) => {
    const trouble = (type: string) => troubleOf(type, conditions, generation);
    return trouble("Accepted") ?? trouble("ResolvedRefs");
  });
  return reasons.includes(undefined) ? undefined : (reasons[0] ?? "it says nothing of it");
}

function troubleOf(type: string, conditions: readonly RouteCondition[], generation: number): string | undefined {
  const found = conditions.find((condition) => condition.type === type);
  if (found === undefined) return `it does not say ${type}`;
  // Optional in a condition; a gateway that leaves it out is taken at its word.
  if ((found.observedGeneration ?? generation) < generation) return "it has not read the last change yet";
  return found.status === "True" ? undefined : `${type} is ${oneLine(`${found.status}, ${found.reason}`)}`;
}

/**
 * Where a route's requests come in.
 *
 * 1. At the address that was named; else at the first one of a Gateway, at a listener that the route is attached to.
 * 2. By TLS where there is a listener for it: the token is a secret.
 * 3. For a host that route and listener have in common; where both leave it open, for that of the address.
 *
 * @param hostnames the route's
 * @param gateways those that it is attached to, and how, in its order; undefined where there is none of that name
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

/** A name that a route and a listener both take, perhaps a wildcard; undefined where both take any. */
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
