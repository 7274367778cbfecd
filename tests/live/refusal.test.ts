import assert from "node:assert/strict";
import { mock } from "node:test";
import type { Cluster } from "../../kubernetes/cluster.ts";
import type { DeploymentObject } from "../../kubernetes/objects/deployment.ts";
import { pollRefusal, type Refusal } from "../../live/refusal.ts";

const quota = 'pods "web-1" is forbidden: exceeded quota: room';
const webhook = "admission webhook denied the request";

describe("a refusal of pods", () => {
  let refusal: Refusal | undefined;
  beforeEach(() => {
    mock.timers.enable({ apis: ["Date"], now: Date.UTC(2026, 0, 1) });
    refusal = undefined;
  });
  afterEach(() => mock.timers.reset());

  const api = { list: async () => [] } as unknown as Cluster;
  const deployment = (message: string | undefined) =>
    ({
      metadata: { name: "web", namespace: "dora-apps", generation: 1 },
      spec: {},
      status: {
        observedGeneration: 1,
        conditions: message === undefined ? [] : [{ type: "ReplicaFailure", status: "True", message }],
      },
    }) as unknown as DeploymentObject;
  const terminating = [{ metadata: { deletionTimestamp: "2026-01-01T00:00:00Z" } }];
  /** Polls each second. @returns after how many seconds it lasts; undefined if it does not */
  const lasts = async (seconds: number, message: string | undefined, pods: typeof terminating | undefined = []) => {
    for (let second = 0; second < seconds; second++) {
      refusal = await pollRefusal(api, deployment(message), async () => pods, refusal);
      if (refusal?.lasts) return second;
      mock.timers.tick(1000);
    }
    return undefined;
  };

  it("lasts after 15 s, whatever the reason", async () => {
    assert.equal(await lasts(60, quota), 15);
    refusal = undefined;
    assert.equal(await lasts(60, webhook), 15);
  });

  it("starts again once pods are created in between", async () => {
    assert.equal(await lasts(10, webhook), undefined);
    assert.equal(await lasts(1, undefined), undefined);
    assert.equal(await lasts(60, webhook), 15);
  });

  it("does not last while terminating pods make room in the quota, or pods are unknown", async () => {
    assert.equal(await lasts(60, quota, terminating), undefined);
    assert.equal(refusal?.why, quota);
    refusal = undefined;
    const unknown = undefined;
    for (let second = 0; second < 60; second++) {
      refusal = await pollRefusal(api, deployment(quota), async () => unknown, refusal);
      assert.equal(refusal?.lasts, false);
      mock.timers.tick(1000);
    }
  });

  it("lasts although pods terminate, if it is not for a quota", async () => {
    assert.equal(await lasts(60, webhook, terminating), 15);
  });

  it("is given two minutes after there is room, because the ReplicaSet retries at doubling intervals", async () => {
    assert.equal(await lasts(3, quota, terminating), undefined);
    assert.equal(await lasts(300, quota), 119);
    assert.equal(await lasts(1, undefined), undefined);
    assert.equal(await lasts(60, quota), 15);
  });
});
