import assert from "node:assert/strict";
import { intentOf } from "../../rollout/intent.ts";

const releases = { canary: { id: "bbbbbbbbbbbb", template: {} } };
const stages = (component: object) => intentOf(component).steps.map(({ stage }) => stage);

describe("the program's intent for a rollout", () => {
  it("is the release that canary will run, and the steps of the plan with every default filled in", () => {
    const steps = [
      { stage: "dark" },
      { stage: "canary", weight: 5 },
      { stage: "canary", weight: 50 },
      { stage: "full" },
    ];
    const plan = { checks: [{ path: "/healthz" }], steps };
    const intent = intentOf({ weight: 20, plan, releases, track: "canary" });
    assert.equal(intent.release, "bbbbbbbbbbbb");
    assert.deepEqual(intent.steps, [
      { stage: "dark", approval: false, atMost: 60, checks: ["GET /healthz"] },
      { stage: "canary", approval: false, weight: 5, atLeast: 0, atMost: 900, checks: [] },
      { stage: "canary", approval: false, weight: 50, atLeast: 0, atMost: 900, checks: [] },
      { stage: "full", approval: false, watch: 300 },
    ]);
  });

  it("is dark, the program's weight and full if the plan has no steps", () => {
    const [, canary] = intentOf({ weight: 20, releases }).steps;
    assert.deepEqual(canary?.stage === "canary" && canary.weight, 20);
    const [, usual] = intentOf({ releases }).steps;
    assert.deepEqual(usual?.stage === "canary" && usual.weight, 10);
    assert.deepEqual(stages({ weight: 0, releases }), ["dark", "full"]);
  });

  it("is not dark for a worker", () => {
    assert.deepEqual(stages({ ports: [], releases }), ["canary", "full"]);
    assert.deepEqual(stages({ ports: [{ port: 80 }], releases }), ["dark", "canary", "full"]);
  });

  it("is refused if it is absent or invalid", () => {
    for (const [component, message] of [
      [undefined, /object/],
      [{}, /releases/],
      [{ releases: {} }, /canary/],
      [{ weight: 101, releases }, /weight/],
      [{ plan: { steps: [{ stage: "dark" }] }, releases }, /must end with/],
      [
        {
          plan: { steps: [{ stage: "canary", weight: 10 }, { stage: "canary", weight: 10 }, { stage: "full" }] },
          releases,
        },
        /rise/,
      ],
      [{ plan: { steps: [{ stage: "dark", checks: ["GET /"] }, { stage: "full" }] }, releases }, /GET \//],
    ] as const) {
      assert.throws(() => intentOf(component), message, JSON.stringify(component));
    }
  });
});
