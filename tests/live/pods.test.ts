import assert from "node:assert/strict";
import { connect } from "../../kubernetes/client.ts";
import { findAccess } from "../../kubernetes/kubeconfig.ts";
import type { PodObject } from "../../kubernetes/objects/pod.ts";
import { listPods } from "../../live/pods.ts";
import { ApiServer } from "../fake/api-server.ts";

const container = (name: string, changes: object = {}) => ({ name, ready: true, restartCount: 0, ...changes });

/** fop-gate with its log agent, a native sidecar, and an init container that ended. */
function podObject(name: string, metadata: object = {}, status: object = {}): PodObject {
  return {
    metadata: {
      name,
      uid: `uid-of-${name}`,
      creationTimestamp: "2026-01-01T00:00:00Z",
      labels: { app: "fop-gate", track: "canary", release: "1f3870be274f" },
      annotations: { "prometheus.io/port": "8080" },
      ...metadata,
    },
    spec: {
      containers: [{ name: "fop-gate", ports: [{ name: "http", containerPort: 8080 }] }],
      initContainers: [
        { name: "migrate" },
        { name: "log-agent", restartPolicy: "Always", ports: [{ containerPort: 2020 }] },
      ],
    },
    status: {
      phase: "Running",
      conditions: [{ type: "Ready", status: "True" }],
      containerStatuses: [container("fop-gate", { restartCount: 2 })],
      initContainerStatuses: [container("migrate", { restartCount: 5 }), container("log-agent", { restartCount: 1 })],
      ...status,
    },
  };
}

describe("the pods of a service", () => {
  let api: ApiServer;
  const list = () =>
    listPods({ api: connect(findAccess({ kubeconfig: api.kubeconfig })), namespace: "dora-apps", service: "fop-gate" });
  const put = (pod: PodObject) =>
    api.put(`/api/v1/namespaces/dora-apps/pods/${pod.metadata.name}`, structuredClone(pod) as never);

  beforeEach(async () => {
    api = await ApiServer.start();
  });
  afterEach(() => api.stop());

  it("have release, track, readiness, and the restarts of containers and native sidecars", async () => {
    put(podObject("a"));
    assert.deepEqual(await list(), [
      {
        name: "a",
        uid: "uid-of-a",
        release: "1f3870be274f",
        track: "canary",
        ready: true,
        terminating: false,
        restarts: 3,
        endsAtOnce: true,
        annotations: { "prometheus.io/port": "8080" },
        ports: [{ name: "http", containerPort: 8080 }, { containerPort: 2020 }],
      },
    ]);
  });

  it("are asked by the HTTP probes of their containers, every ten seconds by default", async () => {
    put({
      ...podObject("a"),
      spec: {
        containers: [
          { name: "web", readinessProbe: { httpGet: {}, periodSeconds: 2 }, livenessProbe: { httpGet: {} } },
          { name: "log", readinessProbe: { periodSeconds: 1 }, livenessProbe: { grpc: {} } },
        ],
      },
    });
    assert.deepEqual((await list())[0]?.probes, [0.5, 0.1]);
  });

  it("answer gRPC calls if their first port's name or their readiness probe says so", async () => {
    const web = { name: "web", ports: [{ name: "http", containerPort: 80 }] };
    const rows: [containers: PodObject["spec"]["containers"], grpc: true | undefined][] = [
      [[web], undefined],
      [[{ name: "web", ports: [{ name: "grpc", containerPort: 80 }] }], true],
      [[{ name: "web", ports: [{ name: "grpc-web", containerPort: 80 }] }], true],
      [[{ name: "web", ports: [{ name: "grpcless", containerPort: 80 }] }], undefined],
      [[web, { name: "admin", ports: [{ name: "grpc", containerPort: 81 }] }], undefined],
      [[{ name: "web", readinessProbe: { grpc: { port: 80 } } }], true],
    ];
    for (const [containers, grpc] of rows) {
      put({ ...podObject("a"), spec: { containers } });
      assert.equal((await list())[0]?.grpc, grpc);
    }
  });

  it("end at once unless a container has a preStop", async () => {
    const lingering = podObject("a");
    const [container] = lingering.spec.containers;
    const lifecycle = { preStop: { sleep: { seconds: 5 } } };
    put({ ...lingering, spec: { ...lingering.spec, containers: [{ ...container, name: "fop-gate", lifecycle }] } });
    put(podObject("b"));
    assert.deepEqual(
      (await list()).map(({ name, endsAtOnce }) => [name, endsAtOnce]),
      [
        ["a", undefined],
        ["b", true],
      ],
    );
  });

  it("are listed before they have a status, and while they terminate", async () => {
    put(
      podObject(
        "a",
        {},
        { phase: "Pending", conditions: undefined, containerStatuses: undefined, initContainerStatuses: undefined },
      ),
    );
    put(
      podObject(
        "b",
        { deletionTimestamp: "2026-01-01T00:01:00Z" },
        { conditions: [{ type: "Ready", status: "False" }] },
      ),
    );
    assert.deepEqual(
      (await list()).map(({ name, ready, terminating, restarts }) => [name, ready, terminating, restarts]),
      [
        ["a", false, false, 0],
        ["b", false, true, 3],
      ],
    );
  });

  it("are those of a track and a release that have not finished, because an evicted one stays listed", async () => {
    put(podObject("evicted", {}, { phase: "Failed" }));
    put(podObject("done", {}, { phase: "Succeeded" }));
    put(podObject("no-track", { labels: { app: "fop-gate", release: "1f3870be274f" } }));
    put(podObject("no-release", { labels: { app: "fop-gate", track: "canary" } }));
    put(podObject("other", { labels: { app: "other", track: "canary", release: "1f3870be274f" } }));
    assert.deepEqual(await list(), []);
  });

  it("are stable's if they were adopted, with or without the label app", async () => {
    const front = { name: "web" };
    const adopted = { release: "0123456789ab", front };
    const record = { version: 2, cluster: "cluster-uid", sequence: 0, verdicts: {}, stableHistory: [], adopted };
    api.put("/api/v1/namespaces/dora-apps/configmaps/fop-gate-rollout", {
      metadata: { name: "fop-gate-rollout" },
      data: { record: JSON.stringify(record) },
    });
    const ours = { app: "fop-gate", track: "canary", release: "1f3870be274f" };
    put(podObject("old-1", { labels: front }));
    put(podObject("old-2", { labels: { ...front, app: "fop-gate", release: "of-helm" } }));
    put(podObject("canary-1", { labels: { ...front, ...ours } }));
    put(podObject("other", { labels: { name: "shop" } }));
    assert.deepEqual(
      (await list()).map(({ name, track, release }) => [name, track, release]),
      [
        ["canary-1", "canary", "1f3870be274f"],
        ["old-1", "stable", "0123456789ab"],
        ["old-2", "stable", "0123456789ab"],
      ],
    );
  });
});
