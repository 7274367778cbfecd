import assert from "node:assert/strict";
import fc from "fast-check";
import { anything, both, type Condition, type Match, raise } from "../../../../components/match.ts";
import type { Rule } from "../../../../components/rule.ts";
import { gatewayMode } from "../../../../components/traffic/gateway/mode.ts";
import { type HttpRouteRule, routeRules } from "../../../../components/traffic/gateway/route.ts";
import { UserError } from "../../../../components/user-error.ts";
import { runs } from "../../../long.ts";
import { anyRules, paths } from "../../any-rules.ts";
import { declared, envoyGateway, type Request, routed, specification, traefik } from "../../gateway-api.ts";

const token = "s3cret";
const backendsAt = (weight: number) => gatewayMode().plan(weight, 9, {}).backends ?? { stable: 100, canary: 0 };
const compile = (rules: readonly Rule[], weight = 10, changes = {}) =>
  routeRules({ service: "web", port: 80, token, rules, backends: backendsAt(weight), ...changes });
const beta: Rule = { to: "canary", headers: { "x-beta": "1" } };
const api: Rule = { to: "stable", pathPrefix: "/api" };
const catchAll = { path: { type: "PathPrefix", value: "/" } };
const tokenMatch = { ...catchAll, headers: [{ name: "x-gray-token", type: "Exact", value: token }] };
const betaHeader = { name: "x-beta", type: "Exact", value: "1" };
const backend = (track: string, weight: number) => ({
  group: "",
  kind: "Service",
  name: `web-${track}`,
  port: 80,
  weight,
});

const values = fc.constantFrom("1", "2", "12", "3");
const numbers = fc.integer({ min: 0, max: 120 }).map(String);
const anyRequest = fc.record({
  path: fc.constantFrom("/", ...paths, "/a/b/x", "/abc"),
  headers: fc.record(
    { "x-a": values, "x-b": values, "x-c": values, "x-d": numbers, "x-gray-token": fc.constantFrom(token, "guess") },
    { requiredKeys: [] },
  ),
  query: fc.record({ p: values, q: values }, { requiredKeys: [] }),
  cookies: fc.record({ "a.b": values, aXb: values, d: numbers }, { requiredKeys: [] }),
  /** The rules that the request satisfies, as far as one request can. */
  like: fc.array(fc.nat(6), { maxLength: 3 }),
});

/** The request with the conditions of some rules added, so that most requests satisfy several rules. */
function request(rules: readonly Rule[], { path, headers, query, cookies, like }: Drawn): Request {
  const wanted = like.map((i) => rules[i]).filter((rule) => rule !== undefined);
  const plain = (each: Rule["headers"] = {}) =>
    Object.fromEntries(
      Object.entries(each).map(([name, found]) => [name.toLowerCase(), typeof found === "string" ? found : "1"]),
    );
  const all = wanted.reduce<Record<"headers" | "query" | "cookies", Record<string, string>>>(
    (sum, { headers, query, cookie, bucket }) => ({
      headers: {
        ...sum.headers,
        ...plain(headers),
        ...(bucket?.header && { [bucket.header]: String(bucket.below - 1) }),
      },
      query: { ...sum.query, ...plain(query) },
      cookies: {
        ...sum.cookies,
        ...(cookie && { [cookie.name]: cookie.value }),
        ...(bucket?.cookie && { [bucket.cookie]: String(bucket.below - 1) }),
      },
    }),
    { headers, query, cookies },
  );
  const cookie = Object.entries(all.cookies)
    .map((pair) => pair.join("="))
    .join("; ");
  const longest = wanted.map(({ pathPrefix = "" }) => pathPrefix).sort((a, b) => b.length - a.length)[0];
  return { path: longest || path, headers: { ...all.headers, ...(cookie && { cookie }) }, query: all.query };
}
type Drawn = typeof anyRequest extends fc.Arbitrary<infer T> ? T : never;
const anyWeight = fc.constantFrom(0, 0.5, 1, 10, 50, 100);
const gateways = { specification, traefik, envoyGateway };

