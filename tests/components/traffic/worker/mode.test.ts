import assert from "node:assert/strict";
import fc from "fast-check";
import { modeNameOf, trafficFor } from "../../../../components/traffic/modes.ts";
import { replicasMode } from "../../../../components/traffic/replicas/mode.ts";
import { workerMode } from "../../../../components/traffic/worker/mode.ts";
import { describeTraffic } from "../../../../components/traffic.ts";
import { UserError } from "../../../../components/user-error.ts";
import { serviceArgs } from "../../fop-gate.ts";

const labels = { app: "mailer" };

describe("the work of a worker", () => {
  it("is split by this mode if the service has no ports", () => {
    assert.equal(modeNameOf({ ports: [] }), "worker");
    assert.equal(modeNameOf({ ports: [{ port: 80 }] }), "replicas");
  });

  it("is split by the same number of pods as traffic, without a selector", () => {
    const anyWeight = fc.double({ min: 0.1, max: 50, noNaN: true });
    fc.assert(
      fc.property(anyWeight, fc.integer({ min: 1, max: 500 }), (weight, stable) => {
        const { selector: _, ...traffic } = replicasMode(true).plan(weight, stable, labels);
        assert.deepEqual(workerMode(true).plan(weight, stable, labels), traffic);
      }),
    );
  });

  it("does not reach canary at weight 0, because canary has no pods", () => {
    const traffic = workerMode().plan(0, 9, labels);
    assert.deepEqual(traffic, { weight: 0, canaryReplicas: 0, share: 0 });
    assert.equal(describeTraffic(traffic, 9), "canary has no pods, so it takes no work");
    assert.equal(describeTraffic(workerMode().plan(10, 9, labels), 9), "asked 10 %, reached 10 %: 1 of 10 pods");
  });

  it("is refused at a weight that whole pods are far from, or above 50", () => {
    const args = { ports: [], replicas: 3 };
    for (const [weight, sentence] of [
      [
        10,
        "mailer: weight is 10, but 1 canary pod beside 3 stable pods gets 25 % of the work: set weight to 25, raise replicas, or set acceptShare: true.",
      ],
      [
        60,
        "mailer: weight is 60 and work by number of pods supports at most 50: use a weight of at most 50, then promote the release to stable.",
      ],
    ] as const) {
      assert.throws(() => trafficFor("mailer", args, weight, 3, labels), new UserError(sentence));
    }
    assert.equal(trafficFor("mailer", { ...args, acceptShare: true }, 10, 3, labels).share, 25);
  });

  it("needs no object", () => {
    const objects = workerMode().objects("mailer", serviceArgs({ ports: [] }));
    assert.deepEqual(objects, { trackServices: [], routes: [], rules: [] });
  });
});
