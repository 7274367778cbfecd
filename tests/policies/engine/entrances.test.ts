import assert from "node:assert/strict";
import {
  backendsOf,
  everyPath,
  ingressSpec,
  isHttpRoute,
  isIngress,
  isUnconditional,
  matchesOf,
  pathText,
  routeSpec,
} from "../../../policies/engine/entrances.ts";
import { object } from "./declare.ts";

describe("an entrance", () => {
  const outputs = { is: "outputs", urn: "", name: "test", values: {} } as const;
  const others = [object("Service", {}), object("HTTPRoute", {}, { group: "example.com" }), outputs];

  it("is an HTTPRoute of the Gateway API, or an Ingress of either group", () => {
    assert.ok(isHttpRoute(object("HTTPRoute", {})));
    assert.ok(isIngress(object("Ingress", {})));
    assert.ok(isIngress(object("Ingress", {}, { group: "extensions" })));
    const foreign = object("Ingress", {}, { group: "example.com" });
    for (const one of [
      ...others,
      object("Ingress", {}),
      object("Gateway", {}, { group: "gateway.networking.k8s.io" }),
    ]) {
      assert.equal(isHttpRoute(one), false);
    }
    const policy = object("NetworkPolicy", {}, { group: "networking.k8s.io" });
    for (const one of [...others, object("HTTPRoute", {}), foreign, policy]) assert.equal(isIngress(one), false);
  });

  it("may have no spec", () => {
    assert.deepEqual([routeSpec(object("HTTPRoute", undefined)), ingressSpec(object("Ingress", undefined))], [{}, {}]);
  });
});

describe("the matches of a rule", () => {
  it("are one for every path if there are none", () => {
    assert.deepEqual([matchesOf({}), matchesOf({ matches: [] })], [[{}], [{}]]);
    assert.deepEqual(matchesOf({ matches: [{ method: "GET" }] }), [{ method: "GET" }]);
  });

  it("are unconditional with nothing but a path", () => {
    const condition = [{ name: "a", value: "1" }];
    const matches = [{}, { path: { value: "/a" } }, { headers: [], queryParams: [] }];
    assert.ok(matches.every(isUnconditional));
    for (const match of [{ method: "GET" }, { headers: condition }, { queryParams: condition }]) {
      assert.equal(isUnconditional(match), false);
    }
  });
});

describe("a path as text", () => {
  for (const [type, value, expected] of [
    [undefined, undefined, "/"],
    ["PathPrefix", "/", "/"],
    ["PathPrefix", "/api/", "/api"],
    ["PathPrefix", "/a/b", "/a/b"],
    ["Exact", "/api/", "=/api/"],
    ["RegularExpression", "/a.*/", "~/a.*/"],
    ["Prefix", "/api/", "/api"],
  ] as const) {
    it(`is ${expected} for ${type} ${value}`, () => assert.equal(pathText(type, value), expected));
  }

  it("is a slash for every path", () => assert.equal(everyPath, "/"));
});

describe("the backends of a rule", () => {
  const of = (backendRefs: Parameters<typeof backendsOf>[0]["backendRefs"]) =>
    backendsOf(backendRefs === undefined ? {} : { backendRefs }, object("HTTPRoute", {}));

  it("have their share of all weights, 1 by default, and those without a weight are left out", () => {
    assert.deepEqual(
      of([
        { name: "a", port: 80 },
        { name: "b", weight: 3 },
        { name: "c", weight: 0 },
      ]),
      [
        { namespace: "shop", service: "a", port: 80, share: 25 },
        { namespace: "shop", service: "b", port: undefined, share: 75 },
      ],
    );
    assert.deepEqual(of(undefined), []);
  });

  it("are Services in the route's namespace unless they say otherwise", () => {
    assert.deepEqual(
      of([
        { name: "a", namespace: "other" },
        { name: "b", group: "example.com" },
        { name: "c", kind: "Bucket" },
      ]).map(({ namespace, service }) => [namespace, service]),
      [
        ["other", "a"],
        ["shop", undefined],
        ["shop", undefined],
      ],
    );
  });
});
