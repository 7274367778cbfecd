import assert from "node:assert/strict";
import { canMeet, claimText, readEntrance } from "../../../policies/engine/claims.ts";
import type { KubernetesObject } from "../../../policies/engine/declared.ts";
import { object } from "./declare.ts";

const route = (spec: unknown, changes: Partial<KubernetesObject> = {}) =>
  readEntrance(object("HTTPRoute", spec, changes)) ?? assert.fail();
const ingress = (spec: unknown, changes: Partial<KubernetesObject> = {}) =>
  readEntrance(object("Ingress", spec, changes)) ?? assert.fail();

describe("an entrance", () => {
  it("claims the paths of its unconditional matches on each host", () => {
    const rules = [
      { matches: [{ path: { value: "/a/" } }, { path: { type: "Exact", value: "/b" } }, { method: "GET" }] },
      { matches: [{ path: { value: "/a" } }] },
    ];
    assert.deepEqual(route({ hostnames: ["x.example", "y.example"], rules }).claims, [
      { host: "x.example", path: "/a" },
      { host: "x.example", path: "=/b" },
      { host: "y.example", path: "/a" },
      { host: "y.example", path: "=/b" },
    ]);
    assert.deepEqual(route({ rules: [{}] }).claims, [{ host: undefined, path: "/" }]);
  });

  it("is attached to listeners of Gateways, in its own namespace by default", () => {
    const parentRefs = [
      { name: "a" },
      { kind: "Service", namespace: "other", name: "b", sectionName: "https", port: 443 },
    ];
    assert.deepEqual(route({ parentRefs }).listeners, [
      { of: "Gateway shop/a" },
      { of: "Service other/b", section: "https", port: 443 },
    ]);
  });

  it("claims nothing without a spec", () => {
    const { listeners, claims, service } = route(undefined);
    assert.deepEqual([listeners, claims, service], [[], [], "web"]);
    const other = ingress(undefined);
    assert.deepEqual([other.listeners, other.claims], [[{ of: "the default class" }], []]);
  });

  it("claims the paths of an Ingress in its class", () => {
    const paths = [{ path: "/a/", pathType: "Prefix" }, { path: "/b", pathType: "Exact" }, {}];
    const found = ingress({
      ingressClassName: "nginx",
      rules: [{ host: "x.example", http: { paths } }, {}, { http: {} }],
    });
    assert.deepEqual(found.claims, [
      { host: "x.example", path: "/a" },
      { host: "x.example", path: "=/b" },
      { host: "x.example", path: "/" },
    ]);
    assert.deepEqual(found.listeners, [{ of: "nginx" }]);
  });

  it("is nothing else", () => assert.equal(readEntrance(object("Service", {})), undefined));
});

describe("two entrances", () => {
  const parent = (...refs: object[]) => ({ parentRefs: refs });
  const [a, b] = [{ name: "a" }, { name: "b" }];
  const other = { name: "other", labels: { "gray-release/service": "other" } };
  for (const [sentence, one, two, expected] of [
    ["meet on one listener", route(parent(a)), route(parent(a), other), true],
    ["meet on one of several listeners", route(parent(b, a)), route(parent({ name: "c" }, a), other), true],
    ["do not meet on different Gateways", route(parent(a)), route(parent(b), other), false],
    [
      "meet if one names a listener and the other none",
      route(parent({ ...a, sectionName: "x" })),
      route(parent(a), other),
      true,
    ],
    [
      "meet if the other one names a listener",
      route(parent(a)),
      route(parent({ ...a, sectionName: "x" }), other),
      true,
    ],
    [
      "do not meet on different listeners",
      route(parent({ ...a, sectionName: "x" })),
      route(parent({ ...a, sectionName: "y" }), other),
      false,
    ],
    [
      "meet on the same listener by name and port",
      route(parent({ ...a, sectionName: "x", port: 1 })),
      route(parent({ ...a, sectionName: "x", port: 1 }), other),
      true,
    ],
    [
      "do not meet on different ports",
      route(parent({ ...a, port: 1 })),
      route(parent({ ...a, port: 2 }), other),
      false,
    ],
    ["meet in one class", ingress({}), ingress({}, other), true],
    ["do not meet in different classes", ingress({ ingressClassName: "x" }), ingress({}, other), false],
    ["meet as a route and an Ingress of different services", route(parent(a)), ingress({}, other), true],
    ["do not meet as a route and an Ingress of one service", route(parent(a)), ingress({}), false],
    [
      "meet as a route and an Ingress of one name in different namespaces",
      route(parent(a)),
      ingress({}, { namespace: "other" }),
      true,
    ],
    [
      "meet as a route and an Ingress of no service",
      route(parent(a), { labels: {} }),
      ingress({}, { labels: {} }),
      true,
    ],
    ["do not meet if one is the debug Ingress of the service", ingress({}), ingress({}, { name: "web-debug" }), false],
    [
      "do not meet if one is the debug Ingress of the service, in any order",
      ingress({}, { name: "web-debug" }),
      ingress({}),
      false,
    ],
    [
      "meet if one is the debug Ingress of another service",
      ingress({}),
      ingress({}, { ...other, name: "other-debug" }),
      true,
    ],
    ["meet in one class if both are of one service", ingress({}), ingress({}, { name: "web-2" }), true],
    [
      "meet if both are of no service, one with the name of a debug Ingress",
      ingress({}, { labels: {} }),
      ingress({}, { labels: {}, name: "undefined-debug" }),
      true,
    ],
  ] as const) {
    it(sentence, () => assert.equal(canMeet(one, two), expected));
  }
});

describe("a claim", () => {
  it("is shown with its host and its path", () => {
    assert.equal(claimText({ host: "x.example", path: "=/a=b" }), "x.example/a=b");
    assert.equal(claimText({ host: "x.example", path: "/a=b" }), "x.example/a=b");
    assert.equal(claimText({ host: undefined, path: "~/a" }), "every host's /a");
  });
});
