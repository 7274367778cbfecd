import assert from "node:assert/strict";
import { connect } from "../../kubernetes/client.ts";
import { findAccess } from "../../kubernetes/kubeconfig.ts";
import type { DeploymentObject } from "../../kubernetes/objects/deployment.ts";
import { listPath } from "../../kubernetes/resources.ts";
import { arrived, configMapsInUse, isComplete, podSpecsInUse, readLive, releaseOf } from "../../live/live.ts";
import { filesIn, readConfigMaps } from "../../record/release-store.ts";
import { ApiServer } from "../fake/api-server.ts";
import { direct } from "../fake/direct.ts";
import { putVerdict } from "../fake/stored-record.ts";
import { verdict } from "../fake/world.ts";

const deployment = (status: object, replicas = 9, generation = 4) =>
  ({ metadata: { generation }, spec: { replicas }, status }) as DeploymentObject;
const complete = { observedGeneration: 4, replicas: 9, updatedReplicas: 9, availableReplicas: 9 };

describe("a Deployment runs its release completely", () => {
  it("if all pods run it and are available, and no other pod is left", () => {
    assert.equal(isComplete(deployment(complete)), true);
  });

  for (const [sentence, changes] of [
    ["its controller has not seen the change yet", { observedGeneration: 3 }],
    ["a pod of another release is left", { replicas: 10 }],
    ["a pod is still missing", { updatedReplicas: 8 }],
    ["a pod is not available yet", { availableReplicas: 8 }],
    ["nothing is known of it", { observedGeneration: undefined }],
  ] as [string, object][]) {
    it(`unless ${sentence}`, () => {
      assert.equal(isComplete(deployment({ ...complete, ...changes })), false);
    });
  }

  it("unless it has no pods at all", () => {
    assert.equal(isComplete(deployment({ observedGeneration: 4 }, 0)), false);
    assert.equal(
      isComplete(deployment({ observedGeneration: 4, replicas: 0, updatedReplicas: 0, availableReplicas: 0 }, 0)),
      false,
    );
  });
});

describe("the number of pods that run a Deployment's current template", () => {
  for (const [count, changes] of [
    [9, {}],
    [4, { replicas: 10, updatedReplicas: 5 }],
    [5, { replicas: 10, updatedReplicas: 5, availableReplicas: 10 }],
    [0, { replicas: 10, updatedReplicas: 1, availableReplicas: 8 }],
    [0, { observedGeneration: 3 }],
  ] as [number, object][]) {
    it(`is ${count} with ${JSON.stringify(changes)}`, () => {
      assert.equal(arrived(deployment({ ...complete, ...changes })), count);
    });
  }
});

describe("the live objects of a service", () => {
  let api: ApiServer;
  const read = (namespace = "dora-apps", routed = false) =>
    readLive({ api: connect(findAccess({ kubeconfig: api.kubeconfig })), namespace, service: "web" }, routed);
  beforeEach(async () => {
    api = await ApiServer.start();
  });
  afterEach(() => api.stop());

  it("are only the namespace at first", async () => {
    assert.deepEqual(await read(), {
      cluster: "cluster-uid",
      namespaceExists: true,
      deployments: {},
      front: { service: undefined, canaryAccess: undefined, ingress: undefined, routes: [] },
    });
    assert.equal((await read("elsewhere")).namespaceExists, false);
  });

  it("are each track's Deployment by its name, and the shared Service", async () => {
    const template = (release: string) => ({ metadata: { labels: { release } }, spec: {} });
    for (const [name, release] of [
      ["web", "a"],
      ["web-canary", "b"],
    ] as const) {
      api.put(`/apis/apps/v1/namespaces/dora-apps/deployments/${name}`, {
        metadata: { name },
        spec: { template: template(release) },
      });
    }
    api.put("/api/v1/namespaces/dora-apps/services/web", {
      metadata: { name: "web" },
      spec: { selector: { app: "web" } },
    });
    const { deployments, front } = await read();
    assert.deepEqual([releaseOf(deployments.stable), releaseOf(deployments.canary)], ["a", "b"]);
    assert.deepEqual(front.service?.spec.selector, { app: "web" });
  });

  it("include its HTTPRoutes on request", async () => {
    const group = "/apis/gateway.networking.k8s.io/v1";
    api.put(group, { metadata: { name: "v1" } });
    api.put(`${group}/namespaces/dora-apps/httproutes/public`, {
      metadata: { name: "public", labels: { "gray-release/service": "web" } },
    });
    const { front } = await read("dora-apps", true);
    assert.deepEqual(
      front.routes.map(({ metadata }) => metadata.name),
      ["public"],
    );
    assert.deepEqual((await read()).front.routes, []);
  });

  it("are unknown if the server refuses to report them", async () => {
    api.intercept = ({ path }) =>
      path.includes("/deployments/") ? { status: 403, body: { message: "forbidden" } } : undefined;
    await assert.rejects(read(), /forbidden/);
  });
});

describe("the config files that must not be deleted", () => {
  it("are not the verdicts, although neither ever changes", async () => {
    const api = await ApiServer.start();
    try {
      const name = "web-config-0123456789";
      const metadata = { name, labels: { "gray-release/service": "web" } };
      api.put(`/api/v1/namespaces/dora-apps/configmaps/${name}`, { metadata, immutable: true, data: { a: "b" } });
      putVerdict(api, "bbbbbbbbbbbb", verdict("good"));
      api.intercept = ({ path }) => (path.endsWith("/pods") ? { status: 403, body: { message: "no" } } : undefined);
      const of = { api: direct(api), namespace: "dora-apps", service: "web" };
      const specs = await podSpecsInUse(of, of.api.list(listPath("Pod", "dora-apps"), "app=web"));
      const found = configMapsInUse(filesIn("web", await readConfigMaps(of)), specs);
      assert.deepEqual(found, { [name]: { a: "b" } });
    } finally {
      await api.stop();
    }
  });
});
