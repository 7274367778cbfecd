import assert from "node:assert/strict";
import type { RouteObject } from "../../../../kubernetes/objects/route.ts";
import { liveRoute, routeCutoff, weightOf } from "../../../../live/traffic/gateway/mode.ts";

const stable = (weight?: number) => ({ name: "web-stable", port: 80, ...(weight !== undefined && { weight }) });
const canary = (weight?: number) => ({ name: "web-canary", port: 81, ...(weight !== undefined && { weight }) });
const labels = { "gray-release/service": "web" };
const route = (rules: readonly object[] | undefined, metadata: object = { labels }) =>
  ({ metadata: { name: "web", ...metadata }, spec: { ...(rules && { rules }) } }) as unknown as RouteObject;
const token = { matches: [{ headers: [{ name: "X-Gray-Token", value: "t" }] }], backendRefs: [canary(100)] };
const beta = { matches: [{ headers: [{ name: "x-beta", value: "1" }] }], backendRefs: [canary(100)] };
const rest = (...backendRefs: object[]) => ({ matches: [{ path: { value: "/" } }], backendRefs });

describe("the weight of a live HTTPRoute", () => {
  for (const [sentence, found, expected] of [
    ["is canary's part in the last rule", route([token, rest(stable(90), canary(10))]), 10],
    ["is in percent, whatever the sum", route([rest(stable(995), canary(5))]), 0.5],
    ["counts a backend without a weight as 1", route([rest(stable(), canary(3))]), 75],
    ["counts canary without a weight as 1", route([rest(stable(3), canary())]), 25],
    ["is 0 if stable is alone", route([token, rest(stable(100))]), 0],
    ["is 100 if canary is alone", route([rest(canary(100))]), 100],
    ["is 0 if nothing has a weight", route([rest(stable(0), canary(0))]), 0],
    ["is 0 without backends", route([{}]), 0],
    ["is 0 without rules", route(undefined), 0],
    ["is 0 with an empty list of rules", route([]), 0],
    ["is 0 without the label of the service", route([rest(stable(90), canary(10))], {}), 0],
    ["is 0 for the canary of another service", route([rest(stable(90), { name: "shop-canary", weight: 10 })]), 0],
  ] as const) {
    it(sentence, () => {
      assert.equal(weightOf(found), expected);
      assert.equal(liveRoute(found).weight, expected);
    });
  }
});

describe("a live HTTPRoute", () => {
  it("keeps its metadata and its kind", () => {
    const found = route([token]);
    assert.deepEqual([liveRoute(found).kind, liveRoute(found).metadata], ["HTTPRoute", found.metadata]);
  });

  for (const [sentence, rules, expected] of [
    ["has no user rules beside those of the token and of the weight", [token, rest(stable())], false],
    ["has user rules if there is one more", [token, beta, rest(stable())], true],
    [
      "has user rules if one of a rule's matches needs no token",
      [{ matches: [...token.matches, ...beta.matches] }, rest(stable())],
      true,
    ],
    ["has no user rules if it has only that of the weight", [rest(stable())], false],
    ["has user rules if one rule has no matches", [{ backendRefs: [canary()] }, rest(stable())], true],
    ["has user rules if a match has no headers", [{ matches: [{}] }, rest(stable())], true],
    ["has no user rules without rules", undefined, false],
  ] as const) {
    it(sentence, () => assert.equal(liveRoute(route(rules)).hasUserRules, expected));
  }

  it("is split as another one if their rules are the same", () => {
    const found = liveRoute(route([token, rest(stable(90), canary(10))]));
    assert.equal(found.isSplitAs({ rules: [token, rest(stable(90), canary(10))] }), true);
    assert.equal(found.isSplitAs({ rules: [token, rest(stable(91), canary(9))] }), false);
  });
});

describe("the cutoff of an HTTPRoute", () => {
  const alone = (port: number | undefined) => [{ group: "", kind: "Service", name: "web-stable", port, weight: 100 }];
  const replaced = (rule: number, port: number | undefined) => ({
    op: "replace",
    path: `/spec/rules/${rule}/backendRefs`,
    value: alone(port),
  });

  it("sends each rule that names canary to stable, on the port of its first backend, and leaves the token's", () => {
    const rules = [token, beta, rest(stable(90), canary(10))];
    const found = route(rules);
    const patch = [{ op: "test", path: "/spec/rules", value: rules }, replaced(1, 81), replaced(2, 80)];
    assert.deepEqual(routeCutoff(found), patch);
    assert.deepEqual(liveRoute(found).cutoff(), patch);
  });

  it("is empty if no rule but the token's names canary, or there are none", () => {
    for (const rules of [[token, rest(stable(100))], [{}], undefined]) {
      assert.deepEqual(routeCutoff(route(rules)), []);
    }
  });

  it("is empty without the label of the service", () => {
    assert.deepEqual(routeCutoff(route([rest(canary(10))], {})), []);
  });
});
