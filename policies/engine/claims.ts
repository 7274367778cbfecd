/** The requests that an HTTPRoute or an Ingress claims, and whether the claims of two of them can conflict. */
import { type Declared, type KubernetesObject, serviceOf } from "./declared.ts";
import { ingressSpec, isHttpRoute, isIngress, isUnconditional, matchesOf, pathText, routeSpec } from "./entrances.ts";
import { debugName } from "./parts.ts";

/** An HTTPRoute or an Ingress with its claims. */
export interface Entrance {
  readonly object: KubernetesObject;
  /** Name of the service that it belongs to by its label. */
  readonly service: string | undefined;
  /** Its attachment points: the listeners of an HTTPRoute, or the class of an Ingress. */
  readonly listeners: readonly Listener[];
  readonly claims: readonly Claim[];
}
interface Listener {
  /** The Gateway, or the class of an Ingress. */
  readonly of: string;
  /** Name of the listener. @default all of the Gateway */
  readonly section?: string;
  /** Port of the listener. @default all of the Gateway */
  readonly port?: number;
}
/** A host and a path whose requests an entrance claims. */
export interface Claim {
  /** Undefined means every host. */
  readonly host: string | undefined;
  readonly path: string;
}

/**
 * The entrance that an object is; undefined of other kinds of objects.
 *
 * @example readEntrance(one)?.claims // [{ host: "shop.example.com", path: "/" }]
 */
export function readEntrance(one: Declared): Entrance | undefined {
  if (isHttpRoute(one)) {
    const { parentRefs = [], hostnames = [], rules = [] } = routeSpec(one);
    const listeners = parentRefs.map(({ kind = "Gateway", namespace = one.namespace, name, sectionName, port }) => ({
      of: `${kind} ${namespace}/${name}`,
      ...(sectionName !== undefined && { section: sectionName }),
      ...(port !== undefined && { port }),
    }));
    const matches = rules.flatMap(matchesOf).filter(isUnconditional);
    const paths = new Set(matches.map(({ path }) => pathText(path?.type, path?.value)));
    const hosts = hostnames.length > 0 ? hostnames : [undefined];
    const claims = hosts.flatMap((host) => [...paths].map((path) => ({ host, path })));
    return { object: one, service: serviceOf(one), listeners, claims };
  }
  if (!isIngress(one)) return undefined;
  const { ingressClassName = "the default class", rules = [] } = ingressSpec(one);
  const claims = rules.flatMap(({ host, http }) =>
    (http?.paths ?? []).map(({ path, pathType }) => ({ host, path: pathText(pathType, path) })),
  );
  return { object: one, service: serviceOf(one), listeners: [{ of: ingressClassName }], claims };
}

/**
 * Whether the same request could match both entrances.
 *
 * @example canMeet(entrance, other) // false if no request matches both
 */
export function canMeet(entrance: Entrance, other: Entrance): boolean {
  const sameService =
    entrance.service !== undefined &&
    entrance.service === other.service &&
    entrance.object.namespace === other.object.namespace;
  // unique-hostnames.ts checks the debug Ingress by its service's arguments instead, which works in any stack.
  if (
    sameService &&
    [entrance, other].some(({ object, service }) => service !== undefined && object.name === debugName(service))
  )
    return false;
  if (entrance.object.kind !== other.object.kind) return !sameService;
  return entrance.listeners.some((mine) => other.listeners.some((theirs) => overlap(mine, theirs)));
}

function overlap(a: Listener, b: Listener): boolean {
  const alike = <T>(x: T | undefined, y: T | undefined) => x === undefined || y === undefined || x === y;
  return a.of === b.of && alike(a.section, b.section) && alike(a.port, b.port);
}

/**
 * A claim's host and path, for messages.
 *
 * @example claimText({ host: "shop.example.com", path: "/api" }) // "shop.example.com/api"
 */
export function claimText({ host = "every host's ", path }: Claim): string {
  return `${host}${path.replace(/^[=~]/, "")}`;
}
