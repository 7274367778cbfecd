/** User rules: conditions that route certain requests to a track at any weight. */
import type { Condition, Match } from "./match.ts";
import { bucketPattern, cookiePattern, literal, wholeValue } from "./pattern.ts";
import type { Track } from "./traffic.ts";
import { UserError } from "./user-error.ts";

/**
 * The expected value of a header or query parameter: exactly this text, or a regular expression that matches the whole value.
 *
 * @example
 * ```ts
 * const values: Value[] = ["beta", { pattern: "v[0-9]+" }];
 * ```
 */
export type Value = string | { readonly pattern: string };

/**
 * A rule that routes certain users to a track at any weight. A request must satisfy all conditions of the rule. The first rule
 * that it satisfies applies. While canary is dark, rules to canary are off.
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
  /** The name in messages, unique among the rules. @default its place in the list */
  readonly name?: string;
  /** The track that these users are routed to. */
  readonly to: Track;
  /** Values by header name, which ignores case. Text has Core support; not every gateway supports a pattern. @default any */
  readonly headers?: Readonly<Record<string, Value>>;
  /** One cookie. It becomes a pattern for the header Cookie, which not every gateway supports. @default any */
  readonly cookie?: { readonly name: string; readonly value: string };
  /** Values by name of the query parameter. An Extended feature of the Gateway API. @default any */
  readonly query?: Readonly<Record<string, Value>>;
  /** The path begins with these elements: /api matches /api and /api/v1, not /apis. Core support. @default any */
  readonly pathPrefix?: string;
  /**
   * A constant share of the users: those whose header or cookie contains a whole number from 0 to `below` - 1 (`below` is 1 to
   * 100). It becomes a pattern, which not every gateway supports. Exact values would need up to 200 matches, and an HTTPRoute
   * rule allows 64. @default any
   */
  readonly bucket?: { readonly header?: string; readonly cookie?: string; readonly below: number };
}

/**
 * The name of a rule in messages, such as `rules.0 ("no exports")`.
 *
 * @example ruleLabel([{ name: "testers", to: "canary" }], 0) // 'rules.0 ("testers")'
 */
export function ruleLabel(rules: readonly Rule[], index: number): string {
  const name = rules[index]?.name;
  return name === undefined ? `rules.${index}` : `rules.${index} ("${name}")`;
}

/**
 * The match of a rule.
 *
 * @param rule a rule that is validated by `rulesSchema`
 * @example matchOf({ to: "canary", pathPrefix: "/api/" }).path // "/api"
 */
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

/**
 * The description of a rule in `pulumi preview`.
 *
 * @param weight percent of user traffic for canary
 * @example describeRule({ to: "canary", headers: { "x-beta": "1" } }, 10) // "users with header x-beta: 1 are routed to canary"
 */
export function describeRule(rule: Rule, weight: number): string {
  const parts = [
    ...Object.entries(rule.headers ?? {}).map(([name, found]) => `header ${name}${describeValue(found, ": ")}`),
    ...(rule.cookie ? [`cookie ${rule.cookie.name}=${rule.cookie.value}`] : []),
    ...Object.entries(rule.query ?? {}).map(([name, found]) => `query parameter ${name}${describeValue(found, "=")}`),
    ...(rule.bucket ? [describeBucket(rule.bucket)] : []),
  ];
  const who = parts.length > 0 ? ` with ${parts.join(" and ")}` : "";
  const where = rule.pathPrefix === undefined ? "" : ` on ${rule.pathPrefix}`;
  const isOff = rule.to === "canary" && weight === 0;
  const are = isOff ? "will be routed to canary above weight 0" : `are routed to ${rule.to}`;
  const demands = demandsOf(rule).map(({ what }) => what);
  const some = demands.length > 0 ? ` (not every gateway supports ${demands.join(" and ")})` : "";
  return `users${who}${where} ${are}${some}`;
}

/** A feature that a rule needs and that not every conformant gateway supports (the Gateway API's Core support). */
export interface Demand {
  /** The name in `GatewayClass.status.supportedFeatures`. Absent if the Gateway API defines no name. */
  readonly feature?: "HTTPRouteQueryParamMatching";
  /** The name in messages. */
  readonly what: string;
}

/**
 * The features beyond Core support that a rule needs ("Support" in HTTPHeaderMatch and HTTPQueryParamMatch).
 *
 * @example demandsOf({ to: "canary", query: { beta: "1" } })[0]?.what // "query parameters"
 */
export function demandsOf(rule: Rule): Demand[] {
  const { headers, query } = matchOf(rule);
  const patterns = [...headers.values(), ...query.values()].some(({ type }) => type === "RegularExpression");
  return [
    ...(query.size > 0 ? [{ feature: "HTTPRouteQueryParamMatching", what: "query parameters" } as const] : []),
    ...(patterns ? [{ what: "regular expressions" }] : []),
  ];
}

/**
 * Checks that a GatewayClass supports the rules.
 *
 * @param supported the names in its `status.supportedFeatures`. Undefined if it publishes none; then nothing is checked
 * @throws UserError that names the rule and the missing feature
 * @example assertSupported("web", rules, "traefik", gatewayClass.status.supportedFeatures)
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
        `${service}: ${ruleLabel(rules, i)} needs ${missing.what} (${missing.feature}), which GatewayClass ${gatewayClass} does not support: match by header or path, or use another GatewayClass.`,
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
