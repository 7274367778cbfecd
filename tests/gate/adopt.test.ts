import assert from "node:assert/strict";
import type { ServiceArgs } from "../../components/service-args.ts";
import type { Registered, Run } from "../fake/engine.ts";
import { withoutSleep } from "../fake/sleep.ts";
import { both, canary, prod } from "../fake/web.ts";
import { once, type Stashed, verdict, World } from "../fake/world.ts";

const home = "/api/v1/namespaces/dora-apps";
const paths = {
  deployment: "/apis/apps/v1/namespaces/dora-apps/deployments/web",
  service: `${home}/services/web`,
  ingress: "/apis/networking.k8s.io/v1/namespaces/dora-apps/ingresses/web",
};
const labels = { name: "web" };
const template = { metadata: { labels }, spec: { containers: [{ name: "web", image: "web:0" }] } };
const described: Partial<ServiceArgs> = {
  labels,
  replicas: 3,
  weight: 25,
  ports: [{ name: "", port: 80, targetPort: 8080 }],
};
const GRAY_ADOPT = { environment: { GRAY_ADOPT: "dora-apps/web" } };

const adopts = once(async (world, changes: Partial<ServiceArgs>) => {
  await world.up("prod", prod("a", { ...described, ...changes }), GRAY_ADOPT);
  await world.up("canary", canary("a", { ...described, ...changes }), GRAY_ADOPT);
});

