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
});

describe("the arguments of gateway mode", () => {
  it("are valid if they are complete", () => {
    const hostnames = ["shop.example.com", "*.example.com", "localhost"];
    const routes = [
      { name: "web", gateways, hostnames },
      { name: "web-admin", gateways, port: 81 },
    ];
    const rules = [{ to: "canary", headers: { "x-beta": "1" } }];
    assert.equal(fault({ routes, rules, minimumCanaryReplicas: 1 }), undefined);
  });

  const bad: [what: string, gateway: object, sentence: string][] = [
    ["without a route", { routes: [] }, "routes: must have a route: without one no user request reaches the service"],
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
