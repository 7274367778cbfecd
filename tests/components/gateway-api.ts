import type { Rule, Value } from "../../components/rule.ts";
import type { HttpRouteMatch, HttpRouteRule } from "../../components/traffic/gateway/route.ts";

/** A request as a gateway receives it. Header names are in lower case. */
export interface Request {
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly query: Readonly<Record<string, string>>;
}

/** The destination of requests: percent for each track. */
export type Destination = { readonly stable: number; readonly canary: number };

/**
 * How specific a match is. The gateway applies the rule with the highest value, compared element by element, and among equal values the
 * first in the list.
 */
export type Specificity = (match: HttpRouteMatch, rule: number, rules: number) => readonly number[];

/**
 * Specification of HTTPRouteRule.matches (gateway-api v1.4, apis/v1/httproute_types.go): "precedence must be given to the
 * match having: Exact path match; Prefix path match with largest number of characters; Method match; largest number of
 * header matches; largest number of query param matches", then "the FIRST matching rule (in list order)". Exact paths and
 * methods do not occur here.
 */
export const specification: Specificity = (match) => [
  match.path.value.length,
  match.headers?.length ?? 0,
  match.queryParams?.length ?? 0,
];

/** Traefik 3.6.12, pkg/provider/kubernetes/gateway/httproute.go, buildMatchRule and Priority: one sum. */
export const traefik: Specificity = (match, rule, rules) => [
  (match.path.value === "/" ? 1 : 10_000 + 100 * match.path.value.length) +
    100 * (match.headers?.length ?? 0) +
    10 * (match.queryParams?.length ?? 0) +
    rules -
    rule,
];

/** Envoy Gateway since 1.4, see its pull request 5740: exact values before patterns if the numbers are equal. */
export const envoyGateway: Specificity = (match) => [
  match.path.value.length,
  match.headers?.length ?? 0,
  match.headers?.filter(({ type }) => type === "Exact").length ?? 0,
  match.queryParams?.length ?? 0,
  match.queryParams?.filter(({ type }) => type === "Exact").length ?? 0,
];

/** The destination of a request. Undefined if the gateway answers 404. */
export function routed(rules: readonly HttpRouteRule[], request: Request, by: Specificity): Destination | undefined {
  const found = rules.flatMap((rule, i) =>
    rule.matches.filter((match) => meets(match, request)).map((match) => ({ rule, rank: by(match, i, rules.length) })),
  );
  const [best] = found.sort((a, b) => compare(b.rank, a.rank));
  return best && destination(best.rule);
}

/** The intended destination: by the token, else by the first rule that the request satisfies, else by the weight. */
export function declared(rules: readonly Rule[], token: string, rest: Destination, request: Request): Destination {
  if (request.headers["x-gray-token"] === token) return { stable: 0, canary: 100 };
  const rule = rest.canary === 0 ? undefined : rules.find((each) => isMeant(each, request));
  if (rule === undefined) return rest;
  return rule.to === "canary" ? { stable: 0, canary: 100 } : { stable: 100, canary: 0 };
}

function isMeant({ headers = {}, cookie, query = {}, pathPrefix = "/", bucket }: Rule, request: Request): boolean {
  const cookies = Object.fromEntries((request.headers.cookie ?? "").split("; ").map((pair) => pair.split("=")));
  const number =
    bucket && (bucket.cookie ? cookies[bucket.cookie] : request.headers[bucket.header?.toLowerCase() ?? ""]);
  return (
    Object.entries(headers).every(([name, value]) => isValue(value, request.headers[name.toLowerCase()])) &&
    (cookie === undefined || cookies[cookie.name] === cookie.value) &&
    Object.entries(query).every(([name, value]) => isValue(value, request.query[name])) &&
    isBelow(request.path, pathPrefix) &&
    (bucket === undefined || (/^\d{1,2}$/.test(number ?? "") && Number(number) < bucket.below))
  );
}

function isValue(value: Value, found: string | undefined): boolean {
  if (found === undefined || typeof value === "string") return found === value;
  return new RegExp(`^(?:${value.pattern})$`).test(found);
}

/** HTTPPathMatch: "a URL path prefix split by /, on a path element by element basis; a trailing / is ignored". */
function isBelow(path: string, prefix: string): boolean {
  const [elements, wanted] = [path, prefix].map((each) => each.split("/").filter((element) => element !== ""));
  return (wanted ?? []).every((element, i) => elements?.[i] === element);
}

/** HTTPRouteMatch: "evaluates to true only if all conditions are satisfied". Patterns are found anywhere, as Traefik does. */
function meets({ path, headers = [], queryParams = [] }: HttpRouteMatch, request: Request): boolean {
  const all = (conditions: typeof queryParams, values: Readonly<Record<string, string>>) =>
    conditions.every(({ name, type, value }) => {
      const found = values[name];
      return found !== undefined && (type === "Exact" ? found === value : new RegExp(value).test(found));
    });
  return isBelow(request.path, path.value) && all(headers, request.headers) && all(queryParams, request.query);
}

function destination({ backendRefs }: HttpRouteRule): Destination {
  const weightOf = (track: string) => backendRefs.find(({ name }) => name.endsWith(`-${track}`))?.weight ?? 0;
  const all = weightOf("stable") + weightOf("canary");
  return { stable: (100 * weightOf("stable")) / all, canary: (100 * weightOf("canary")) / all };
}

function compare(a: readonly number[], b: readonly number[]): number {
  return a.map((each, i) => each - (b[i] ?? 0)).find((difference) => difference !== 0) ?? 0;
}