/** The compiled rules. Undefined if they exceed the limits of an HTTPRoute. */
function compiled(rules: readonly Rule[], weight: number): HttpRouteRule[] | undefined {
  try {
    return compile(rules, weight);
  } catch (error) {
    assert.ok(error instanceof UserError && /^web: [^.]+(rules\.\d+[^.]*)+\.$/.test(error.message), String(error));
    return undefined;
  }
}

describe("the rules of an HTTPRoute", () => {
  it("route each request by the first declared rule, in every gateway", () => {
    fc.assert(
      fc.property(anyRules, anyWeight, fc.array(anyRequest, { minLength: 10 }), (rules, weight, requests) => {
        const route = compiled(rules, weight);
        fc.pre(route !== undefined);
        const { stable, canary } = backendsAt(weight);
        const rest = { stable: (100 * stable) / (stable + canary), canary: (100 * canary) / (stable + canary) };
        for (const each of requests.map((drawn) => request(rules, drawn))) {
          const expected = declared(rules, token, rest, each);
          for (const [name, by] of Object.entries(gateways)) assert.deepEqual(routed(route, each, by), expected, name);
        }
      }),
      { numRuns: runs(400) },
    );
  });

  for (const [name, by] of Object.entries(gateways)) {
    it(`route the token to canary at any weight and with any other conditions (${name})`, () => {
      fc.assert(
        fc.property(anyRules, anyWeight, anyRequest, (rules, weight, drawn) => {
          const route = compiled(rules, weight);
          fc.pre(route !== undefined);
          const { headers, ...rest } = request(rules, drawn);
          const withToken = { ...rest, headers: { ...headers, "x-gray-token": token } };
          assert.deepEqual(routed(route, withToken, by), { stable: 0, canary: 100 });
        }),
      );
    });
  }

  it("contain canary at weight 0 only in the rule for the token", () => {
    fc.assert(
      fc.property(anyRules, (rules) => {
        const route = compiled(rules, 0);
        fc.pre(route !== undefined);
        const [first, ...others] = route;
        assert.ok(first?.matches.every(({ headers }) => headers?.some(({ value: found }) => found === token)));
        assert.ok(others.every(({ backendRefs }) => backendRefs.every(({ name }) => name === "web-stable")));
      }),
    );
  });

  it("have the same matches at every weight, so that a new weight changes only backends", () => {
    fc.assert(
      fc.property(anyRules, anyWeight, (rules, weight) => {
        const matches = (route?: HttpRouteRule[]) => route?.map((rule) => rule.matches);
        assert.deepEqual(matches(compiled(rules, weight)), matches(compiled(rules, 10)));
      }),
    );
  });

  it("are valid for the API server", () => {
    fc.assert(
      fc.property(anyRules, (rules) => {
        const route = compiled(rules, 10);
        fc.pre(route !== undefined);
        const matches = route.flatMap((rule) => rule.matches);
        assert.ok(route.length <= 16 && matches.length <= 128 && route.every((rule) => rule.matches.length <= 64));
        for (const { headers = [], queryParams = [] } of matches) {
          for (const conditions of [headers, queryParams]) {
            assert.equal(new Set(conditions.map(({ name }) => name.toLowerCase())).size, conditions.length);
            assert.ok(conditions.length <= 16);
          }
        }
      }),
    );
  });

  it("are those for the token and the weight if there are no user rules", () => {
    assert.deepEqual(compile([]), [
      { matches: [tokenMatch], backendRefs: [backend("canary", 100)] },
      { matches: [catchAll], backendRefs: [backend("stable", 90), backend("canary", 10)] },
    ]);
  });

  it("omit a backend without weight", () => {
    assert.deepEqual(compile([], 0)[1]?.backendRefs, [backend("stable", 100)]);
    assert.deepEqual(compile([], 100)[1]?.backendRefs, [backend("canary", 100)]);
  });

  it("repeat a header rule for the path of a rule below it", () => {
    const onApi = { path: { type: "PathPrefix", value: "/api" } };
    assert.deepEqual(compile([beta, api]), [
      { matches: [tokenMatch, { ...tokenMatch, ...onApi }], backendRefs: [backend("canary", 100)] },
      {
        matches: [
          { ...catchAll, headers: [betaHeader] },
          { ...onApi, headers: [betaHeader] },
        ],
        backendRefs: [backend("canary", 100)],
      },
      { matches: [onApi], backendRefs: [backend("stable", 100)] },
      { matches: [catchAll], backendRefs: [backend("stable", 90), backend("canary", 10)] },
    ]);
  });

  it("keep their order in gateways that use one sum, where two headers count more than the path", () => {
    const two: Rule = { to: "canary", pathPrefix: "/a", headers: { "x-a": "1", "x-b": "1", "x-c": "1" } };
    const all = { path: "/a/b", headers: { "x-a": "1", "x-b": "1", "x-c": "1" }, query: {} };
    const route = compile([{ to: "stable", pathPrefix: "/a/b" }, two]);
    assert.deepEqual(routed(route, all, traefik), { stable: 100, canary: 0 });
  });

  it("keep their order in gateways that prefer an exact value to a pattern", () => {
    const pattern: Rule = { to: "canary", headers: { "x-a": { pattern: "[0-9]" } } };
    const route = compile([pattern, { to: "stable", headers: { "x-a": "1" } }]);
    const asked = { path: "/", headers: { "x-a": "1" }, query: {} };
    assert.deepEqual(routed(route, asked, envoyGateway), { stable: 0, canary: 100 });
  });

  it("repeat nothing for a rule below to the same track, where the order makes no difference", () => {
    const route = compile([beta, api, { to: "canary", pathPrefix: "/x" }]);
    const paths = route.map(({ matches }) => matches.map(({ path }) => path.value));
    assert.deepEqual(paths, [["/", "/api", "/x"], ["/", "/api"], ["/api"], ["/x"], ["/"]]);
  });

  it("repeat nothing if no request can satisfy both", () => {
    const others: Rule = { to: "stable", headers: { "X-Beta": "2", "x-group": "a" } };
    assert.equal(compile([beta, others])[1]?.matches.length, 1);
    assert.equal(
      compile([
        { to: "canary", pathPrefix: "/a" },
        { to: "stable", pathPrefix: "/ab" },
      ])[1]?.matches.length,
      1,
    );
  });

  it("merge adjacent rules to the same track", () => {
    const route = compile([beta, { to: "canary", query: { beta: "1" } }, api]);
    assert.deepEqual(
      route.map(({ matches }) => matches.length),
      [4, 4, 1, 1],
    );
  });

  it("copy a token whose value is not yet known, and do not read it", () => {
    const later = Symbol("known after up");
    const route = routeRules({ service: "web", port: 80, token: later, rules: [api], backends: backendsAt(0) });
    const values = route.flatMap(({ matches }) =>
      matches.flatMap(({ headers = [] }) => headers.map((each) => each.value)),
    );
    assert.deepEqual(values, [later, later]);
  });

  it("mark canary's responses on request, in every rule that reaches canary", () => {
    const header = { name: "x-track", value: "canary" };
    const filters = [{ type: "ResponseHeaderModifier", responseHeaderModifier: { set: [header] } }];
    const route = compile([beta, api], 10, { canaryHeader: header });
    const refs = route.flatMap(({ backendRefs }) => backendRefs);
    assert.deepEqual(
      refs.map((ref) => ref.filters),
      [filters, filters, undefined, undefined, filters],
    );
  });

  it("accept as many rules to one track as an HTTPRoute rule allows matches", () => {
    const many = (count: number): Rule[] =>
      Array.from({ length: count }, (_, i) => ({ to: "canary", headers: { "x-user": String(i) } }));
    assert.equal(compile(many(64))[1]?.matches.length, 64);
    assert.throws(
      () => compile(many(65)),
      new UserError(
        "web: the rules need more than the 64 matches that an HTTPRoute allows in a rule: merge some rules into a pattern, or remove rules.64.",
      ),
    );
  });

  it("refuse a rule with too many repetitions, and name it", () => {
    const paths: Rule[] = Array.from({ length: 64 }, (_, i) => ({ to: "stable", pathPrefix: `/p${i}` }));
    assert.throws(
      () => compile([{ ...beta, name: "beta" }, ...paths]),
      new UserError(
        'web: the rules need more than the 64 matches that an HTTPRoute allows in a rule: move rules.0 ("beta") further down or remove it, because it is repeated for each more specific rule below it and needs 65 matches.',
      ),
    );
    assert.throws(
      () => compile([{ ...beta, name: "beta" }, ...paths.slice(0, 50)]),
      new UserError(
        'web: the rules need more than the 128 matches that an HTTPRoute allows in all rules: move rules.0 ("beta") further down or remove it, because it is repeated for each more specific rule below it and needs 51 matches.',
      ),
    );
  });

  it("accept as many matches in all rules as an HTTPRoute allows", () => {
    const users: Rule[] = ["1", "2"].map((value) => ({ to: "canary", headers: { "x-beta": value } }));
    const paths = (count: number): Rule[] =>
      Array.from({ length: count }, (_, i) => ({ to: "stable", pathPrefix: `/p${i}` }));
    assert.equal(compile([...users, ...paths(31)]).flatMap(({ matches }) => matches).length, 128);
  });

  it("accept as many headers or query parameters in a match as the API allows", () => {
    const all = Object.fromEntries(Array.from({ length: 16 }, (_, i) => [`x-${i}`, "1"]));
    assert.equal(compile([{ to: "stable", headers: all }])[1]?.matches[0]?.headers?.length, 16);
    assert.equal(compile([{ to: "stable", query: all }])[1]?.matches[0]?.queryParams?.length, 16);
  });

  it("refuse more changes between the tracks than an HTTPRoute allows", () => {
    const alternating = (count: number): Rule[] =>
      Array.from({ length: count }, (_, i) => ({ to: i % 2 ? "stable" : "canary", headers: { [`x-${i}`]: "1" } }));
    assert.equal(compile(alternating(14)).length, 16);
    assert.throws(
      () => compile(alternating(15)),
      new UserError(
        "web: the rules change 14 times between canary and stable and an HTTPRoute allows 13 changes: put rules to the same track next to each other, or remove rules.14.",
      ),
    );
  });

  it("refuse a match with more headers than the API allows, and name the rule", () => {
    const headers = Object.fromEntries(Array.from({ length: 17 }, (_, i) => [`x-${i}`, "1"]));
    assert.throws(
      () => compile([beta, { to: "stable", headers }]),
      new UserError(
        "web: rules.1, combined with the rules below it, needs more than the 16 headers or query parameters that a match of an HTTPRoute allows: give it fewer.",
      ),
    );
  });
});

const exact = (value: string): Condition => ({ type: "Exact", value });
const like = (value: string): Condition => ({ type: "RegularExpression", value });
const withHeaders = (headers: Record<string, Condition>): Match => ({
  ...anything,
  headers: new Map(Object.entries(headers)),
});

describe("two matches of a route", () => {
  it("meet in no request if one wants a value that the pattern of the other refuses, in either order", () => {
    const [one, other] = [withHeaders({ beta: exact("2") }), withHeaders({ beta: like("1") })];
    assert.deepEqual([both(one, other), both(other, one)], [undefined, undefined]);
  });
});

describe("a match of a route that is raised", () => {
  it("takes over exact conditions first, so that it is narrowed as little as possible", () => {
    const base = withHeaders({ x: like("a") });
    const rival = withHeaders({ q: like("b"), e: exact("c") });
    const narrow = both(base, rival) ?? assert.fail();
    assert.deepEqual([...raise(base, narrow, rival).headers.keys()], ["x", "e"]);
  });
});
