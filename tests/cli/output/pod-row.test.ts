import assert from "node:assert/strict";
import { age, type PodObject, podRow } from "../../../cli/output/pod-row.ts";

const running = { name: "fop-gate", ready: true, restartCount: 0, state: {} };

/** fop-gate and its log agent, a native sidecar, as a kubelet reports them. */
function pod(status: Partial<PodObject["status"]> = {}, metadata: Partial<PodObject["metadata"]> = {}): PodObject {
  return {
    metadata: {
      name: "fop-gate-canary-7cb6dc676f-62n24",
      uid: "5f2b",
      creationTimestamp: "2026-01-01T00:00:00Z",
      labels: { track: "canary", release: "1f3870be274f" },
      ...metadata,
    },
    spec: {
      nodeName: "jjh574",
      containers: [{ name: "fop-gate" }],
      initContainers: [{ name: "log-agent", restartPolicy: "Always" }],
    },
    status: {
      phase: "Running",
      podIP: "172.20.208.28",
      containerStatuses: [running],
      initContainerStatuses: [{ ...running, name: "log-agent" }],
      ...status,
    },
  };
}

describe("the row of a pod", () => {
  it("counts a native sidecar, as kubectl does: 2/2", () => {
    assert.deepEqual(podRow(pod()), {
      name: "fop-gate-canary-7cb6dc676f-62n24",
      ready: "2/2",
      status: "Running",
      restarts: 0,
      created: "2026-01-01T00:00:00Z",
      ip: "172.20.208.28",
      node: "jjh574",
      track: "canary",
      release: "1f3870be274f",
    });
  });

  it("does not count an init container that ends", () => {
    const one = pod();
    const spec = { ...one.spec, initContainers: [{ name: "migrate" }, ...(one.spec.initContainers ?? [])] };
    const initContainerStatuses = [
      { ...running, name: "migrate", state: { terminated: { reason: "Completed" } } },
      { ...running, name: "log-agent" },
    ];
    assert.equal(podRow({ ...one, spec, status: { ...one.status, initContainerStatuses } }).ready, "2/2");
  });

  for (const [state, expected] of [
    [{ waiting: { reason: "CrashLoopBackOff" } }, "Init:CrashLoopBackOff"],
    [{ terminated: { reason: "Error" } }, "Init:Error"],
    [{ waiting: { reason: "PodInitializing" } }, "Init:0/2"],
    [{ running: {} }, "Init:0/2"],
  ] as const) {
    it(`says ${expected} of an init container with the state ${JSON.stringify(state)}, as kubectl does`, () => {
      const one = pod({ phase: "Pending" });
      const spec = { ...one.spec, initContainers: [{ name: "migrate" }, ...(one.spec.initContainers ?? [])] };
      const waiting = { waiting: { reason: "PodInitializing" } };
      const initContainerStatuses = [
        { ...running, name: "migrate", ready: false, started: false, state },
        { ...running, name: "log-agent", ready: false, started: false, state: waiting },
      ];
      const containerStatuses = [{ ...running, ready: false, state: waiting }];
      const row = podRow({ ...one, spec, status: { ...one.status, initContainerStatuses, containerStatuses } });
      assert.deepEqual([row.ready, row.status], ["0/2", expected]);
    });
  }

  it("has the waiting reason of a container, and the number of restarts", () => {
    const waiting = {
      name: "fop-gate",
      ready: false,
      restartCount: 3,
      state: { waiting: { reason: "CrashLoopBackOff" } },
    };
    const row = podRow(pod({ containerStatuses: [waiting] }));
    assert.deepEqual([row.ready, row.status, row.restarts], ["1/2", "CrashLoopBackOff", 3]);
  });

  it("has the status Terminating for a pod that is being deleted", () => {
    assert.equal(podRow(pod({}, { deletionTimestamp: "2026-01-01T00:01:00Z" })).status, "Terminating");
  });

  it("works for a pod without a node, an address or a container status", () => {
    const { metadata, spec } = pod();
    const row = podRow({ metadata, spec: { ...spec, nodeName: undefined as never }, status: { phase: "Pending" } });
    assert.deepEqual([row.ready, row.status, row.ip, row.node], ["0/2", "Pending", "<none>", "<none>"]);
  });
});

describe("an age", () => {
  const now = new Date("2026-01-20T00:00:00Z");
  const ago = (seconds: number) => age(new Date(now.getTime() - seconds * 1000), now);
  const [minute, hour, day] = [60, 3600, 86_400];

  for (const [seconds, text] of [
    [0, "0s"],
    [59, "59s"],
    [minute, "1m0s"],
    [32 * minute + 5, "32m5s"],
    [hour, "1h0m"],
    [4 * day + 21 * hour, "4d21h"],
    [15 * day + hour, "15d"],
  ] as const) {
    it(`of ${seconds} s reads ${text}`, () => assert.equal(ago(seconds), text));
  }

  it("is never negative, even if two clocks differ", () => assert.equal(ago(-5), "0s"));
});
