import assert from "node:assert/strict";
import type { ServiceArgs } from "../../components/service-args.ts";
import type { GatewayArgs } from "../../components/traffic/gateway/args.ts";
import type { Run } from "../fake/engine.ts";
import { canary, image, prod, program, web } from "../fake/web.ts";
import { once, World } from "../fake/world.ts";

const gateways = [{ name: "public", namespace: "infra" }];
const gateway: GatewayArgs = { routes: [{ gateways }] };
/** Release A on canary, at a weight, by a gateway. */
const at = (weight: number, changes: Partial<GatewayArgs> = {}) =>
  canary("a", { weight, gateway: { ...gateway, ...changes } });
const byPods = (weight: number) => canary("a", { weight });
const begins = once((world, weight: number) => world.up("canary", at(weight)));

describe("a service behind a gateway", () => {
  let world: World;
  beforeEach(async () => {
    world = await World.start();
    world.installGateway();
  });
  afterEach(() => world.stop());

  const pods = () => world.deployment("web-canary").spec.replicas;
  const selector = () => world.api.objects.get("/api/v1/namespaces/dora-apps/services/web")?.spec.selector;
  /** The backends of each rule of a live route, with their weights. */
  const backends = (route = "web") =>
    world
      .route(route)
      .spec.rules.map(({ backendRefs }: { backendRefs: { name: string; weight: number }[] }) =>
        Object.fromEntries(backendRefs.map(({ name, weight }) => [name, weight])),
      );
  const number = (object: { metadata: { annotations?: Record<string, string> } }) =>
    Number(object.metadata.annotations?.["gray-release/seq"]);
  /** Writes the weight into the live route without Pulumi, as a driver does. */
  const patch = (weight: number, route = "web") => {
    const found = structuredClone(world.route(route));
    const [stable, tried] = ["web-stable", "web-canary"];
    found.spec.rules.at(-1).backendRefs = [
      { name: stable, weight: 100 - weight },
      { name: tried, weight },
    ];
    world.api.put(world.routePath(route), found);
  };
  const waitsFor = ({ resources }: Run, type: string, name: string) =>
    resources.find((one) => one.type.endsWith(`:${type}`) && one.name === name)?.dependsOn ?? [];
  /** Which of the two waited for the other: the front's route or canary's pods. */
  const order = (run: Run) => {
    const found = [
      waitsFor(run, "HTTPRoute", "web").includes("web-canary") &&
        waitsFor(run, "Service", "web").includes("web-canary") &&
        "pods first",
      waitsFor(run, "Deployment", "web-canary").filter((name) => name === "web").length > 0 && "traffic first",
    ];
    return found.filter((each) => each !== false).join(" and ");
  };

  it("has a Service for each track and a route that sends the token to canary and splits the rest", async () => {
    await world.up("canary", at(10));
    assert.deepEqual(
      world.made().filter((name) => !name.startsWith("configmaps")),
      ["deployments web-canary", "httproutes web", "services web", "services web-canary", "services web-stable"],
    );
    const { spec } = world.route("web");
    assert.deepEqual(backends(), [{ "web-canary": 100 }, { "web-stable": 90, "web-canary": 10 }]);
    assert.deepEqual(spec.rules[0].matches[0].headers, [{ name: "x-gray-token", type: "Exact", value: "s3cret" }]);
    assert.deepEqual(spec.parentRefs, [
      { group: "gateway.networking.k8s.io", kind: "Gateway", name: "public", namespace: "infra" },
    ]);
    assert.deepEqual([pods(), selector()], [2, { app: "web" }]);
  });

  it("is dark at weight 0: only the token's rule names canary, with any user rules", async () => {
    await world.up("canary", at(0, { rules: [{ to: "canary", headers: { "x-beta": "1" } }] }));
    assert.deepEqual(backends(), [{ "web-canary": 100 }, { "web-stable": 100 }, { "web-stable": 100 }]);
    assert.deepEqual(selector(), { app: "web", track: "stable" });
  });

  it("has as many canary pods as the share needs, and at least the configured minimum", async () => {
    await world.up("canary", at(50));
    assert.equal(pods(), 5);
    await world.up("canary", at(10, { minimumCanaryReplicas: 3 }));
    assert.equal(pods(), 3);
  });

  it("supports 100 %, at which no user reaches stable", async () => {
    await world.up("canary", at(100));
    assert.deepEqual(backends().at(-1), { "web-canary": 100 });
    assert.equal(pods(), 9);
  });

  it("changes pods before traffic if the weight rises, and traffic before pods if it falls", async () => {
    assert.equal(order(await world.up("canary", at(10))), "pods first");
    assert.equal(order(await world.up("canary", at(50))), "pods first");
    assert.equal(order(await world.up("canary", at(10))), "traffic first");
    assert.equal(order(await world.up("canary", at(0))), "traffic first");
    assert.equal(order(await world.up("canary", at(1))), "pods first");
  });

  it("derives that order from the live route's weight, whichever writer set it", async () => {
    await begins(world, 10);
    patch(50);
    assert.equal(order(await world.up("canary", at(30))), "traffic first");
    patch(0);
    assert.equal(order(await world.up("canary", at(30))), "pods first");
  });

  it("creates the route after its Services", async () => {
    const { resources } = await world.up("canary", at(0));
    const waits = resources.find(({ type }) => type.endsWith(":HTTPRoute"))?.dependsOn ?? [];
    for (const name of ["web-canary", "web-stable"]) assert.ok(waits.includes(name), name);
  });

  it("gives the front the next sequence number if the live route has another weight, else the same one", async () => {
    await begins(world, 10);
    await world.up("canary", at(10));
    assert.equal(number(world.route("web")), 0);
    patch(20);
    await world.up("canary", at(10));
    assert.equal(number(world.route("web")), 1);
    assert.deepEqual(backends().at(-1), { "web-stable": 90, "web-canary": 10 });
  });

  for (const weight of [0, 10]) {
    it(`changes from pods to a gateway and back at weight ${weight}, and creates and deletes only a route and a Service`, async () => {
      await world.up("canary", byPods(weight));
      await world.up("prod", prod("a"));
      const before = world.made();
      const front = () => JSON.stringify(selector());
      const selected = front();
      await world.up("canary", at(weight));
      assert.deepEqual(
        world.made().filter((name) => !before.includes(name)),
        ["httproutes web", "services web-stable"],
      );
      assert.deepEqual(
        before.filter((name) => !world.made().includes(name)),
        [],
      );
      assert.equal(front(), selected);
      const run = await world.up("canary", byPods(weight));
      assert.deepEqual(world.made(), before);
      assert.equal(front(), selected);
      assert.equal(pods(), 1);
      assert.ok(!run.resources.some(({ type }) => type.endsWith(":HTTPRoute")));
    });
  }

  it("can have several routes with the same weight, each to its port", async () => {
    const ports = [
      { name: "http", port: 80 },
      { name: "admin", port: 81 },
    ];
    const routes = [
      { name: "web", gateways, hostnames: ["web.example"] },
      { name: "web-admin", gateways: [{ ...gateways[0], name: "public", sectionName: "https" }], port: 81 },
    ];
    await world.up("canary", canary("a", { ports, weight: 10, gateway: { routes } }));
    for (const [name, port] of [
      ["web", 80],
      ["web-admin", 81],
    ] as const) {
      const rest = world.route(name).spec.rules.at(-1).backendRefs;
      assert.deepEqual(
        rest.map((each: { weight: number; port: number }) => [each.weight, each.port]),
        [
          [90, port],
          [10, port],
        ],
      );
    }
    assert.deepEqual(world.route("web").spec.hostnames, ["web.example"]);
    patch(0, "web-admin");
    await world.up("canary", canary("a", { ports, weight: 10, gateway: { routes } }));
    assert.deepEqual(backends("web-admin").at(-1), { "web-stable": 90, "web-canary": 10 });
  });

  it("prints the resulting share and each rule in words in a preview", async () => {
    const rules = [
      { to: "stable", pathPrefix: "/export" },
      { to: "canary", headers: { "x-beta": "1" } },
    ] as const;
    const { infos } = await world.up("canary", at(10, { rules }), { preview: true });
    assert.deepEqual(infos, [
      "web: asked 10 %, reached 10 %: by backend weights, 2 canary pods; callers inside the cluster reach canary on 2 of 11 pods",
      "web: users on /export are routed to stable",
      "web: users with header x-beta: 1 are routed to canary",
    ]);
    const dark = await world.up("canary", at(0, { rules }), { preview: true });
    assert.deepEqual(dark.infos, [
      "web: canary is dark: no user request reaches it without the token",
      "web: users on /export are routed to stable",
      "web: users with header x-beta: 1 will be routed to canary above weight 0",
    ]);
  });

  it("leaves the front to canary's stack: stable's stack reads no gateway", async () => {
    await world.up("canary", at(10));
    world.api.objects.delete("/apis/gateway.networking.k8s.io/v1");
    const { resources } = await world.up("prod", prod("a", { gateway }));
    assert.ok(!resources.some(({ type }) => type.endsWith(":HTTPRoute") || type.endsWith(":Service")));
  });

  it("reads no routes for a service without a gateway", async () => {
    await world.up("canary", byPods(10));
    assert.ok(!world.api.requests.some(({ path }) => path.includes("gateway.networking.k8s.io")));
  });

  describe("is refused before anything is changed,", () => {
    const refuses = async (program: ReturnType<typeof at>, sentence: string) => {
      for (const preview of [true, false]) {
        await assert.rejects(world.up("canary", program, { preview }), { name: "UserError", message: sentence });
      }
      assert.deepEqual(world.made(), []);
    };
    const foreign = (labels?: Record<string, string>) => ({
      metadata: { name: "web", namespace: "dora-apps", ...(labels && { labels }) },
      spec: {},
    });

    it("if the cluster has no Gateway API", async () => {
      world.api.objects.delete("/apis/gateway.networking.k8s.io/v1");
      await refuses(
        at(10),
        "web: the cluster has no Gateway API (gateway.networking.k8s.io/v1): install its Standard channel and a gateway, or remove gateway from the arguments.",
      );
    });

    it("if there is no such Gateway", async () => {
      await refuses(
        at(10, { routes: [{ gateways: [{ name: "public" }] }] }),
        "web: there is no Gateway public in namespace dora-apps: correct gateway.routes, or create that Gateway first.",
      );
    });

    it("if the Gateway has no such listener", async () => {
      await refuses(
        at(10, { routes: [{ gateways: [{ name: "public", namespace: "infra", sectionName: "tls" }] }] }),
        "web: Gateway public in namespace infra has no listener tls: choose one of http, https.",
      );
    });

    it("if an HTTPRoute of that name was not created by the program", async () => {
      world.api.put(world.routePath("web"), foreign());
      await refuses(
        at(10),
        "web: HTTPRoute web in namespace dora-apps was not created by this program: choose another name for the route, or remove that HTTPRoute yourself.",
      );
    });

    it("if an HTTPRoute of that name belongs to another service", async () => {
      world.api.put(world.routePath("web"), foreign({ "gray-release/service": "shop" }));
      await refuses(
        at(10),
        "web: HTTPRoute web in namespace dora-apps belongs to the service shop: choose another name for the route, or remove that HTTPRoute yourself.",
      );
    });

    it("if a Service has the name of stable's Service", async () => {
      world.api.put("/api/v1/namespaces/dora-apps/services/web-stable", { metadata: { name: "web-stable" } });
      await refuses(
        at(10),
        "web: Service web-stable in namespace dora-apps was not created by this program: choose another service name, or remove that Service yourself.",
      );
    });

    it("if the Gateway's class lacks a feature that a rule needs", async () => {
      world.installGateway(["HTTPRoute"]);
      await refuses(
        at(10, { rules: [{ name: "beta", to: "canary", query: { beta: "1" } }] }),
        'web: rules.0 ("beta") needs query parameters (HTTPRouteQueryParamMatching), which GatewayClass edge does not support: match by header or path, or use another GatewayClass.',
      );
      world.installGateway(["HTTPRoute", "HTTPRouteQueryParamMatching"]);
      await world.up("canary", at(10, { rules: [{ name: "beta", to: "canary", query: { beta: "1" } }] }));
    });

    it("if the rules do not fit into an HTTPRoute", async () => {
      const rules = Array.from({ length: 16 }, (_, i) => ({
        to: i % 2 ? ("canary" as const) : ("stable" as const),
        headers: { [`x-${i}`]: "1" },
      }));
      await refuses(
        at(10, { rules }),
        "web: the rules change 15 times between canary and stable and an HTTPRoute allows 13 changes: put rules to the same track next to each other, or remove rules.15.",
      );
    });

    it("if a weight is finer than a gateway supports", async () => {
      await refuses(
        at(0.0001),
        "web: weight is 0.0001 and a gateway supports steps of 0.001: remove the further digits.",
      );
    });
  });

  describe("while a rollout is open", () => {
    const open = (weight: number, sequence = 0) =>
      world.writeRecord({ sequence, open: { epoch: 1, release: world.runs("web-canary"), weight } }, "web");
    beforeEach(() => begins(world, 10));

    it("has the record's weight, which only its driver applies", async () => {
      open(20);
      await assert.rejects(
        world.up("canary", at(10)),
        /the weight and the number of canary pods stay as they are while the rollout/,
      );
      assert.deepEqual(backends().at(-1), { "web-stable": 90, "web-canary": 10 });
      await world.up("canary", at(10), { environment: { GRAY_EPOCH: "1" } });
      assert.deepEqual(backends().at(-1), { "web-stable": 80, "web-canary": 20 });
    });

    it("admits an up that leaves the route as it is, with the sequence number that the driver raised", async () => {
      open(10, 7);
      await world.up("canary", at(10));
      assert.equal(number(world.route("web")), 7);
    });

    it("refuses an up without the driver that would change a rule, even at the applied weight", async () => {
      open(10);
      const rules = [{ to: "canary", headers: { "x-beta": "1" } }] as const;
      await assert.rejects(
        world.up("canary", at(10, { rules })),
        /the weight and the number of canary pods stay as they are while the rollout/,
      );
      await world.up("canary", at(10, { rules }), { environment: { GRAY_EPOCH: "1" } });
    });

    it("refuses an up without the driver at the last moment, if the driver has changed the weight since the program read it", async () => {
      open(10, 7);
      let looked = 0;
      world.api.intercept = ({ method, path }) => {
        if (method === "GET" && path.endsWith("/httproutes/web") && ++looked > 1) patch(50);
        return undefined;
      };
      await assert.rejects(
        world.up("canary", at(10)),
        /the weight and the number of canary pods stay as they are while the rollout/,
      );
      assert.equal(backends().at(-1)["web-canary"], 50);
    });
  });
});

