import assert from "node:assert/strict";
import fc from "fast-check";
import * as v from "valibot";
import { mustBe, understand } from "../../components/schema.ts";
import { fullStep, fullStepsSchema, type Step, stepsSchema, usualSteps } from "../../components/step.ts";

const dark: Step = { stage: "dark" };
const full: Step = { stage: "full" };
const canary = (weight: number, more = {}): Step => ({ stage: "canary", weight, ...more });

describe("the steps of a plan", () => {
  it("are dark, the weight until the verdict is good, and everybody, where a plan names none", () => {
    assert.deepEqual(
      usualSteps(10).map((step) => fullStep(step, ["GET /"])),
      [
        { stage: "dark", approval: false, checks: ["GET /"], atMost: 60 },
        { stage: "canary", approval: false, weight: 10, checks: [], atLeast: 0, atMost: 900 },
        { stage: "full", approval: false, watch: 300 },
      ],
    );
  });

  it("take the default where a field is there and undefined, as programs write it without exactOptionalPropertyTypes", () => {
    const none = { approval: undefined, checks: undefined, atMost: undefined };
    const steps = [
      { ...dark, ...none },
      { ...canary(10), ...none, atLeast: undefined },
      { ...full, approval: undefined, watch: undefined },
    ] as unknown as Step[];
    assert.ok(v.is(stepsSchema, steps));
    assert.deepEqual(
      steps.map((step) => fullStep(step, ["GET /"])),
      usualSteps(10).map((step) => fullStep(step, ["GET /"])),
    );
  });

  it("have no stage canary where the weight is 0", () => {
    assert.deepEqual(usualSteps(0), [dark, full]);
  });

  it("are taken in every order that rises and ends with everybody, and as they are stored", () => {
    const rising = fc.uniqueArray(fc.integer({ min: 1, max: 100 }), { maxLength: 5 });
    fc.assert(
      fc.property(rising, fc.boolean(), (weights, beginsDark) => {
        const some = weights.sort((a, b) => a - b).map((weight) => canary(weight));
        const steps = [...(beginsDark ? [dark] : []), ...some, full];
        assert.ok(v.is(stepsSchema, steps));
        const written = steps.map((step) => fullStep(step, ["GET /"]));
        assert.deepEqual(understand(fullStepsSchema, JSON.parse(JSON.stringify(written))), written);
      }),
    );
  });

  for (const [what, steps, sentence] of [
    ["a plan that never ends", [dark, canary(10)], 'must end with { "stage": "full" }, which brings it to stable'],
    ["no step at all", [], 'must end with { "stage": "full" }, which brings it to stable'],
    ["dark after canary", [canary(10), dark, full], "1.stage: comes after canary: the order is dark, canary, full"],
    ["something after full", [full, canary(10), full], "1.stage: comes after full: the order is dark, canary, full"],
    ["dark twice", [dark, dark, full], "1.stage: is there twice: one is enough"],
    ["weights that do not rise", [canary(10), canary(10), full], "1.weight: must be more than 10, as weights rise"],
    ["a weight that is dark", [canary(0), full], "0.weight: must be more than 0, as weights rise"],
    ["a weight beyond all", [canary(101), full], "0.weight: must be 0 to 100"],
    [
      "a least time beyond the longest",
      [canary(10, { atLeast: 901 }), full],
      "0.atLeast: must not exceed atMost (900)",
    ],
    ["half a second", [canary(10, { atMost: 0.5 }), full], "0.atMost: must be a whole number from 0 to 604800"],
    ["another stage", [{ stage: "blue" }, full], "0.stage: must be dark, canary or full"],
    ["a weight in full", [{ ...full, weight: 3 }], "0.weight: is not known"],
    ["a check twice", [{ ...dark, checks: ["a", "a"] }, full], "0.checks: must not name a check twice"],
  ] as const) {
    it(`refuse ${what}`, () => {
      const { issues } = v.safeParse(stepsSchema, steps, { message: mustBe });
      const said = issues?.map((issue) => [v.getDotPath(issue), issue.message].filter(Boolean).join(": "));
      assert.deepEqual(said, [sentence]);
    });
  }
});
