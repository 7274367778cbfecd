import assert from "node:assert/strict";
import * as v from "valibot";
import { type PlanArgs, parsePlan, planSchema, planText, stepsOf } from "../../components/plan.ts";

describe("the plan in the cluster", () => {
  it("is the declared plan with every default filled in", () => {
    const text = planText(
      {
        checks: [
          { path: "/a", body: { contains: "ok" } },
          { path: "/b", port: 81 },
        ],
      },
      80,
    );
    const common = { method: "GET", headers: {}, status: 200, atMost: 5 };
    const checks = [
      { name: "GET /a", path: "/a", port: 80, ...common, body: { contains: "ok" } },
      { name: "GET /b", path: "/b", port: 81, ...common },
    ];
    assert.deepEqual(JSON.parse(text), { version: 1, checks });
    assert.deepEqual(parsePlan(text), { checks });
  });

  it("may have no checks", () => {
    assert.deepEqual(parsePlan(planText({}, 80)), { checks: [] });
  });

  it("says that the service measures no latency only if the program does", () => {
    assert.deepEqual(parsePlan(planText({ latency: "none" }, 80)), { checks: [], latency: "none" });
    assert.doesNotMatch(planText({}, 80), /latency/);
    const [issue] = v.safeParse(planSchema, { latency: "p99" }).issues ?? [];
    assert.equal(issue?.message, "must be none");
  });

  const check = JSON.parse(planText({ checks: [{ path: "/" }] }, 80)).checks[0];
  for (const [what, content, why] of [
    ["is not JSON", "{", /JSON/],
    ["has a later version", JSON.stringify({ version: 2, checks: [] }), /^version: must be 1$/],
    ["has an unknown field", JSON.stringify({ version: 1, checks: [], steps: [] }), /^steps: is unknown$/],
    [
      "has a check with an unknown field",
      JSON.stringify({ version: 1, checks: [{ ...check, certificate: "x" }] }),
      /^checks\.0\.certificate: is unknown$/,
    ],
    [
      "has a check without a required field",
      JSON.stringify({ version: 1, checks: [{ ...check, status: undefined }] }),
      /^checks\.0\.status: is missing$/,
    ],
  ] as const) {
    it(`is rejected if it ${what}`, () => {
      assert.throws(() => parsePlan(content), { message: why });
    });
  }
});

describe("the steps of a plan with checks", () => {
  const checks = [{ path: "/healthz" }, { name: "answers", path: "/" }];

  it("are the default steps, with all checks in stage dark", () => {
    assert.deepEqual(
      stepsOf({ checks }, 10).map((step) => ("checks" in step ? step.checks : undefined)),
      [["GET /healthz", "answers"], [], undefined],
    );
  });

  it("can name only checks of the plan", () => {
    const messages = (plan: PlanArgs) =>
      v.safeParse(planSchema, plan).issues?.map((issue) => `${v.getDotPath(issue)} ${issue.message}`);
    assert.equal(messages({ checks, steps: [{ stage: "dark", checks: ["answers"] }, { stage: "full" }] }), undefined);
    assert.deepEqual(messages({ checks, steps: [{ stage: "dark", checks: ["answer"] }, { stage: "full" }] }), [
      "steps.0.checks names the check answer, which plan.checks does not contain: choose from GET /healthz, answers",
    ]);
    assert.deepEqual(messages({ steps: [{ stage: "dark", checks: ["a"] }, { stage: "full" }] }), [
      "steps.0.checks names the check a, which plan.checks does not contain: add it there",
    ]);
  });
});
