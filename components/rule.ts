import type { Condition, Match } from "./match.ts";
import { bucketPattern, cookiePattern, literal, wholeValue } from "./pattern.ts";
import type { Track } from "./traffic.ts";
import { UserError } from "./user-error.ts";

/** What a header or query parameter has to be: this text, or something that the pattern matches as a whole. */
export type Value = string | { readonly pattern: string };

/**
 * Which users meet which track, whatever the weight. A request has to meet everything that the rule names; the first
 * rule that it meets decides. While canary is dark, rules to canary are off.
 *
 * @example
 * ```ts
 * const rules: Rule[] = [
 *   { name: "no exports", to: "stable", pathPrefix: "/export" },
 *   { to: "canary", headers: { "x-beta": "1" } },
 *   { to: "canary", bucket: { cookie: "bucket", below: 5 } },
 * ];
 * ```
 */
export interface Rule {
  /** What messages call it. @default its place in the list */
  readonly name?: string;
  /** The track that these users meet. */
  readonly to: Track;
  /** By name of the header, in any case. Text is Core; a pattern works with some gateways only. @default any */
  readonly headers?: Readonly<Record<string, Value>>;
  /** One cookie. Gateways know no cookies: it becomes a pattern on a header, which works with some only. @default any */
  readonly cookie?: { readonly name: string; readonly value: string };
  /** By name of the query parameter. An Extended feature of the Gateway API. @default any */
  readonly query?: Readonly<Record<string, Value>>;
  /** The path begins with these elements: /api has /api and /api/v1, not /apis. Core. @default any */
  readonly pathPrefix?: string;
  /**
   * A share of the users that stays the same from request to request: those for whom a header or cookie holds a whole
   * number from 0 to 99 that is below this one. It becomes a pattern, which works with some gateways only: as exact
   * values it would take up to 200 of the 64 matches that there are. @default any
   */
  readonly bucket?: { readonly header?: string; readonly cookie?: string; readonly below: number };
}

/** What messages call a rule: `rules.0 ("no exports")`. */
export function ruleLabel(rules: readonly Rule[], index: number): string {
  const name = rules[index]?.name;
  return name === undefined ? `rules.${index}` : `rules.${index} ("${name}")`;
}

/** What a request has to have for this rule. @param rule one that {@link rulesSchema} takes */
export function matchOf(rule: Rule): Match {
  const headers = new Map(conditions(rule.headers ?? {}).map(([name, found]) => [name.toLowerCase(), found]));
  if (rule.cookie) headers.set("cookie", regular(cookiePattern(rule.cookie.name, literal(rule.cookie.value))));
  if (rule.bucket) {
    const { header, cookie, below } = rule.bucket;
    const number = bucketPattern(below);
    if (header !== undefined) headers.set(header.toLowerCase(), regular(wholeValue(number)));
    if (cookie !== undefined) headers.set("cookie", regular(cookiePattern(cookie, number)));
  }
  return {
    path: (rule.pathPrefix ?? "").replace(/\/$/, ""),
    headers,
    query: new Map(conditions(rule.query ?? {})),
  };
}

/** The sentence that preview shows: `users with header x-beta: 1 meet canary`. @param weight percent for canary */
export function describeRule(rule: Rule, weight: number): string {
  const parts = [
    ...Object.entries(rule.headers ?? {}).map(([name, found]) => `header ${name}${describeValue(found, ": ")}`),
    ...(rule.cookie ? [`cookie ${rule.cookie.name}=${rule.cookie.value}`] : []),
    ...Object.entries(rule.query ?? {}).map(([name, found]) => `query parameter ${name}${describeValue(found, "=")}`),
    ...(rule.bucket ? [describeBucket(rule.bucket)] : []),
  ];
  const who = parts.length > 0 ? ` with ${parts.join(" and ")}` : "";
  const where = rule.pathPrefix === undefined ? "" : ` on ${rule.pathPrefix}`;
  const meet = rule.to === "canary" && weight === 0 ? "will meet canary above weight 0" : `meet ${rule.to}`;
  const demands = demandsOf(rule).map(({ what }) => what);
  const some = demands.length > 0 ? ` (not every gateway knows ${demands.join(" and ")})` : "";
  return `users${who}${where} ${meet}${some}`;
}

/** Something that a rule asks of a gateway beyond what every conformant one has (Core). */
export interface Demand {
  /** Its name in `GatewayClass.status.supportedFeatures`; absent where the Gateway API gives it none. */
  readonly feature?: "HTTPRouteQueryParamMatching";
  readonly what: string;
}

/** What a rule asks of a gateway beyond Core (HTTPHeaderMatch and HTTPQueryParamMatch say "Support"). */
export function demandsOf(rule: Rule): Demand[] {
  const { headers, query } = matchOf(rule);
  const patterns = [...headers.values(), ...query.values()].some(({ type }) => type === "RegularExpression");
  return [
    ...(query.size > 0 ? [{ feature: "HTTPRouteQueryParamMatching", what: "query parameters" } as const] : []),
    ...(patterns ? [{ what: "regular expressions" }] : []),
  ];
}

/**
 * Holds the rules against what a GatewayClass says of itself.
 *
 * @param supported the names in its `status.supportedFeatures`; undefined where it publishes none
 * @throws Refusal naming the rule and what the class lacks
 */
export function assertSupported(
  service: string,
  rules: readonly Rule[],
  gatewayClass: string,
  supported?: readonly string[],
): void {
  if (supported === undefined) return;
  for (const [i, rule] of rules.entries()) {
    const missing = demandsOf(rule).find(({ feature }) => feature !== undefined && !supported.includes(feature));
    if (missing) {
      throw new UserError(
        `${service}: ${ruleLabel(rules, i)} needs ${missing.what} (${missing.feature}), which GatewayClass ${gatewayClass} does not support: match by header or path, or take another class.`,
      );
    }
  }
}

function conditions(values: Readonly<Record<string, Value>>): [name: string, Condition][] {
  return Object.entries(values).map(([name, found]) => [
    name,
    typeof found === "string" ? { type: "Exact", value: found } : regular(wholeValue(found.pattern)),
  ]);
}

function regular(pattern: string): Condition {
  return { type: "RegularExpression", value: pattern };
}

function describeValue(found: Value, sign: string): string {
  return typeof found === "string" ? `${sign}${found}` : ` like ${found.pattern}`;
}

function describeBucket({ header, cookie, below }: NonNullable<Rule["bucket"]>): string {
  return `${header === undefined ? `cookie ${cookie}` : `header ${header}`} below ${below} of 100`;
}
