/** What an HTTPRoute asks of requests, and which of two matches of a route prevails where one asks for the token. */
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
  readonly rule: number;
  /** Where it stands, e.g. `rules[0].matches[1]`. */
  readonly at: string;
  readonly path: string;
  readonly method: string | undefined;
  /** How it asks for the token; undefined if it does not. */
  readonly token: string | undefined;
  /** Those but the token's, by names in lower case. */
  readonly headers: readonly Asked[];
  /** How many of the headers, the token's included, have to be exactly something. */
  readonly exact: number;
  readonly query: readonly Asked[];
}
type Asked = Required<Condition>;

/** A route as this rule sees it. */
export interface ReadRoute {
  readonly route: KubernetesObject;
  readonly owner: string | undefined;
  readonly rules: readonly { readonly matches: readonly Match[]; readonly backends: readonly Backend[] }[];
}

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

/** Whether every request with the token that meets `other` goes to the token's match. */
export function prevails(token: Match, other: Match): boolean {
  const within = (mine: readonly Asked[], theirs: readonly Asked[]) =>
    mine.every((each) => theirs.some((narrow) => narrow.name === each.name && isMetBy(each, narrow)));
  if (other.token !== undefined || token.path !== other.path || token.method !== other.method) return false;
  if (!within(token.headers, other.headers) || !within(token.query, other.query)) return false;
  if (token.query.length < other.query.length) return false;
  const [many, others] = [token.headers.length + 1, other.headers.length];
  return many > others || (many === others && token.exact >= other.exact && token.rule < other.rule);
}

/** Whether whatever meets the narrow condition meets the other one of that name. Some gateways look for the pattern in the whole value. */
function isMetBy({ type, value }: Asked, narrow: Asked): boolean {
  if (type === narrow.type) return value === narrow.value;
  if (type !== "RegularExpression" || narrow.type !== "Exact") return false;
  const [, flag, body] = /^(\(\?i\))?(.*)$/s.exec(value) ?? [];
  try {
    return new RegExp(`^(?:${body})$`, flag === undefined ? "u" : "iu").test(narrow.value);
  } catch {
    return false; // in a dialect that is not ours: then nothing is known of it
  }
}