describe("a service that gray-release did not create", () => {
  let world: World;
  let restore: () => void;
  beforeEach(async () => {
    restore = withoutSleep();
    world = await World.start();
    const status = { observedGeneration: 1, replicas: 3, updatedReplicas: 3, availableReplicas: 3 };
    const metadata = () => ({ name: "web", namespace: "dora-apps" });
    world.api.put(paths.deployment, {
      metadata: metadata(),
      spec: { replicas: 3, selector: { matchLabels: labels }, template },
      status,
    });
    const ports = [{ port: 80, targetPort: 8080, protocol: "TCP" }];
    world.api.put(paths.service, { metadata: metadata(), spec: { selector: labels, ports } });
    pod("web-old-1", labels);
  });
  afterEach(async () => {
    restore();
    await world.stop();
  });

  /** A pod that is an endpoint of the Service. */
  function pod(name: string, labels: Record<string, string>): void {
    world.api.put(`${home}/pods/${name}`, { metadata: { name, labels }, spec: { containers: [] } });
  }
  const behind = (...names: string[]) =>
    world.api.put("/apis/discovery.k8s.io/v1/namespaces/dora-apps/endpointslices/web", {
      metadata: { name: "web", labels: { "kubernetes.io/service-name": "web" } },
      endpoints: names.map((name) => ({ targetRef: { name } })),
    });
  const replicaSet = (name: string, metadata: object) => {
    const path = `/apis/apps/v1/namespaces/dora-apps/replicasets/${name}`;
    world.api.put(path, { metadata: { name, ...metadata }, spec: { replicas: 3 } });
    return path;
  };
  const object = (which: keyof typeof paths) => world.api.objects.get(paths[which]) ?? assert.fail(which);
  const record = () => JSON.parse(world.api.objects.get(world.recordPath("web"))?.data.record ?? "null");
  const find = ({ resources }: Run, kind: string, name = "web"): Registered =>
    resources.find((each) => each.type.endsWith(`:${kind}`) && each.name === name) ?? assert.fail(kind);
  const adopt = async (changes: Partial<ServiceArgs> = {}) => {
    await adopts(world, changes);
    return { old: record().adopted.release as string, a: world.runs("web-canary") };
  };
  /** Promotes canary's release to stable; its pod becomes the only endpoint of the Service. */
  const promote = async (release: string, changes: Partial<ServiceArgs> = {}) => {
    world.writeRecord({ verdicts: { [release]: verdict("good") } }, "web");
    pod("web-new-1", { app: "web", track: "stable" });
    behind("web-new-1");
    return world.up("prod", prod("a", { ...described, ...changes }));
  };

  it("is refused by both stacks, with a pointer to gray adopt", async () => {
    const advice = /adopt it with gray adopt web if kubectl or Helm created it, choose another/;
    await assert.rejects(world.up("prod", prod("a", described)), advice);
    await assert.rejects(world.up("canary", canary("a", described)), advice);
  });

  it("is adopted unchanged by stable's stack: only marked, protected, and recorded", async () => {
    const spec = structuredClone(object("deployment").spec);
    const run = await world.up("prod", prod("a", described), GRAY_ADOPT);
    const { imports, protect, inputs } = find(run, "Deployment");
    assert.deepEqual([imports, protect], ["dora-apps/web", true]);
    assert.deepEqual([inputs.spec.selector, inputs.spec.template], [spec.selector, spec.template]);
    assert.deepEqual(object("deployment").spec, spec);
    const { adopted, stableHistory } = record();
    assert.deepEqual([adopted.front, stableHistory], [labels, [adopted.release]]);
    assert.deepEqual(object("deployment").metadata.labels, { "gray-release/service": "web", track: "stable" });
    const { "gray-release/stack": stack, ...annotations } = object("deployment").metadata.annotations ?? {};
    assert.match(stack ?? "", /\/prod$/);
    assert.deepEqual(annotations, {
      "gray-release/adopted": adopted.release,
      "gray-release/owner": world.stashes.get("prod web-owner")?.output,
      "pulumi.com/deletionPropagationPolicy": "orphan",
    });
    assert.deepEqual(world.stackState("prod", "web").current, { stable: adopted.release });
    assert.deepEqual(world.stackState("prod", "web").history, []);
  });

  it("is adopted by canary's stack with its Service, which selects canary's pods too", async () => {
    const ingress = { host: "web.example.com" };
    const path = { path: "/", pathType: "Prefix", backend: { service: { name: "web", port: { number: 80 } } } };
    const rules = [{ host: ingress.host, http: { paths: [path] } }];
    world.api.put(paths.ingress, { metadata: { name: "web", namespace: "dora-apps" }, spec: { rules } });
    await world.up("prod", prod("a", { ...described, ingress }), GRAY_ADOPT);
    const run = await world.up("canary", canary("a", { ...described, ingress }), GRAY_ADOPT);
    for (const kind of ["Service", "Ingress"]) {
      assert.deepEqual([find(run, kind).imports, find(run, kind).protect], ["dora-apps/web", true]);
    }
    assert.equal(find(run, "Deployment", "web-canary").imports, "");
    assert.deepEqual(object("service").spec.selector, labels);
    assert.deepEqual(object("service").metadata.labels, { "gray-release/service": "web" });
    assert.equal(world.deployment("web-canary").spec.template.metadata.labels.name, "web");
    const next = await world.up("canary", canary("a", { ...described, ingress }));
    assert.equal(find(next, "Service").imports, "");
    assert.deepEqual(find(next, "Service").inputs.spec.selector, labels);
  });

  it("is not changed by a preview", async () => {
    const held = JSON.stringify([...world.api.objects]);
    const run = await world.up("prod", prod("a", described), { ...GRAY_ADOPT, preview: true });
    assert.equal(find(run, "Deployment").imports, "dora-apps/web");
    assert.equal(JSON.stringify([...world.api.objects]), held);
  });

  it("is refused if the program describes another one, and nothing is changed", async () => {
    const held = JSON.stringify([...world.api.objects]);
    await assert.rejects(
      world.up("prod", prod("a", { ...described, replicas: 4 }), GRAY_ADOPT),
      /web in namespace dora-apps cannot be adopted: Deployment web has 3 pods and the program has 4/,
    );
    assert.equal(JSON.stringify([...world.api.objects]), held);
  });

  it("keeps fields that the program does not describe, by shared ownership", async () => {
    const annotations = { "cloud.google.com/neg": "{}", "kubectl.kubernetes.io/last-applied-configuration": "{}" };
    Object.assign(object("service").metadata, { annotations, labels: { monitored: "yes" } });
    const external = { replicas: "external" as const };
    await adopt(external);
    const applied = (which: keyof typeof paths) =>
      world.api.requests
        .filter(({ method, path, body }) => method === "PATCH" && path === paths[which] && body)
        .map(({ body: { apiVersion, kind, metadata, spec } = assert.fail() }) => {
          const { labels, annotations } = metadata;
          return { apiVersion, kind, labels, annotations, ...(spec && { spec }) };
        });
    const kept = { labels: { monitored: "yes" }, annotations: { "cloud.google.com/neg": "{}" } };
    assert.deepEqual(applied("service"), [{ apiVersion: "v1", kind: "Service", ...kept }]);
    assert.deepEqual(applied("deployment"), [
      { apiVersion: "apps/v1", kind: "Deployment", labels: {}, annotations: {}, spec: { replicas: 3 } },
    ]);
  });

  it("is another service in another namespace", async () => {
    const elsewhere = { environment: { GRAY_ADOPT: "shop/web" } };
    await assert.rejects(world.up("prod", prod("a", described), elsewhere), /adopt it with gray adopt web if kubectl/);
  });

  it("is refused if its Deployment has another name", async () => {
    world.api.objects.delete(paths.deployment);
    await assert.rejects(world.up("canary", canary("a", described), GRAY_ADOPT), /there is no Deployment web/);
  });

  it("supports neither weight 0 nor a gateway before the first promotion", async () => {
    await adopt();
    await assert.rejects(
      world.up("canary", canary("a", { ...described, weight: 0 })),
      /weight is 0, and the adopted pods/,
    );
    const gateway = { routes: [{ gateways: [{ name: "public", namespace: "infra" }] }] };
    const asks = () => world.up("canary", canary("a", { ...described, gateway }));
    await assert.rejects(asks(), /gateway is set, and the adopted pods/, "without the Gateway API");
    world.installGateway();
    await assert.rejects(asks(), /gateway is set, and the adopted pods/);
  });

  it("keeps its pods with `current`, and no other release passes the gate without a verdict", async () => {
    const { old } = await adopt();
    await assert.rejects(world.up("prod", prod("a", described)), /has not been judged good yet/);
    const changes = { ...described, release: "current", annotations: { team: "dora" } };
    const run = await world.up("prod", prod("a", changes));
    const { metadata, spec } = find(run, "Deployment").inputs;
    assert.deepEqual([spec.selector.matchLabels, spec.template], [labels, template]);
    assert.equal(metadata.annotations["gray-release/adopted"], old);
    assert.equal(find(run, "Deployment").protect, true);
    assert.equal(object("deployment").metadata.annotations?.team, "dora");
  });

  it("is promoted to a Deployment of our own, which replaces the adopted one", async () => {
    const { old, a } = await adopt();
    const left = replicaSet("web-5c", { labels: { ...labels, "pod-template-hash": "5c" } });
    const others = [
      replicaSet("web-6d", { labels: { app: "web", track: "stable", ...labels, "pod-template-hash": "6d" } }),
      replicaSet("web-7e", { labels: { ...labels, "pod-template-hash": "7e" }, ownerReferences: [{}] }),
      replicaSet("shop-8f", { labels: { name: "shop", "pod-template-hash": "8f" } }),
      replicaSet("web-by-hand", { labels }),
    ];
    const run = await promote(a);
    assert.equal(find(run, "Deployment").protect, false);
    assert.deepEqual(object("deployment").spec.selector.matchLabels, { app: "web", track: "stable" });
    assert.equal(object("deployment").metadata.annotations?.["gray-release/adopted"], undefined);
    assert.equal(object("deployment").metadata.annotations?.["pulumi.com/deletionPropagationPolicy"], undefined);
    assert.deepEqual(object("service").spec.selector, { app: "web", track: "stable" });
    assert.deepEqual(
      [left, ...others].map((path) => world.api.objects.has(path)),
      [false, true, true, true, true],
    );
    assert.deepEqual([record().adopted, record().stableHistory], [undefined, [old, a]]);
  });

  it("is promoted with as many pods if an autoscaler owns their number, and keeps its old pods until all are available", async () => {
    const external = { replicas: "external" as const };
    const { a } = await adopt(external);
    const left = replicaSet("web-5c", { labels: { ...labels, "pod-template-hash": "5c" } });
    let looks = 0;
    world.api.intercept = ({ method, path }) => {
      const { spec, status, metadata } = object("deployment");
      if (method !== "GET" || path !== paths.deployment || spec.selector.matchLabels.track !== "stable")
        return undefined;
      if (spec.replicas !== 3 || status.availableReplicas === 3) return undefined;
      assert.ok(world.api.objects.has(left));
      assert.deepEqual(object("service").spec.selector, labels);
      const pods = Math.min(++looks, 3);
      const { generation: observedGeneration } = metadata;
      Object.assign(status, { observedGeneration, replicas: 3, updatedReplicas: 3, availableReplicas: pods });
      return undefined;
    };
    const { infos, resources } = await promote(a, external);
    assert.equal(find({ resources, infos, warnings: [] }, "Deployment").inputs.spec.replicas, undefined);
    assert.deepEqual([looks, object("deployment").spec.replicas], [3, 3]);
    assert.deepEqual([world.api.objects.has(left), record().adopted], [false, undefined]);
    assert.deepEqual(infos, [
      "web: stable scales from 1 to 3 pods, as many as were adopted.",
      "web: user traffic leaves the adopted pods, which takes 65 s at most.",
    ]);
  });

  it("keeps its old pods if an autoscaler scales stable to fewer", async () => {
    const external = { replicas: "external" as const };
    const { a } = await adopt(external);
    const left = replicaSet("web-5c", { labels: { ...labels, "pod-template-hash": "5c" } });
    world.api.intercept = ({ method, path, operations }) =>
      method === "PATCH" && path === paths.deployment && operations
        ? { status: 200, body: object("deployment") }
        : undefined;
    await assert.rejects(
      promote(a, external),
      /Stable of web in namespace dora-apps was scaled to 1 pods while 3 adopted pods still serve: let its autoscaler keep at least 3/,
    );
    assert.ok(world.api.objects.has(left));
    assert.deepEqual(object("service").spec.selector, labels);
  });

  it("keeps its old pods if another writer changes the Service at the same moment", async () => {
    const { a } = await adopt();
    const left = replicaSet("web-5c", { labels: { ...labels, "pod-template-hash": "5c" } });
    world.api.intercept = ({ method, path }) => {
      if (method === "PATCH" && path === paths.service)
        object("service").spec.selector = { name: "web", tier: "front" };
      return undefined;
    };
    await assert.rejects(
      promote(a),
      /Service web in namespace dora-apps was changed by another writer at the same moment/,
    );
    assert.deepEqual(object("service").spec.selector, { name: "web", tier: "front" });
    assert.ok(world.api.objects.has(left));
  });

  it("is like any other service after the promotion: protected, at every weight", async () => {
    const { a } = await adopt();
    await promote(a);
    assert.equal(find(await world.up("prod", prod("a", described)), "Deployment").protect, true);
    await world.up("canary", canary("a", described));
    assert.deepEqual(object("service").spec.selector, { app: "web" });
    await world.up("canary", canary("a", { ...described, weight: 0 }));
    assert.deepEqual(object("service").spec.selector, { app: "web", track: "stable" });
  });

  it("keeps an old pod while it is an endpoint", async () => {
    const { a } = await adopt();
    const left = replicaSet("web-5c", { labels: { ...labels, "pod-template-hash": "5c" } });
    let looks = 0;
    world.api.intercept = ({ path }) => {
      if (!path.endsWith("/endpointslices")) return undefined;
      assert.deepEqual(object("service").spec.selector, { app: "web", track: "stable" });
      assert.ok(world.api.objects.has(left));
      const names = ++looks < 3 ? ["web-old-1", "web-new-1"] : ["web-new-1"];
      return {
        status: 200,
        body: { metadata: {}, items: [{ endpoints: names.map((name) => ({ targetRef: { name } })) }] },
      };
    };
    await promote(a);
    assert.equal(looks, 3);
    assert.equal(world.api.objects.has(left), false);
  });

  it("is cut over by the next up of stable if the last one ended too early", async () => {
    const { a } = await adopt();
    const left = replicaSet("web-5c", { labels: { ...labels, "pod-template-hash": "5c" } });
    world.api.intercept = ({ path }) =>
      path.endsWith("/endpointslices") ? { status: 500, body: { message: "the connection was lost" } } : undefined;
    await assert.rejects(promote(a), /the connection was lost/);
    assert.ok(record().adopted && world.api.objects.has(left));
    world.api.intercept = () => undefined;
    await world.up("prod", prod("a", described));
    assert.deepEqual([record().adopted, world.api.objects.has(left)], [undefined, false]);
  });

  it("keeps its old pods if ^C interrupts the wait for the endpoints, and is cut over by the next up of stable", async () => {
    const { a } = await adopt();
    const left = replicaSet("web-5c", { labels: { ...labels, "pod-template-hash": "5c" } });
    world.api.intercept = ({ path }) => {
      if (!path.endsWith("/endpointslices")) return undefined;
      process.emit("SIGINT");
      const items = [{ endpoints: [{ targetRef: { name: "web-old-1" } }] }];
      return { status: 200, body: { metadata: {}, items } };
    };
    await assert.rejects(
      promote(a),
      /This run was interrupted before the adopted pods of web in namespace dora-apps were removed: the next pulumi up of the stack that owns stable goes on with that\./,
    );
    assert.ok(record().adopted && world.api.objects.has(left));
    world.api.intercept = () => undefined;
    await world.up("prod", prod("a", described));
    assert.deepEqual([record().adopted, world.api.objects.has(left)], [undefined, false]);
  });

  it("may be replaced until the stack state holds the replacement, because an up may be killed before it writes its state", async () => {
    const { a } = await adopt();
    const before = world.stashes.get("prod web-state");
    await promote(a);
    world.stashes.set("prod web-state", before as Stashed);
    assert.equal(find(await world.up("prod", prod("a", described)), "Deployment").protect, false);
    assert.equal(find(await world.up("prod", prod("a", described)), "Deployment").protect, true);
  });

  it("is not replaced if its pods would be deleted with it", async () => {
    const { a } = await adopt();
    delete object("deployment").metadata.annotations?.["pulumi.com/deletionPropagationPolicy"];
    await assert.rejects(promote(a), /has lost the annotation pulumi\.com\/deletionPropagationPolicy: orphan/);
    assert.deepEqual(object("deployment").spec.selector.matchLabels, labels);
  });

  it("is refused if the record was lost, until an up with GRAY_ADOPT has recorded the adoption again", async () => {
    const { old } = await adopt();
    world.api.objects.delete(world.recordPath("web"));
    await assert.rejects(
      world.up("canary", canary("a", described)),
      /Deployment web in namespace dora-apps was adopted, but the record in ConfigMap web-rollout does not say so: run pulumi up once with GRAY_ADOPT=dora-apps\/web/,
    );
    await world.up("canary", canary("a", described), GRAY_ADOPT);
    assert.equal(record().adopted.release, old);
  });

  describe("with an HTTPRoute to its Service", () => {
    const route = "/apis/gateway.networking.k8s.io/v1/namespaces/dora-apps/httproutes/web";
    const gateways = [{ name: "public", namespace: "infra" }];
    const gateway = { gateway: { routes: [{ gateways, hostnames: ["a.example.com"] }] } };
    const rules = [{ backendRefs: [{ kind: "Service", name: "web", port: 80 }] }];
    const marks = () => world.api.objects.get(route)?.metadata ?? assert.fail();
    beforeEach(() => {
      world.installGateway();
      const metadata = { name: "web", namespace: "dora-apps", annotations: { team: "dora" } };
      world.api.put(route, { metadata, spec: { parentRefs: gateways, hostnames: ["a.example.com"], rules } });
    });

    it("is adopted with it: the route leads to the Service until stable is promoted, then the program splits it", async () => {
      const { a } = await adopt(gateway);
      assert.deepEqual(record().adopted.routes, ["web"]);
      assert.deepEqual(world.api.objects.get(route)?.spec.rules, rules);
      assert.deepEqual(object("service").spec.selector, labels);
      const again = await world.up("canary", canary("a", { ...described, ...gateway }));
      assert.ok(!again.resources.some(({ type }) => type.endsWith(":HTTPRoute")));
      const owner = object("service").metadata.annotations?.["gray-release/owner"];
      await promote(a, gateway);
      assert.equal(record().adopted, undefined);
      const { labels: given, annotations } = marks();
      assert.deepEqual(given, { "gray-release/service": "web" });
      assert.deepEqual(annotations, { team: "dora", "gray-release/owner": owner });
      const run = await world.up("canary", canary("a", { ...described, ...gateway }));
      assert.ok(find(run, "HTTPRoute"));
      const names = world.api.objects
        .get(route)
        ?.spec.rules.at(-1)
        .backendRefs.map(({ name }: { name: string }) => name);
      assert.deepEqual(names, ["web-stable", "web-canary"]);
    });

    it("is refused with a route that is described otherwise", async () => {
      const other = { gateway: { routes: [{ gateways, hostnames: ["b.example.com"] }] } };
      await assert.rejects(
        world.up("prod", prod("a", { ...described, ...other }), GRAY_ADOPT),
        /cannot be adopted: HTTPRoute web has .*a\.example\.com/,
      );
      assert.equal(record(), null);
    });
  });

  describe("with an autoscaler, a disruption budget and a further Service", () => {
    const of = {
      autoscaler: "/apis/autoscaling/v2/namespaces/dora-apps/horizontalpodautoscalers/web",
      budget: "/apis/policy/v1/namespaces/dora-apps/poddisruptionbudgets/web",
      ofCanary: "/apis/policy/v1/namespaces/dora-apps/poddisruptionbudgets/web-canary",
      internal: `${home}/services/web-internal`,
    };
    const changes: Partial<ServiceArgs> = {
      replicas: undefined as never,
      autoscaling: { minReplicas: 3, maxReplicas: 9, cpu: "70%" },
      disruptionBudget: { minAvailable: 2 },
      services: { internal: { ports: [{ name: "", port: 8080 }] } },
    };
    const spec = (which: keyof typeof of) => world.api.objects.get(of[which])?.spec;
    const marks = (which: keyof typeof of) => world.api.objects.get(of[which])?.metadata ?? assert.fail(which);
    const metadata = (name: string) => ({ name, namespace: "dora-apps", annotations: { team: "dora" } });
    let before: object;
    beforeEach(() => {
      world.api.put(of.autoscaler, {
        metadata: metadata("web"),
        spec: {
          minReplicas: 3,
          maxReplicas: 9,
          metrics: [
            { type: "Resource", resource: { name: "cpu", target: { type: "Utilization", averageUtilization: 70 } } },
          ],
          scaleTargetRef: { apiVersion: "apps/v1", kind: "Deployment", name: "web" },
        },
      });
      world.api.put(of.budget, {
        metadata: metadata("web"),
        spec: { minAvailable: 2, selector: { matchLabels: labels } },
      });
      const ports = [{ port: 8080, targetPort: 8080, protocol: "TCP" }];
      world.api.put(of.internal, {
        metadata: metadata("web-internal"),
        spec: { type: "ClusterIP", selector: labels, ports },
      });
      before = structuredClone([spec("autoscaler"), spec("budget"), spec("internal")]);
    });
    const behindInternal = (...names: string[]) =>
      world.api.put("/apis/discovery.k8s.io/v1/namespaces/dora-apps/endpointslices/web-internal", {
        metadata: { name: "web-internal", labels: { "kubernetes.io/service-name": "web-internal" } },
        endpoints: names.map((name) => ({ targetRef: { name } })),
      });

    /** Of one pod, as the new Deployment has at first. */
    const oldReplicaSet = () => {
      const path = replicaSet("web-5c", { labels: { ...labels, "pod-template-hash": "5c" } });
      Object.assign(world.api.objects.get(path)?.spec, { replicas: 1 });
      return path;
    };

    it("is adopted with them, each by the stack that owns it, and they stay as they are", async () => {
      const run = await world.up("prod", prod("a", { ...described, ...changes }), GRAY_ADOPT);
      assert.equal(find(run, "HorizontalPodAutoscaler").imports, "dora-apps/web");
      assert.equal(find(run, "PodDisruptionBudget").imports, "dora-apps/web");
      const front = await world.up("canary", canary("a", { ...described, ...changes }), GRAY_ADOPT);
      assert.equal(find(front, "Service", "web-internal").imports, "dora-apps/web-internal");
      assert.deepEqual([spec("autoscaler"), spec("budget"), spec("internal")], before);
      for (const which of ["autoscaler", "budget", "internal"] as const) {
        const { labels: given, annotations } = marks(which);
        assert.equal(given?.["gray-release/service"], "web");
        assert.equal(annotations?.team, "dora");
      }
      assert.equal(object("service").metadata.annotations?.["gray-release/followers"], "web-internal");
      assert.equal(spec("ofCanary"), undefined, "the API server evicts no pod that two budgets count");
    });

    it("is not changed by a preview", async () => {
      const held = JSON.stringify([...world.api.objects]);
      await world.up("prod", prod("a", { ...described, ...changes }), { ...GRAY_ADOPT, preview: true });
      await world.up("canary", canary("a", { ...described, ...changes }), { ...GRAY_ADOPT, preview: true });
      assert.equal(JSON.stringify([...world.api.objects]), held);
    });

    it("is refused with one that is described otherwise, and without an adoption as any other", async () => {
      await assert.rejects(
        world.up("prod", prod("a", { ...described, ...changes, disruptionBudget: {} }), GRAY_ADOPT),
        /cannot be adopted: PodDisruptionBudget web has maxUnavailable none and the program makes 1 of it/,
      );
      await adopt({ replicas: "external" });
      await assert.rejects(
        world.up("prod", prod("a", { ...described, ...changes, release: "current" })),
        /HorizontalPodAutoscaler web in namespace dora-apps already scales Deployment web/,
      );
    });

    it("is refused while another budget counts its pods, which the API server would evict no more", async () => {
      const other = of.budget.replace(/web$/, "edge");
      const put = (selector: object) => world.api.put(other, { metadata: metadata("edge"), spec: { selector } });
      put({ matchExpressions: [{ key: "name", operator: "In", values: ["web", "db"] }] });
      await assert.rejects(
        world.up("prod", prod("a", { ...described, ...changes }), GRAY_ADOPT),
        /PodDisruptionBudget edge counts the pods of Deployment web, and the API server evicts no pod that two budgets count, so remove disruptionBudget from the program/,
      );
      put({ matchLabels: { name: "db" } });
      await world.up("prod", prod("a", { ...described, ...changes }), GRAY_ADOPT);
      put({});
      await world.up("canary", canary("a", { ...described, ...changes }), GRAY_ADOPT);
    });

    it("counts and reaches the adopted pods until they have ended, then those of the tracks", async () => {
      const { old, a } = await adopt(changes);
      const again = await world.up("prod", prod("a", { ...described, ...changes, release: "current" }));
      assert.equal(find(again, "PodDisruptionBudget").imports, "");
      assert.equal(marks("budget").annotations?.["gray-release/adopted"], old);
      await world.up("canary", canary("a", { ...described, ...changes }));
      const [hpa, { selector }] = [spec("autoscaler"), spec("internal")];
      assert.deepEqual([hpa, spec("budget"), selector], [(before as unknown[])[0], (before as unknown[])[1], labels]);

      behindInternal("web-new-1");
      const left = oldReplicaSet();
      const run = await promote(a, changes);
      assert.ok(find(run, "PodDisruptionBudget").dependsOn.includes("web"), "until the last adopted pod has ended");
      assert.equal(world.api.objects.has(left), false);
      assert.deepEqual(spec("budget"), { minAvailable: 2, selector: { matchLabels: { app: "web", track: "stable" } } });
      assert.equal(marks("budget").annotations?.["gray-release/adopted"], undefined);
      assert.deepEqual(spec("internal").selector, { app: "web", track: "stable" });
      assert.deepEqual(spec("autoscaler"), (before as unknown[])[0]);
      assert.equal(spec("ofCanary"), undefined);
      await world.up("canary", canary("a", { ...described, ...changes }));
      assert.deepEqual(spec("ofCanary").selector.matchLabels, { app: "web", track: "canary" });
      assert.deepEqual(spec("internal").selector, { app: "web" });
    });

    it("keeps an old pod while it is an endpoint of the further Service", async () => {
      const { a } = await adopt(changes);
      const left = oldReplicaSet();
      let looks = 0;
      world.api.intercept = ({ path, query }) => {
        if (!path.endsWith("/endpointslices")) return undefined;
        if (!query.get("labelSelector")?.endsWith("=web-internal")) return undefined;
        assert.ok(world.api.objects.has(left));
        behindInternal(...(++looks < 3 ? ["web-old-1", "web-new-1"] : ["web-new-1"]));
        return undefined;
      };
      await promote(a, changes);
      assert.equal(looks, 3);
      assert.equal(world.api.objects.has(left), false);
    });
  });

  it("keeps the labels of its Deployment", async () => {
    object("deployment").metadata.labels = { "helm.sh/chart": "web-1.2.3", name: "web" };
    const { a } = await adopt();
    assert.deepEqual(record().adopted.labels, { "helm.sh/chart": "web-1.2.3" });
    await promote(a);
    assert.equal(object("deployment").metadata.labels?.["helm.sh/chart"], "web-1.2.3");
  });

  it("is adopted, tried and promoted in one stack as well", async () => {
    const run = await world.up("all", both("a", described), GRAY_ADOPT);
    assert.deepEqual(
      [find(run, "Deployment").imports, find(run, "Service").imports],
      ["dora-apps/web", "dora-apps/web"],
    );
    const a = world.runs("web-canary");
    assert.deepEqual(object("deployment").spec.selector.matchLabels, labels);
    const { warnings } = await world.up("all", both("a", described));
    assert.match(warnings.join(), /web stable stays at [0-9a-f]{12}\. .*has not been judged good yet/);
    assert.deepEqual(object("deployment").spec.selector.matchLabels, labels);
    world.writeRecord({ verdicts: { [a]: verdict("good") } }, "web");
    pod("web-new-1", { app: "web", track: "stable" });
    behind("web-new-1");
    await world.up("all", both("a", described));
    assert.equal(world.runs("web"), a);
    await world.up("all", both("a", described));
    assert.deepEqual(object("service").spec.selector, { app: "web" });
  });

  it("is not adopted if it is ours already", async () => {
    for (const path of Object.values(paths)) world.api.objects.delete(path);
    await world.up("all", both("a"));
    const run = await world.up("all", both("a"), GRAY_ADOPT);
    assert.ok(run.resources.every(({ imports }) => imports === ""));
    assert.equal(object("deployment").metadata.annotations?.["gray-release/adopted"], undefined);
    assert.equal(record().adopted, undefined);
  });
});
