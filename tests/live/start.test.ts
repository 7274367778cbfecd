import assert from "node:assert/strict";
import type { PodObject } from "../../kubernetes/objects/pod.ts";
import { measuredStart } from "../../live/start.ts";

/** A pod of a release that became ready after some seconds, or is not ready. */
function pod(release: string, seconds: number | undefined): PodObject {
  const created = Date.parse("2026-01-01T00:00:00Z");
  const lastTransitionTime = new Date(created + (seconds ?? 0) * 1000).toISOString();
  return {
    metadata: { name: "web", uid: "1", creationTimestamp: new Date(created).toISOString(), labels: { release } },
    spec: { containers: [{ name: "web" }] },
    status: {
      phase: "Running",
      conditions: [{ type: "Ready", status: seconds === undefined ? "False" : "True", lastTransitionTime }],
    },
  };
}

describe("the time that the pods of a service took to start", () => {
  for (const [what, pods, expected] of [
    ["is unknown without a pod", [], {}],
    ["is unknown if no pod is ready", [pod("a", undefined)], {}],
    ["is the median of the pods", [pod("a", 9), pod("a", 50), pod("a", 10)], { a: 10 }],
    ["is not changed by a pod that lost and regained its readiness", [pod("a", 9), pod("a", 90_000)], { a: 9 }],
    ["is that of each release", [pod("a", 9), pod("a", 9), pod("b", 100)], { a: 9, b: 100 }],
  ] as const) {
    it(what, () => assert.deepEqual(measuredStart(pods), expected));
  }

  it("is unknown if the times of a pod cannot be read", () => {
    const one = pod("a", 5);
    assert.deepEqual(measuredStart([{ ...one, status: { phase: "Running" } }]), {});
    assert.deepEqual(measuredStart([{ ...one, metadata: { ...one.metadata, creationTimestamp: "" } }]), {});
  });
});
