/** Matches of requests as in the Gateway API: their intersection, containment and precedence. */
import { accepts } from "./pattern.ts";

/** The conditions of a request on path, headers and query parameters, as in the Gateway API's HTTPRouteMatch. All must hold. */
export interface Match {
  /** The path begins with these elements. It has no slash at its end, so "" is every path. */
  readonly path: string;
  /** Conditions by header name in lower case. */
  readonly headers: Conditions;
  /** Conditions by name of the query parameter. */
  readonly query: Conditions;
}
/** Conditions by name. */
export type Conditions = ReadonlyMap<string, Condition>;
/** A condition on one value: equality, or a regular expression. */
export interface Condition {
  readonly type: "Exact" | "RegularExpression";
  readonly value: string;
}

/** A match without conditions, which every request satisfies. */
export const anything: Match = { path: "", headers: new Map(), query: new Map() };

/**
 * The intersection of two matches, or undefined if no request can satisfy both. If both have a pattern for the same name, the
 * pattern of `a` is used, because a match has one condition for each name and patterns cannot be combined.
 *
 * @example both(anything, { ...anything, path: "/api" })?.path // "/api"
 */
export function both(a: Match, b: Match): Match | undefined {
  if (!isUnder(a.path, b.path) && !isUnder(b.path, a.path)) return undefined;
  const headers = bothConditions(a.headers, b.headers);
  const query = bothConditions(a.query, b.query);
  return headers && query && { path: isUnder(a.path, b.path) ? a.path : b.path, headers, query };
}

/**
 * Whether every request that satisfies `narrow` also satisfies `wide`.
 *
 * @example contains(anything, { ...anything, path: "/api" }) // true
 */
export function contains(wide: Match, narrow: Match): boolean {
  const all = (outer: Conditions, inner: Conditions) =>
    [...outer].every(([name, condition]) => allows(condition, inner.get(name)));
  return isUnder(narrow.path, wide.path) && all(wide.headers, narrow.headers) && all(wide.query, narrow.query);
}

/**
 * Whether `a` takes precedence over `b` for every request that satisfies both, if `a` comes first in the list. For that `a`
 * must be at least as specific as `b` in every respect. The specification compares path, then headers, then query parameters.
 * Gateways deviate from it: Traefik 3.6 uses one sum, in which one header counts as much as one character of the path; Envoy
 * Gateway prefers exact values to patterns (envoyproxy/gateway#5736). The comparison in every respect is valid for all of them.
 *
 * @example ranksAsHigh({ ...anything, path: "/api" }, anything) // true
 */
export function ranksAsHigh(a: Match, b: Match): boolean {
  return a.path.length >= b.path.length && asMany(a.headers, b.headers) && asMany(a.query, b.query);
}

/**
 * The widest match between `base` and `narrow` that ranks as high as `rival`.
 *
 * @param narrow the result of {@link both} for `base` and `rival`
 * @example raise(anything, { ...anything, path: "/api" }, { ...anything, path: "/api" }).path // "/api"
 */
export function raise(base: Match, narrow: Match, rival: Match): Match {
  return {
    path: base.path.length >= rival.path.length ? base.path : narrow.path,
    headers: more(base.headers, narrow.headers, rival.headers),
    query: more(base.query, narrow.query, rival.query),
  };
}

/** A path prefix consists of whole elements: /ab is not under /a. */
function isUnder(path: string, prefix: string): boolean {
  return path === prefix || path.startsWith(`${prefix}/`);
}

function bothConditions(a: Conditions, b: Conditions): Conditions | undefined {
  const all = new Map([...b, ...a]);
  for (const [name, mine] of a) {
    const other = b.get(name);
    if (other === undefined || (mine.type === "RegularExpression" && other.type === "RegularExpression")) continue;
    const [wide, narrow] = mine.type === "Exact" ? [other, mine] : [mine, other];
    if (!allows(wide, narrow)) return undefined;
    all.set(name, narrow);
  }
  return all;
}

function allows(condition: Condition, narrow: Condition | undefined): boolean {
  if (narrow === undefined) return false;
  if (condition.type === narrow.type) return condition.value === narrow.value;
  return condition.type === "RegularExpression" && accepts(condition.value, narrow.value);
}

function asMany(a: Conditions, b: Conditions): boolean {
  return a.size === b.size ? exact(a) >= exact(b) : a.size > b.size;
}

function more(base: Conditions, narrow: Conditions, rival: Conditions): Conditions {
  const grown = new Map(base);
  const exactFirst = [...narrow].sort(([, a], [, b]) => a.type.localeCompare(b.type));
  for (const [name, condition] of exactFirst) {
    if (asMany(grown, rival)) break;
    grown.set(name, condition);
  }
  return grown;
}

function exact(conditions: Conditions): number {
  return [...conditions.values()].filter(({ type }) => type === "Exact").length;
}
