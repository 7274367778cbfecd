/** Compiles user rules and weights into the rules of an HTTPRoute. */
import {
  anything,
  both,
  type Condition,
  type Conditions,
  contains,
  type Match,
  raise,
  ranksAsHigh,
} from "../../match.ts";
import { backendName, tokenHeader } from "../../names.ts";
import { matchOf, type Rule, ruleLabel } from "../../rule.ts";
import type { Track } from "../../traffic.ts";
import { UserError } from "../../user-error.ts";

/** The limits of an HTTPRoute (gateway.networking.k8s.io/v1; the limit for the matches of all rules is newer than the others). */
const limits = { rules: 16, matchesOfRule: 64, matches: 128, conditions: 16 } as const;

/** The arguments of {@link routeRules}. */
export interface RouteRulesArgs<Token = string> {
  /** Name of the service. */
  readonly service: string;
  /** Port number of the tracks' Services. */
  readonly port: number;
  /** The secret value of the header {@link tokenHeader}, which reaches canary at any weight. It is copied and never read. */
  readonly token: Token;
  /** User rules, validated by `rulesSchema`. The first rule that a request matches applies. */
  readonly rules: readonly Rule[];
  /** Backend weights for all other requests (Traffic.backends). If canary's weight is 0, rules to canary are off. */
  readonly backends: Record<Track, number>;
  /** A response header for every response of canary (RouteArgs). @default none */
  readonly canaryHeader?: { readonly name: string; readonly value: string };
}

/** A rule of an HTTPRoute with every default of the API filled in, so that it equals the live object. */
export interface HttpRouteRule<Token = string> {
  readonly matches: readonly HttpRouteMatch<Token>[];
  readonly backendRefs: readonly HttpBackendRef[];
}
/** A match of an HTTPRoute rule. */
export interface HttpRouteMatch<Token = string> {
  readonly path: { readonly type: "PathPrefix"; readonly value: string };
  readonly headers?: readonly (Omit<Condition, "value"> & { readonly name: string; readonly value: string | Token })[];
  readonly queryParams?: readonly (Condition & { readonly name: string })[];
}
/** A backend of an HTTPRoute rule. */
export interface HttpBackendRef {
  readonly group: "";
  readonly kind: "Service";
  readonly name: string;
  readonly port: number;
  readonly weight: number;
  readonly filters?: readonly object[];
}

/** Matches with the same destination. Each has the index of its user rule. */
interface Group {
  readonly to: Track | "token" | "rest";
  readonly matches: { readonly match: Match; readonly rule: number }[];
}

/**
 * The rules of an HTTPRoute: first the secret token to canary, then the user rules in their order, then the weight.
 *
 * A gateway prefers the most specific match. The order of the list decides only between equally specific matches. Therefore:
 *
 * 1. Adjacent user rules to the same track become one HTTPRoute rule, because their order makes no difference.
 * 2. From the bottom up, if a match further down is more specific in any respect, the upper rule gets an additional match: the
 *    intersection of both, narrowed only as far as necessary. Intersections that no request can satisfy are omitted.
 * 3. The matches are the same at every weight. A new weight changes only the backends, so no request sees a partly changed list.
 *
 * A backend without weight is omitted. At weight 0 only the rule for the token contains canary.
 *
 * @throws UserError if the rules exceed the limits of an HTTPRoute. It names the rule to change
 * @example
 * ```ts
 * const backends = { stable: 90, canary: 10 };
 * routeRules({ service: "web", port: 80, token, rules: [], backends }).length // 2: the token, and all other requests
 * ```
 */
export function routeRules<Token = string>(args: RouteRulesArgs<Token>): HttpRouteRule<Token>[] {
  const { service, rules } = args;
  const groups = grouped(rules);
  if (groups.length > limits.rules) {
    throw new UserError(
      `${service}: the rules change ${groups.length - 3} times between canary and stable and an HTTPRoute allows ${limits.rules - 3} changes: put rules to the same track next to each other, or remove ${ruleLabel(rules, rules.length - 1)}.`,
    );
  }
  for (const [i, group] of [...groups.entries()].reverse()) {
    const below = groups.slice(i + 1).filter(({ to }) => to !== group.to);
    prevail(
      group,
      below.flatMap(({ matches }) => matches.map(({ match }) => match)),
    );
    if (group.matches.length > limits.matchesOfRule) throw tooMany(args, groups, "a rule", limits.matchesOfRule);
  }
  const all = groups.flatMap(({ matches }) => matches);
  if (all.length > limits.matches) throw tooMany(args, groups, "all rules", limits.matches);
  const tooLarge = all.findLast(({ match }) => Math.max(match.headers.size, match.query.size) > limits.conditions);
  if (tooLarge) {
    throw new UserError(
      `${service}: ${ruleLabel(rules, tooLarge.rule)}, combined with the rules below it, needs more than the ${limits.conditions} headers or query parameters that a match of an HTTPRoute allows: give it fewer.`,
    );
  }
  return groups.map(({ to, matches }) => ({
    matches: matches.map(({ match }) => rendered(match, args.token)),
    backendRefs: backendRefs(to, args),
  }));
}

