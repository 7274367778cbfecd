/** The matches of an HTTPRoute, and whether a match with the token takes precedence over another one. */
import { type Declared, type KubernetesObject, serviceOf } from "./declared.ts";
import {
  type Backend,
  backendsOf,
  type Condition,
  isHttpRoute,
  matchesOf,
  pathText,
  type RouteRule,
  routeSpec,
} from "./entrances.ts";

/** The header with the secret that reaches canary (components/names.ts). */
export const tokenHeader = "x-gray-token";

/** A match of a route. */
export interface Match {
  /** Index of its rule. */
  readonly rule: number;
  /** Its path in the spec, e.g. `rules[0].matches[1]`. */
  readonly at: string;
  readonly path: string;
  readonly method: string | undefined;
  /** Type of its condition on the token; undefined if it has none. */
  readonly token: string | undefined;
  /** Conditions on headers other than the token's, with names in lower case. */
  readonly headers: readonly Asked[];
  /** Number of headers, including the token's, with an exact value. */
  readonly exact: number;
  readonly query: readonly Asked[];
}
type Asked = Required<Condition>;

/** A route with its matches and backends. */
export interface ReadRoute {
  readonly route: KubernetesObject;
  readonly owner: string | undefined;
  readonly rules: readonly { readonly matches: readonly Match[]; readonly backends: readonly Backend[] }[];
}

/**
 * The route that an object is; undefined of other kinds of objects.
 *
 * @example readRoute(one)?.rules[0]?.matches[0]?.path // "/"
 */
export function readRoute(one: Declared): ReadRoute | undefined {
  if (!isHttpRoute(one)) return undefined;
  const rules = routeSpec(one).rules ?? [];
  return {
    route: one,
    owner: serviceOf(one),
    rules: rules.map((rule, i) => ({ matches: readMatches(rule, i), backends: backendsOf(rule, one) })),
  };
}

function readMatches(rule: RouteRule, i: number): Match[] {
  return matchesOf(rule).map(({ path, method, headers = [], queryParams = [] }, j) => {
    const tokens = headers.filter(({ name }) => isToken(name));
    const others = headers.filter(({ name }) => !isToken(name));
    return {
      rule: i,
      at: `rules[${i}].matches[${j}]`,
      path: pathText(path?.type, path?.value),
      method,
      token: tokens.map(({ type = "Exact" }) => type)[0],
      headers: others.map(({ name, type = "Exact", value }) => ({ name: name.toLowerCase(), type, value })),
      exact: headers.filter(({ type = "Exact" }) => type === "Exact").length,
      query: queryParams.map(({ name, type = "Exact", value }) => ({ name, type, value })),
    };
  });
}

function isToken(name: string): boolean {
  return name.toLowerCase() === tokenHeader;
}

/**
 * Whether every request with the token that `other` matches is routed by the match `token`.
 *
 * @example prevails(token, other)
 */
export function prevails(token: Match, other: Match): boolean {
  const within = (mine: readonly Asked[], theirs: readonly Asked[]) =>
    mine.every((each) => theirs.some((narrow) => narrow.name === each.name && isMetBy(each, narrow)));
  if (other.token !== undefined || token.path !== other.path || token.method !== other.method) return false;
  if (!within(token.headers, other.headers) || !within(token.query, other.query)) return false;
  if (token.query.length < other.query.length) return false;
  const [many, others] = [token.headers.length + 1, other.headers.length];
  return many > others || (many === others && token.exact >= other.exact && token.rule < other.rule);
}

/** Whether every value of the narrow condition satisfies the other one of this name. A pattern must match the whole value, as some gateways require. */
function isMetBy({ type, value }: Asked, narrow: Asked): boolean {
  if (type === narrow.type) return value === narrow.value;
  if (type !== "RegularExpression" || narrow.type !== "Exact") return false;
  const [, flag, body] = /^(\(\?i\))?(.*)$/s.exec(value) ?? [];
  try {
    return new RegExp(`^(?:${body})$`, flag === undefined ? "u" : "iu").test(narrow.value);
  } catch {
    return false; // a pattern in another dialect of regular expressions
  }
}
