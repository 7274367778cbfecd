import assert from "node:assert/strict";
import fc from "fast-check";
import * as v from "valibot";
import { mustBe, understand } from "../../components/schema.ts";
import {
  plainStep,
  resolvedStepsSchema,
  resolveStep,
  type Step,
  stepsSchema,
  stepsTooLarge,
  usualSteps,
} from "../../components/step.ts";
import type { Percent } from "../../components/units.ts";

const dark: Step = { stage: "dark" };
const full: Step = { stage: "full" };
const canary = (weight: Percent, more = {}): Step => ({ stage: "canary", weight, ...more });

describe("the steps of a plan", () => {
  it("are dark, canary at the weight, and full if a plan has no steps", () => {
    assert.deepEqual(
      usualSteps(10).map((step) => resolveStep(step, ["GET /"])),
      [
        { stage: "dark", approval: false, checks: ["GET /"], atMost: 60 },
        { stage: "canary", approval: false, weight: 10, checks: [], atLeast: 0, atMost: 900 },
        { stage: "full", approval: false, watch: 300 },
      ],
    );
  });

  it("get the default for a field that is present but undefined, as in programs without exactOptionalPropertyTypes", () => {
    const none = { approval: undefined, checks: undefined, atMost: undefined };
    const steps = [
      { ...dark, ...none },
      { ...canary(10), ...none, atLeast: undefined },
      { ...full, approval: undefined, watch: undefined },
    ] as unknown as Step[];
    assert.ok(v.is(stepsSchema, steps));
    assert.deepEqual(
      steps.map((step) => resolveStep(step, ["GET /"])),
      usualSteps(10).map((step) => resolveStep(step, ["GET /"])),
    );
  });

  it("are the same in seconds and percent as in text", () => {
    const inText: Step[] = [
      { stage: "dark", atMost: "2m" },
      { stage: "canary", weight: "2.5%", atLeast: "90s", atMost: "1h" },
      { stage: "full", watch: "10m" },
    ];
    const numbers: Step[] = [
      { stage: "dark", atMost: 120 },
      { stage: "canary", weight: 2.5, atLeast: 90, atMost: 3600 },
      { stage: "full", watch: 600 },
    ];
    assert.ok(v.is(stepsSchema, inText));
    assert.deepEqual(inText.map(plainStep), numbers);
    const whole = (steps: readonly Step[]) => steps.map((step) => resolveStep(step, []));
    assert.deepEqual(whole(inText), whole(numbers));
  });

  it("stay without the fields that they leave out", () => {
    const step = { stage: "canary", weight: "10%", atLeast: undefined } as unknown as Step;
    assert.deepEqual(plainStep(step), { stage: "canary", weight: 10, atLeast: undefined });
    assert.deepEqual(plainStep({ stage: "dark", approval: true, checks: ["a"] }), {
      stage: "dark",
      approval: true,
      checks: ["a"],
    });
  });

  it("have their own checks in stage canary, none by default", () => {
    const checksOf = (step: Step) => {
      const resolved = resolveStep(step, ["GET /"]);
      return resolved.stage === "full" ? undefined : resolved.checks;
    };
    assert.deepEqual(checksOf(canary(10)), []);
    assert.deepEqual(checksOf(canary(10, { checks: ["GET /login"] })), ["GET /login"]);
    assert.deepEqual(checksOf({ ...dark, checks: [] }), []);
  });

  it("last from nothing to a week, and canary's least time may be all of it", () => {
    for (const watch of [0, 604_800] as const) assert.ok(v.is(stepsSchema, [{ ...full, watch }]), String(watch));
    assert.ok(v.is(stepsSchema, [canary(10, { atLeast: 900 }), full]));
  });

  it("are refused in the stored form too, if they do not fit together", () => {
    const stored = [canary(20), canary(10), full].map((step) => resolveStep(step, []));
    assert.throws(() => understand(resolvedStepsSchema, stored), /1.weight: must be more than 20, as weights rise/);
  });

  it("are refused if all of them together do not fit into the record, to the byte", () => {
    const named = (length: number): Step[] => [{ ...dark, checks: ["x".repeat(length)] }, full];
    const rest = Buffer.byteLength(JSON.stringify(named(0), undefined, 2));
    const most = 200 * 1024 - rest;
    assert.equal(stepsTooLarge(named(most)), undefined);
    assert.deepEqual(stepsTooLarge(named(most + 1)), {
      message: "needs 201 KiB with the names of its checks, and the limit is 200 KiB: name fewer checks in each step",
    });
  });

  it("have no stage canary if the weight is 0", () => {
    assert.deepEqual(usualSteps(0), [dark, full]);
  });

  it("are valid with any rising weights that end with full, and also in the stored form", () => {
    const rising = fc.uniqueArray(fc.integer({ min: 1, max: 100 }), { maxLength: 5 });
    fc.assert(
      fc.property(rising, fc.boolean(), (weights, beginsDark) => {
        const some = weights.sort((a, b) => a - b).map((weight) => canary(weight));
        const steps = [...(beginsDark ? [dark] : []), ...some, full];
        assert.ok(v.is(stepsSchema, steps));
        const written = steps.map((step) => resolveStep(step, ["GET /"]));
        assert.deepEqual(understand(resolvedStepsSchema, JSON.parse(JSON.stringify(written))), written);
      }),
    );
  });

  for (const [what, steps, sentence] of [
    [
      "a plan without full",
      [dark, canary(10)],
      'must end with { "stage": "full" }, which promotes the release to stable',
    ],
    ["no step at all", [], 'must end with { "stage": "full" }, which promotes the release to stable'],
    ["dark after canary", [canary(10), dark, full], "1.stage: comes after canary: the order is dark, canary, full"],
    ["a step after full", [full, canary(10), full], "1.stage: comes after full: the order is dark, canary, full"],
    ["dark twice", [dark, dark, full], "1.stage: occurs twice: remove one of them"],
    ["weights that do not rise", [canary(10), canary(10), full], "1.weight: must be more than 10, as weights rise"],
    ["a weight of 0 after dark", [dark, canary(0), full], "1.weight: must be more than 0, as weights rise"],
    ["a text as steps", "dark", "must be a list of steps"],
    [
      "a negative time",
      [{ ...full, watch: -1 }],
      '0.watch: must be a whole number of seconds from 0 to 604800, or a text such as "90s", "10m" or "2h"',
    ],
    [
      "more than a week",
      [{ ...full, watch: 604_801 }],
      '0.watch: must be a whole number of seconds from 0 to 604800, or a text such as "90s", "10m" or "2h"',
    ],
    ["a long name", [{ ...dark, checks: ["x".repeat(2101)] }, full], "0.checks.0: must be at most 2100 characters"],
    [
      "too many names",
      [{ ...dark, checks: Array.from({ length: 100 }, (_, i) => `${i}`.padEnd(2100, "x")) }, full],
      "needs 207 KiB with the names of its checks, and the limit is 200 KiB: name fewer checks in each step",
    ],
    ["a weight of 0", [canary(0), full], "0.weight: must be more than 0, as weights rise"],
    ["a weight over 100", [canary(101), full], '0.weight: must be 0 to 100, or a text such as "10%"'],
    [
      "weights in text that do not rise",
      [canary("10%"), canary("5%"), full],
      "1.weight: must be more than 10, as weights rise",
    ],
    [
      "a minimum time in text above the maximum",
      [canary(10, { atLeast: "20m" }), full],
      "0.atLeast: must not exceed atMost, 900 seconds",
    ],
    [
      "a minimum time above a maximum in text",
      [canary(10, { atLeast: 601, atMost: "10m" }), full],
      "0.atLeast: must not exceed atMost, 10m",
    ],
    [
      "a minimum time above the maximum",
      [canary(10, { atLeast: 901 }), full],
      "0.atLeast: must not exceed atMost, 900 seconds",
    ],
    [
      "half a second",
      [canary(10, { atMost: 0.5 }), full],
      '0.atMost: must be a whole number of seconds from 0 to 604800, or a text such as "90s", "10m" or "2h"',
    ],
    ["an unknown stage", [{ stage: "blue" }, full], "0.stage: must be dark, canary or full"],
    ["a weight in full", [{ ...full, weight: 3 }], "0.weight: is unknown"],
    ["a check twice", [{ ...dark, checks: ["a", "a"] }, full], "0.checks: must not name a check twice"],
  ] as const) {
    it(`refuse ${what}`, () => {
      const { issues } = v.safeParse(stepsSchema, steps, { message: mustBe });
      const messages = issues?.map((issue) => [v.getDotPath(issue), issue.message].filter(Boolean).join(": "));
      assert.deepEqual(messages, [sentence]);
    });
  }
});