describe("two services behind one gateway", () => {
  let world: World;
  beforeEach(async () => {
    world = await World.start();
    world.installGateway();
  });
  afterEach(() => world.stop());
  const service = (weight: number, route?: string): ServiceArgs =>
    web("a", {
      containers: image("a"),
      tracks: ["canary"],
      weight,
      gateway: { routes: [{ gateways, ...(route !== undefined && { name: route }) }] },
    });

  it("have routes, Services and weights of their own", async () => {
    await world.up("canary", program(["web", service(10)], ["shop", service(30)]));
    for (const [name, weight] of [
      ["web", 10],
      ["shop", 30],
    ] as const) {
      const { metadata, spec } = world.route(name);
      assert.equal(metadata.labels?.["gray-release/service"], name);
      assert.deepEqual(
        spec.rules.at(-1).backendRefs.map((each: { name: string; weight: number }) => [each.name, each.weight]),
        [
          [`${name}-stable`, 100 - weight],
          [`${name}-canary`, weight],
        ],
      );
    }
    const web = JSON.stringify(world.route("web"));
    await world.up("canary", program(["web", service(10)], ["shop", service(50)]));
    assert.equal(JSON.stringify(world.route("web")), web);
  });

  it("do not take over each other's objects", async () => {
    await world.up("canary", program(["web", service(10, "public")]));
    await assert.rejects(
      world.up("canary", program(["web", service(10, "public")], ["shop", service(10, "public")])),
      /^UserError: shop: HTTPRoute public in namespace dora-apps belongs to the service web: choose another name for the route/,
    );
  });
});
