import { anything, both, type Condition, type Conditions, contains, type Match, raise, ranksAsHigh } from "./match.ts";
import { backendName, tokenHeader } from "./names.ts";
import { matchOf, type Rule, ruleLabel } from "./rule.ts";
import type { Track } from "./traffic.ts";
import { UserError } from "./user-error.ts";

/** What an HTTPRoute may hold (gateway.networking.k8s.io/v1; the limit for all rules is newer than the others). */
const limits = { rules: 16, matchesOfRule: 64, matches: 128, conditions: 16 } as const;

/** What the rules of an HTTPRoute are compiled from. */
export interface RouteRulesArgs<Token = string> {
  readonly service: string;
  /** Number of the port of the tracks' Services. */
  readonly port: number;
  /** The value of the header {@link tokenHeader} that reaches canary at any weight. It is only carried, never looked at. */
  readonly token: Token;
  /** User rules that `rulesSchema` has taken; the first that a request meets decides. */
  readonly rules: readonly Rule[];
  /** Weights of the backends for everybody else (Traffic.backends). Without weight for canary, rules to canary are off. */
  readonly backends: Record<Track, number>;
  /** A header that answers of canary carry (RouteArgs). @default none */
  readonly canaryHeader?: { readonly name: string; readonly value: string };
}

/** A rule of an HTTPRoute with every default written out, so that the live object equals it. */
export interface HttpRouteRule<Token = string> {
  readonly matches: readonly HttpRouteMatch<Token>[];
  readonly backendRefs: readonly HttpBackendRef[];
}
export interface HttpRouteMatch<Token = string> {
  readonly path: { readonly type: "PathPrefix"; readonly value: string };
  readonly headers?: readonly (Omit<Condition, "value"> & { readonly name: string; readonly value: string | Token })[];
  readonly queryParams?: readonly (Condition & { readonly name: string })[];
}
export interface HttpBackendRef {
  readonly group: "";
  readonly kind: "Service";
  readonly name: string;
  readonly port: number;
  readonly weight: number;
  readonly filters?: readonly object[];
}

/** Matches that go to one place, and which rule each of them stands for. */
interface Group {
  readonly to: Track | "token" | "rest";
  readonly matches: { readonly match: Match; readonly rule: number }[];
}

/**
 * The rules of an HTTPRoute for: the token to canary, then the user rules as declared, then the weight.
 *
 * A gateway does not go by the order of the list but by how specific a match is, and by the list in ties only. So
 *
 * 1. neighbours that go to the same track share one rule: their order makes no difference;
 * 2. from the bottom up, each match is repeated, narrowed to what it has in common with a match below it, wherever that
 *    one is more specific in any respect; combinations that no request can meet are left out;
 * 3. the matches are the same at every weight. Only the backends change with it, so no request meets a half-changed list.
 *
 * A backend without weight is left out: at 0, nothing but the rule of the token names canary.
 *
 * @throws Refusal if they do not fit into an HTTPRoute, naming the rule to change
 */
export function routeRules<Token = string>(args: RouteRulesArgs<Token>): HttpRouteRule<Token>[] {
  const { service, rules } = args;
  const groups = grouped(rules);
  if (groups.length > limits.rules) {
    throw new UserError(
      `${service}: the rules change ${groups.length - 3} times between canary and stable and an HTTPRoute has room for ${limits.rules - 3} changes: put rules to the same track next to each other, or take ${ruleLabel(rules, rules.length - 1)} out.`,
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
  if (all.length > limits.matches) throw tooMany(args, groups, "all", limits.matches);
  const wide = all.findLast(({ match }) => Math.max(match.headers.size, match.query.size) > limits.conditions);
  if (wide) {
    throw new UserError(
      `${service}: ${ruleLabel(rules, wide.rule)}, together with the rules below it, looks at more than the ${limits.conditions} headers or query parameters that a match of an HTTPRoute has room for: give it fewer.`,
    );
  }
  return groups.map(({ to, matches }) => ({
    matches: matches.map(({ match }) => rendered(match, args.token)),
    backendRefs: backendRefs(to, args),
  }));
}

/** The token, the user rules with neighbours to the same track together, and everybody else. */
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
 * Adds what the group needs to win over each match below it, for every request that meets both. Stops one above the
 * limit, since the number can double from group to group.
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

/** The refusal that names the rule which takes the most. */
function tooMany({ service, rules }: RouteRulesArgs<unknown>, groups: readonly Group[], where: string, limit: number) {
  const taken = rules.map((_, i) => groups.flatMap(({ matches }) => matches).filter(({ rule }) => rule === i).length);
  const most = Math.max(...taken);
  const advice =
    most > 1
      ? `put ${ruleLabel(rules, taken.indexOf(most))}, which is repeated for each more specific rule below it and takes ${most}, further down or take it out`
      : `merge some into a pattern, or take ${ruleLabel(rules, rules.length - 1)} out`;
  return new UserError(
    `${service}: the rules need more than the ${limit} matches that an HTTPRoute has room for in ${where}: ${advice}.`,
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
