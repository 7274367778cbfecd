import { accepts } from "./pattern.ts";

/**
 * The conditions that a request has to meet, all of them, and how specific they are. Path, headers and query parameters
 * as in the Gateway API's HTTPRouteMatch.
 */
export interface Match {
  /** The path begins with these elements; without a slash at its end, so "" is every path. */
  readonly path: string;
  /** By name in lower case. */
  readonly headers: Conditions;
  /** By name. */
  readonly query: Conditions;
}
export type Conditions = ReadonlyMap<string, Condition>;
export interface Condition {
  readonly type: "Exact" | "RegularExpression";
  readonly value: string;
}

/** A match that every request meets. */
export const anything: Match = { path: "", headers: new Map(), query: new Map() };

/**
 * The conditions of both, or undefined if no request can meet both. Where both have a pattern for one name it is the
 * first one's: one name has one condition, and no pattern says "and".
 */
export function both(a: Match, b: Match): Match | undefined {
  if (!isUnder(a.path, b.path) && !isUnder(b.path, a.path)) return undefined;
  const headers = bothConditions(a.headers, b.headers);
  const query = bothConditions(a.query, b.query);
  return headers && query && { path: isUnder(a.path, b.path) ? a.path : b.path, headers, query };
}

/** Whether each request that meets `narrow` meets `wide` too. */
export function contains(wide: Match, narrow: Match): boolean {
  const all = (outer: Conditions, inner: Conditions) =>
    [...outer].every(([name, condition]) => allows(condition, inner.get(name)));
  return isUnder(narrow.path, wide.path) && all(wide.headers, narrow.headers) && all(wide.query, narrow.query);
}

/**
 * Whether `a` wins over `b` wherever both match and `a` stands first: it is as specific in every respect. The
 * specification goes by path, then headers, then query parameters. Gateways differ from it: Traefik 3.6 adds up, so that one
 * header counts as much as one more character of the path; Envoy Gateway puts exact values before patterns
 * (envoyproxy/gateway#5736). Being no less in any respect is right for all of them.
 */
export function ranksAsHigh(a: Match, b: Match): boolean {
  return a.path.length >= b.path.length && asMany(a.headers, b.headers) && asMany(a.query, b.query);
}

/** The widest match between `base` and `narrow` that ranks as high as `rival`. @param narrow what `both` of them gave */
export function raise(base: Match, narrow: Match, rival: Match): Match {
  return {
    path: base.path.length >= rival.path.length ? base.path : narrow.path,
    headers: more(base.headers, narrow.headers, rival.headers),
    query: more(base.query, narrow.query, rival.query),
  };
}

/** Path prefixes go by whole elements: /ab is not under /a. */
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