/** The groups in order: the token, the user rules with adjacent rules to the same track together, and all other requests. */
function grouped(rules: readonly Rule[]): Group[] {
  const token: Match = { ...anything, headers: new Map([[tokenHeader, { type: "Exact", value: "" }]]) };
  const groups: Group[] = [{ to: "token", matches: [{ match: token, rule: -1 }] }];
  for (const [i, rule] of rules.entries()) {
    const last = groups.at(-1);
    if (last?.to === rule.to) last.matches.push({ match: matchOf(rule), rule: i });
    else groups.push({ to: rule.to, matches: [{ match: matchOf(rule), rule: i }] });
  }
  return [...groups, { to: "rest", matches: [{ match: anything, rule: rules.length }] }];
}

/**
 * Adds matches until the group takes precedence over each match below it, for every request that satisfies both. Stops at one
 * match above the limit, because the number can double from group to group.
 */
function prevail(group: Group, below: readonly Match[]): void {
  for (const { match: own, rule } of [...group.matches]) {
    for (const rival of below) {
      const common = both(own, rival);
      if (common === undefined) continue;
      if (group.matches.some(({ match }) => contains(match, common) && ranksAsHigh(match, rival))) continue;
      group.matches.push({ match: raise(own, common, rival), rule });
      if (group.matches.length > limits.matchesOfRule) return;
    }
  }
}

/** The error for too many matches. It names the rule with the most matches. */
function tooMany({ service, rules }: RouteRulesArgs<unknown>, groups: readonly Group[], where: string, limit: number) {
  const counts = rules.map((_, i) => groups.flatMap(({ matches }) => matches).filter(({ rule }) => rule === i).length);
  const most = Math.max(...counts);
  const advice =
    most > 1
      ? `move ${ruleLabel(rules, counts.indexOf(most))} further down or remove it, because it is repeated for each more specific rule below it and needs ${most} matches`
      : `merge some rules into a pattern, or remove ${ruleLabel(rules, rules.length - 1)}`;
  return new UserError(
    `${service}: the rules need more than the ${limit} matches that an HTTPRoute allows in ${where}: ${advice}.`,
  );
}

function rendered<Token>(match: Match, token: Token): HttpRouteMatch<Token> {
  const named = (conditions: Conditions) => [...conditions].map(([name, { type, value }]) => ({ name, type, value }));
  const headers = named(match.headers).map((header) =>
    header.name === tokenHeader ? { ...header, value: token } : header,
  );
  const queryParams = named(match.query);
  return {
    path: { type: "PathPrefix", value: match.path === "" ? "/" : match.path },
    ...(headers.length > 0 && { headers }),
    ...(queryParams.length > 0 && { queryParams }),
  };
}

function backendRefs(to: Group["to"], { service, port, backends, canaryHeader }: RouteRulesArgs<unknown>) {
  const alone = { stable: { stable: 100, canary: 0 }, canary: { stable: 0, canary: 100 } };
  const dark = backends.canary === 0;
  const weights = to === "token" ? alone.canary : to === "rest" || dark ? backends : alone[to];
  return (["stable", "canary"] as const)
    .filter((track) => weights[track] > 0)
    .map((track): HttpBackendRef => {
      const filters = track === "canary" && canaryHeader ? [setsResponseHeader(canaryHeader)] : undefined;
      const name = backendName(service, track);
      return { group: "", kind: "Service", name, port, weight: weights[track], ...(filters && { filters }) };
    });
}

function setsResponseHeader(header: { readonly name: string; readonly value: string }): object {
  return { type: "ResponseHeaderModifier", responseHeaderModifier: { set: [header] } };
}
