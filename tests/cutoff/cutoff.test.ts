import assert from "node:assert/strict";
import { PassThrough } from "node:stream";
import { setTimeout as sleep } from "node:timers/promises";
import fc from "fast-check";
import * as v from "valibot";
import type { Rule } from "../../components/rule.ts";
import { rulesSchema } from "../../components/rule-schema.ts";
import { routeSpec } from "../../components/traffic/gateway/args.ts";
import { gatewayMode } from "../../components/traffic/gateway/mode.ts";
import { cutOff } from "../../cutoff/cutoff.ts";
import { connect } from "../../kubernetes/client.ts";
import type { Cluster } from "../../kubernetes/cluster.ts";
import { findAccess } from "../../kubernetes/kubeconfig.ts";
import type { RouteObject } from "../../kubernetes/objects/route.ts";
import { routeCutoff } from "../../live/traffic/gateway/mode.ts";
import { anyRules } from "../components/any-rules.ts";
import { type ApiObject, ApiServer, patched } from "../fake/api-server.ts";

const namespace = "dora-apps";
const routePath = `/apis/gateway.networking.k8s.io/v1/namespaces/${namespace}/httproutes/web`;
const servicePath = `/api/v1/namespaces/${namespace}/services/web`;
const deploymentPath = `/apis/apps/v1/namespaces/${namespace}/deployments/web`;
const recordPath = `/api/v1/namespaces/${namespace}/configmaps/web-rollout`;

/** The live route of a program with this weight. */
function written(weight: number, rules: readonly Rule[] = []): RouteObject {
  const { backends = { stable: 100, canary: 0 } } = gatewayMode().plan(weight, 9, {});
  const spec = routeSpec({ gateways: [{ name: "public" }] }, namespace, {
    service: "web",
    port: 80,
    token: "t",
    rules,
    backends,
  });
  return { metadata: { name: "web", namespace, labels: { "gray-release/service": "web" } }, spec };
}

describe("the cutoff of a route", () => {
  const anyWeight = fc.integer({ min: 0, max: 100_000 }).map((thousandths) => thousandths / 1000);

  it("makes the same route as the program at weight 0, at any weight and with any rules", () => {
    fc.assert(
      fc.property(anyWeight, anyRules, (weight, rules) => {
        fc.pre(v.is(rulesSchema, rules) && compiles(weight, rules));
        const live = written(weight, rules);
        assert.deepEqual(patched(live, routeCutoff(live))?.spec, written(0, rules).spec);
      }),
    );
  });

  it("does not change a route that is cut off already", () => {
    const live = written(0, [{ to: "canary", headers: { "x-beta": "1" } }]);
    assert.deepEqual(routeCutoff(live), []);
  });
});

