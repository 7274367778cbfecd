import assert from "node:assert/strict";
import * as v from "valibot";
import { mustBe } from "../../../../components/schema.ts";
import { gatewaySchema, type RouteArgs, routeSpec } from "../../../../components/traffic/gateway/args.ts";

const gateways = [{ name: "public" }];
const spec = (route: RouteArgs) =>
  routeSpec(route, "shop", { service: "web", port: 80, token: "t", rules: [], backends: { stable: 90, canary: 10 } });
function fault(gateway: object): string | undefined {
  const issue = v.safeParse(gatewaySchema, gateway, { message: mustBe }).issues?.[0];
  return issue && `${v.getDotPath(issue)}: ${issue.message}`;
}

describe("an HTTPRoute", () => {
  it("attaches to a Gateway of its own namespace unless another is given, with the defaults of the API", () => {
    assert.deepEqual(
      spec({ gateways: [{ name: "public" }, { name: "edge", namespace: "infra", sectionName: "https" }] }).parentRefs,
      [
        { group: "gateway.networking.k8s.io", kind: "Gateway", namespace: "shop", name: "public" },
        { group: "gateway.networking.k8s.io", kind: "Gateway", namespace: "infra", name: "edge", sectionName: "https" },
      ],
    );
  });

  it("has the given hostnames, by default those of the listener", () => {
    assert.deepEqual(spec({ gateways, hostnames: ["a.example", "*.b.example"] }).hostnames, [
      "a.example",
      "*.b.example",
    ]);
    assert.ok(!("hostnames" in spec({ gateways })));
  });

  it("has the rules for the token and for all other requests", () => {
    assert.equal(spec({ gateways }).rules.length, 2);
  });

  it("adds the given header to every response of canary", () => {
    const canaryHeader = { name: "x-track", value: "canary" };
    const filters = (route: RouteArgs) =>
      spec(route).rules.flatMap(({ backendRefs }) => backendRefs.flatMap((backend) => backend.filters ?? []));
    const sets = { type: "ResponseHeaderModifier", responseHeaderModifier: { set: [canaryHeader] } };
    assert.deepEqual(filters({ gateways, canaryHeader }), [sets, sets]);
    assert.deepEqual(filters({ gateways }), []);
  });
});

describe("the arguments of gateway mode", () => {
  it("are valid if they are complete", () => {
    const hostnames = ["shop.example.com", "*.example.com", "localhost", "a", "web-1.a-b.x.example", "10.example"];
    const routes = [
      { name: "web", gateways, hostnames },
      { name: "web-admin", gateways, port: 81 },
    ];
    const rules = [{ to: "canary", headers: { "x-beta": "1" } }];
    assert.equal(fault({ routes, rules, minimumCanaryReplicas: 1 }), undefined);
  });

  it("are valid at their limits", () => {
    const many = Array.from({ length: 32 }, () => ({ name: "a", namespace: "a.b-c", sectionName: "x".repeat(253) }));
    const hostnames = Array.from({ length: 16 }, () => `${"a".repeat(241)}.example.com`);
    const header = (name: string, value: string) => fault({ routes: [{ gateways, canaryHeader: { name, value } }] });
    assert.equal(fault({ routes: [{ gateways: many, hostnames, port: 65_535 }] }), undefined);
    assert.equal(header("a", "!"), undefined);
    assert.equal(header("X-1".padEnd(256, "x"), "~".repeat(4096)), undefined);
  });

  for (const [place, message, values] of [
    [
      "name",
      "must be the name of an object: lower-case letters, digits and dashes",
      ["", "Web", "-web", "web-", "web_1", "x".repeat(254), " web", "web "],
    ],
    [
      "hostnames.0",
      "must be a hostname in lower case, like shop.example.com or *.example.com",
      ["", "-a.example", "a-.example", "a..example", "*", "**.example", ".example", "example.", "a_b.example"],
    ],
    ["hostnames.0", "must be a hostname, not an address", ["10.0.0.1", "127.0.0.10", "10"]],
    ["hostnames.0", "must be at most 253 characters", [`${"a".repeat(242)}.example.com`]],
    [
      "canaryHeader.name",
      "must be 1 to 256 letters, digits or dashes",
      ["", "x_1", "x 1", " x", "x ", "é", "x".repeat(257)],
    ],
    ["canaryHeader.value", "must be printable ASCII without spaces", ["", "a b", " a", "a ", "é", "x".repeat(4097)]],
  ] as const) {
    it(`refuse as ${place} what ${message}`, () => {
      for (const value of values) {
        const route = {
          name: { name: value, gateways },
          "hostnames.0": { gateways, hostnames: [value] },
          "canaryHeader.name": { gateways, canaryHeader: { name: value, value: "x" } },
          "canaryHeader.value": { gateways, canaryHeader: { name: "x", value } },
        }[place];
        assert.equal(fault({ routes: [route] }), `routes.0.${place}: ${message}`, JSON.stringify(value));
      }
    });
  }

  const bad: [what: string, gateway: object, sentence: string][] = [
    ["without a route", { routes: [] }, "routes: must have a route: without one no user request reaches the service"],
    ["with routes that are no list", { routes: "web" }, "routes: must be a list of routes"],
    [
      "with Gateways that are no list",
      { routes: [{ gateways: "x" }] },
      "routes.0.gateways: must be a list of Gateways",
    ],
    [
      "with 33 Gateways",
      { routes: [{ gateways: Array.from({ length: 33 }, () => ({ name: "x" })) }] },
      "routes.0.gateways: must be at most 32 Gateways",
    ],
    [
      "without a host in the list",
      { routes: [{ gateways, hostnames: [] }] },
      "routes.0.hostnames: must name a host, or be left out",
    ],
    [
      "with 17 hosts",
      { routes: [{ gateways, hostnames: Array.from({ length: 17 }, () => "a.example") }] },
      "routes.0.hostnames: must be at most 16 names, the limit of an HTTPRoute",
    ],
    ["without a Gateway", { routes: [{ gateways: [] }] }, "routes.0.gateways: must name a Gateway"],
    [
      "with two routes of the same name",
      {
        routes: [
          { name: "web", gateways },
          { name: "web", gateways },
        ],
      },
      "routes.1.name: each of several routes needs a unique name",
    ],
    [
      "with two routes, one without a name",
      { routes: [{ gateways }, { name: "admin", gateways }] },
      "routes.0.name: each of several routes needs a unique name",
    ],
    [
      "with an IP address as host",
      { routes: [{ gateways, hostnames: ["10.0.0.1"] }] },
      "routes.0.hostnames.0: must be a hostname, not an address",
    ],
    [
      "with a host in upper case",
      { routes: [{ gateways, hostnames: ["Shop.example"] }] },
      "routes.0.hostnames.0: must be a hostname in lower case, like shop.example.com or *.example.com",
    ],
    [
      "with an asterisk inside a host",
      { routes: [{ gateways, hostnames: ["a.*.example"] }] },
      "routes.0.hostnames.0: must be a hostname in lower case, like shop.example.com or *.example.com",
    ],
    [
      "with 0 canary pods",
      { routes: [{ gateways }], minimumCanaryReplicas: 0 },
      "minimumCanaryReplicas: must be a whole number of at least 1",
    ],
    [
      "with an invalid rule",
      { routes: [{ gateways }], rules: [{ to: "canary", pathPrefix: "a" }] },
      "rules.0.pathPrefix: must begin with a slash, like /api",
    ],
  ];
  for (const [what, gateway, sentence] of bad) {
    it(`are refused ${what}`, () => {
      assert.equal(fault(gateway), sentence);
    });
  }
});