describe("the traffic cutoff", () => {
  let api: ApiServer;
  const cutWeb = () =>
    cutOff({
      api: connect(findAccess({ kubeconfig: api.kubeconfig })),
      cluster: "cluster-uid",
      namespace,
      service: "web",
    });
  const stablePod = (ready: "True" | "False") =>
    api.put(`/api/v1/namespaces/${namespace}/pods/web-1`, {
      metadata: { name: "web-1", namespace, labels: { app: "web", track: "stable" } },
      status: { phase: "Running", conditions: [{ type: "Ready", status: ready }] },
    });
  const labels = { "gray-release/service": "web" };
  /** The shared Service, as the program writes it. */
  const shared = (annotations: Record<string, string> = {}) =>
    api.put(servicePath, {
      metadata: { name: "web", namespace, labels, annotations },
      spec: { selector: { app: "web" } },
    });
  const selector = () => api.objects.get(servicePath)?.spec.selector;
  const record = () => JSON.parse(api.objects.get(recordPath)?.data.record ?? "{}");
  beforeEach(async () => {
    api = await ApiServer.start({ hasConnections: true });
    shared();
    api.put("/apis/gateway.networking.k8s.io/v1", { metadata: { name: "v1" } });
    api.put(routePath, written(10, [{ to: "canary", headers: { "x-beta": "1" } }]) as ApiObject);
    stablePod("True");
  });
  afterEach(() => api.stop());

  it("takes users off canary in the Service and the routes, and raises the record's number", async () => {
    assert.equal(await cutWeb(), undefined);
    assert.deepEqual(selector(), { app: "web", track: "stable" });
    assert.deepEqual(api.objects.get(routePath)?.spec, written(0, [{ to: "canary", headers: { "x-beta": "1" } }]).spec);
    assert.equal(record().sequence, 1);
  });

  it("takes users off canary in the Services that follow the shared one, and changes no other Service", async () => {
    const path = (name: string) => servicePath.replace(/web$/, name);
    const spec = { selector: { app: "web" } };
    const followers = { "gray-release/followers": "web-internal,theirs,gone" };
    shared(followers);
    api.put(path("web-internal"), { metadata: { name: "web-internal", namespace, labels }, spec });
    api.put(path("theirs"), { metadata: { name: "theirs", namespace }, spec });
    api.put(path("web-all"), { metadata: { name: "web-all", namespace, labels }, spec });
    assert.equal(await cutWeb(), undefined);
    const selected = (name: string) => api.objects.get(path(name))?.spec.selector.track;
    assert.deepEqual(["web", "web-internal", "theirs", "web-all"].map(selected), [
      "stable",
      "stable",
      undefined,
      undefined,
    ]);
  });

  it("is idempotent", async () => {
    await cutWeb();
    await cutWeb();
    assert.equal(api.requests.filter(({ method }) => method === "PATCH").length, 2);
  });

  it("works for a service without routes, in a cluster without the Gateway API", async () => {
    api.objects.delete("/apis/gateway.networking.k8s.io/v1");
    api.objects.delete(routePath);
    await cutWeb();
    assert.deepEqual(selector(), { app: "web", track: "stable" });
  });

  it("reads an object again if another writer was faster", async () => {
    let once = true;
    api.intercept = ({ method, path }) => {
      if (method !== "PATCH" || path !== routePath || !once) return undefined;
      once = false;
      api.put(routePath, written(50) as ApiObject);
      return undefined;
    };
    await cutWeb();
    assert.deepEqual(api.objects.get(routePath)?.spec, written(0).spec);
  });

  it("is made even if the record cannot be read, and reports that", async () => {
    api.put(recordPath, { metadata: { name: "web-rollout" }, data: { record: "no JSON" } });
    assert.match((await cutWeb()) ?? "", /^The record web-rollout .* cannot be read/);
    assert.deepEqual(selector(), { app: "web", track: "stable" });
  });

  it("needs no permission to read Deployments", async () => {
    api.intercept = ({ path }) =>
      path.includes("/deployments") ? { status: 403, body: { message: "deployments is forbidden" } } : undefined;
    assert.equal(await cutWeb(), undefined);
    assert.deepEqual(selector(), { app: "web", track: "stable" });
  });

  it("is made even if reading the record fails, or gets no answer", async () => {
    const isRecord = (path: string) => path.endsWith("/configmaps/web-rollout");
    api.intercept = ({ path }) => (isRecord(path) ? { status: 500, body: { message: "etcd is away" } } : undefined);
    assert.match((await cutWeb()) ?? "", /etcd is away/);
    assert.deepEqual(selector(), { app: "web", track: "stable" });
    shared();
    api.intercept = ({ path }) => (isRecord(path) ? { status: 200, stream: new PassThrough() } : undefined);
    assert.equal(await cutWeb(), "the cluster did not write it in time");
    assert.deepEqual(selector(), { app: "web", track: "stable" });
  });

  it("leaves users on canary while no pod of stable is ready", async () => {
    stablePod("False");
    await assert.rejects(cutWeb(), {
      name: "UserError",
      message:
        "Canary of web is not cut off, because no pod of stable is ready: canary goes on serving until you repair stable.",
    });
    assert.deepEqual(selector(), { app: "web" });
  });

  it("scales canary to zero for an adopted service, whose pods have no label track", async () => {
    const adopted = { release: "0123456789ab", front: { app: "web" } };
    const canary = `/apis/apps/v1/namespaces/${namespace}/deployments/web-canary`;
    api.objects.delete(`/api/v1/namespaces/${namespace}/pods/web-1`);
    const annotations = { "gray-release/adopted": adopted.release };
    for (const mark of [
      () => api.put(recordPath, recordWith({ adopted })),
      () => {
        api.put(recordPath, recordWith({}));
        api.put(canary.replace("-canary", ""), { metadata: { name: "web", namespace, annotations } });
      },
    ]) {
      mark();
      api.put(canary, { metadata: { name: "web-canary", namespace }, spec: { replicas: 2 } });
      await cutWeb();
      assert.deepEqual([api.objects.get(canary)?.spec.replicas, selector()], [0, { app: "web" }]);
      assert.equal(record().sequence, 1);
    }
  });

  describe("of a worker, which has no Service", () => {
    const canary = `/apis/apps/v1/namespaces/${namespace}/deployments/web-canary`;
    const pods = () => api.objects.get(canary)?.spec.replicas;
    beforeEach(() => {
      for (const path of [servicePath, routePath]) api.objects.delete(path);
      api.put(canary, { metadata: { name: "web-canary", namespace }, spec: { replicas: 2 } });
    });

    it("scales canary to zero at once, and raises the record's number", async () => {
      assert.equal(await cutWeb(), undefined);
      assert.deepEqual([pods(), record().sequence], [0, 1]);
    });

    it("is made although Deployments cannot be read", async () => {
      api.intercept = ({ method, path }) =>
        method === "GET" && path.includes("/deployments") ? { status: 403, body: { message: "forbidden" } } : undefined;
      await cutWeb();
      assert.equal(pods(), 0);
    });

    describe("beside a Service of its name that another creator made", () => {
      const marked = { "gray-release/worker": "true" };
      const theirs = () =>
        api.put(servicePath, { metadata: { name: "web", namespace }, spec: { selector: { app: "web" } } });
      beforeEach(theirs);

      for (const [sentence, isUnread] of [
        ["by canary's Deployment", () => false],
        ["by stable's Deployment, if that of canary cannot be read", (path: string) => path === canary],
        ["although no Deployment can be read", (path: string) => path.includes("/deployments")],
        ["although the pods cannot be read either", (path: string) => /deployments|pods/.test(path)],
      ] as const) {
        it(`scales canary to zero all the same, ${sentence}`, async () => {
          api.put(canary, { metadata: { name: "web-canary", namespace, annotations: marked }, spec: { replicas: 2 } });
          api.put(deploymentPath, { metadata: { name: "web", namespace, annotations: marked } });
          api.intercept = ({ method, path }) =>
            method === "GET" && isUnread(path) ? { status: 403, body: { message: "forbidden" } } : undefined;
          await cutWeb();
          assert.deepEqual([pods(), selector()], [0, { app: "web" }]);
        });
      }

      it("goes by its Deployments even if that Service has the label of the program", async () => {
        shared();
        api.put(canary, { metadata: { name: "web-canary", namespace, annotations: marked }, spec: { replicas: 2 } });
        await cutWeb();
        assert.deepEqual([pods(), selector()], [0, { app: "web" }]);
      });
    });

    it("tries again after a failure of the server", async () => {
      let failures = 2;
      api.intercept = ({ method, path }) =>
        method === "PATCH" && path === canary && failures-- > 0 ? { status: 500, body: {} } : undefined;
      await cutWeb();
      assert.equal(pods(), 0);
    });

    it("is not made while no pod of stable is ready, and has nothing to do without canary's Deployment", async () => {
      stablePod("False");
      await assert.rejects(cutWeb(), /no pod of stable is ready/);
      assert.equal(pods(), 2);
      stablePod("True");
      api.objects.delete(canary);
      assert.equal(await cutWeb(), undefined);
    });

    it("waits for an answer about the Service, rather than taking none for none", async () => {
      let failures = 3;
      shared();
      api.intercept = ({ method, path }) =>
        method === "GET" && path === servicePath && failures-- > 0 ? { status: 503, body: {} } : undefined;
      await cutWeb();
      assert.deepEqual([pods(), selector()], [2, { app: "web", track: "stable" }]);
    });
  });

  describe("needs nothing but the front", () => {
    const isPods = (path: string) => path.endsWith("/pods");
    const isRoutes = (path: string) => path.includes("/httproutes");
    const fails = (status: number, matches: (path: string) => boolean) => {
      api.intercept = ({ path }) => (matches(path) ? { status, body: { message: "no" } } : undefined);
    };
    const byPods = () => {
      api.objects.delete(routePath);
    };

    for (const status of [403, 500]) {
      it(`if the list of pods is answered with ${status}`, async () => {
        fails(status, isPods);
        await cutWeb();
        assert.deepEqual(selector(), { app: "web", track: "stable" });
      });
    }

    it("if the list of pods gets no answer", async () => {
      api.intercept = ({ path }) => (isPods(path) ? { status: 200, stream: new PassThrough() } : undefined);
      await cutWeb();
      assert.deepEqual(selector(), { app: "web", track: "stable" });
    });

    const lookups = { pods: "/pods", deployment: deploymentPath, record: recordPath } as const;
    for (const [hanging, read] of [
      ["pods", "deployment"],
      ["deployment", "pods"],
      ["record", "pods"],
      ["record", "deployment"],
    ] as const) {
      it(`if the read of ${hanging} gets no answer and the others fail, until that of ${read} succeeds`, async () => {
        let failures = 3;
        api.intercept = ({ path }) => {
          if (path.endsWith(lookups[hanging])) return { status: 200, stream: new PassThrough() };
          const isLookup = Object.values(lookups).some((each) => path.endsWith(each));
          const fails = isLookup && !(path.endsWith(lookups[read]) && failures-- <= 0);
          return fails ? { status: 503, body: { message: "no" } } : undefined;
        };
        await cutWeb();
        assert.deepEqual(selector(), { app: "web", track: "stable" });
      });
    }

    it("and no permission to read HTTPRoutes if traffic is split by number of pods", async () => {
      byPods();
      fails(403, isRoutes);
      await cutWeb();
      assert.deepEqual(selector(), { app: "web", track: "stable" });
    });

    it("but that permission with a gateway; without it the Service is cut off all the same", async () => {
      api.put(`/api/v1/namespaces/${namespace}/services/web-stable`, { metadata: { name: "web-stable" } });
      fails(403, isRoutes);
      await assert.rejects(cutWeb(), /^ApiError: no \(GET .*httproutes: 403\)/);
      assert.deepEqual(selector(), { app: "web", track: "stable" });
    });

    it("and cuts off each object even if another one fails", async () => {
      fails(500, isRoutes);
      await assert.rejects(cutWeb(), /^ApiError: no/);
      assert.deepEqual(selector(), { app: "web", track: "stable" });
      fails(500, (path) => path === servicePath);
      await assert.rejects(cutWeb(), /^ApiError: no/);
      assert.deepEqual(
        api.objects.get(routePath)?.spec,
        written(0, [{ to: "canary", headers: { "x-beta": "1" } }]).spec,
      );
    });

    it("and one answer to whether the service was adopted", async () => {
      const isUnknown = (path: string) => isPods(path) || path === deploymentPath || path === recordPath;
      fails(500, isUnknown);
      await assert.rejects(cutWeb(), /^ApiError: no/);
      assert.deepEqual(selector(), { app: "web" });
      for (const known of ["/pods", deploymentPath, recordPath]) {
        shared();
        fails(500, (path) => isUnknown(path) && !path.endsWith(known));
        await cutWeb();
        assert.deepEqual(selector(), { app: "web", track: "stable" }, known);
      }
    });
  });

  it("fails while a proxy answers 404 for an object of the front, and succeeds afterwards", async () => {
    const proxied = { status: 404, body: "default backend - 404" };
    api.put(`/api/v1/namespaces/${namespace}/services/web-stable`, { metadata: { name: "web-stable" } });
    for (const matches of [
      (path: string) => path === servicePath,
      (path: string) => path.endsWith("/httproutes"),
      (path: string) => path.startsWith("/apis/gateway"),
      () => true,
    ]) {
      api.intercept = ({ path }) => (matches(path) ? proxied : undefined);
      await assert.rejects(cutWeb(), /not by the Kubernetes API server/);
    }
    api.intercept = ({ path }) => (path === recordPath ? proxied : undefined);
    assert.match((await cutWeb()) ?? "", /not by the Kubernetes API server/);
    assert.deepEqual(selector(), { app: "web", track: "stable" });
    assert.deepEqual(api.objects.get(routePath)?.spec, written(0, [{ to: "canary", headers: { "x-beta": "1" } }]).spec);
  });

  it("does not create a record again that was deleted", async () => {
    const trouble = await cutOff({
      api: connect(findAccess({ kubeconfig: api.kubeconfig })),
      cluster: "cluster-uid",
      namespace,
      service: "web",
      isNoted: ({ epoch = 0 }) => epoch >= 4,
    });
    assert.equal(trouble, "The record does not exist any more");
    assert.deepEqual([selector(), api.objects.has(recordPath)], [{ app: "web", track: "stable" }, false]);
  });

  it("changes nothing if its fence throws, and is made if the record for the fence cannot be read", async () => {
    const fenced = () =>
      cutOff({
        api: connect(findAccess({ kubeconfig: api.kubeconfig })),
        cluster: "cluster-uid",
        namespace,
        service: "web",
        fence({ epoch = 0 }) {
          if (epoch > 4) throw new Error("another drives");
        },
      });
    api.put(recordPath, recordWith({ epoch: 5 }));
    await assert.rejects(fenced(), /^Error: another drives$/);
    assert.deepEqual([selector(), record().sequence], [{ app: "web" }, 0]);
    api.intercept = ({ path }) => (path === recordPath ? { status: 500, body: { message: "no" } } : undefined);
    assert.match((await fenced()) ?? "", /^no /);
    assert.deepEqual(selector(), { app: "web", track: "stable" });
    shared();
    api.intercept = () => undefined;
    api.put(recordPath, recordWith({ epoch: 4 }));
    assert.equal(await fenced(), undefined);
    assert.deepEqual([selector(), record().sequence], [{ app: "web", track: "stable" }, 1]);
  });

  it("waits for a server that is slow with every answer", async () => {
    const slow = connect(findAccess({ kubeconfig: api.kubeconfig }));
    const late =
      <A extends unknown[], R>(call: (...args: A) => Promise<R>) =>
      async (...args: A): Promise<R> => {
        await sleep(600);
        return call(...args);
      };
    const slowed: Cluster = {
      ...slow,
      get: late(slow.get) as Cluster["get"],
      list: late(slow.list) as Cluster["list"],
      until: () => slowed,
    };
    await cutOff({ api: slowed, cluster: "cluster-uid", namespace, service: "web" });
    assert.deepEqual(selector(), { app: "web", track: "stable" });
  });

  it("leaves a rule without backends as it is", async () => {
    const live = written(10) as unknown as ApiObject;
    live.spec.rules.unshift({ matches: [{ path: { type: "Exact", value: "/old" } }], filters: [] });
    api.put(routePath, live);
    await cutWeb();
    assert.deepEqual(api.objects.get(routePath)?.spec.rules.slice(1), written(0).spec.rules);
  });

  it("fails without the permission to change the front", async () => {
    api.intercept = ({ method }) =>
      method === "PATCH" ? { status: 403, body: { message: "services is forbidden" } } : undefined;
    await assert.rejects(cutWeb(), /services is forbidden/);
  });
});

function recordWith(changes: object): ApiObject {
  const record = { version: 2, cluster: "cluster-uid", sequence: 0, verdicts: {}, stableHistory: [], ...changes };
  return { metadata: { name: "web-rollout" }, data: { record: JSON.stringify(record) } };
}

function compiles(weight: number, rules: readonly Rule[]): boolean {
  try {
    written(weight, rules);
    return true;
  } catch {
    return false;
  }
}
