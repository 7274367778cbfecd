import assert from "node:assert/strict";
import * as v from "valibot";
import { type PlanArgs, parsePlan, planSchema, planText, stepsOf } from "../../components/plan.ts";

describe("the plan in the cluster", () => {
  it("is what was declared, with every default written out", () => {
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

  const check = JSON.parse(planText({ checks: [{ path: "/" }] }, 80)).checks[0];
  for (const [what, content, why] of [
    ["is no JSON", "{", /JSON/],
    ["is of a later form", JSON.stringify({ version: 2, checks: [] }), /^version: must be 1$/],
    ["has more than is known", JSON.stringify({ version: 1, checks: [], steps: [] }), /^steps: is not known$/],
    [
      "has a check that expects more than is known",
      JSON.stringify({ version: 1, checks: [{ ...check, certificate: "x" }] }),
      /^checks\.0\.certificate: is not known$/,
    ],
    [
      "has a check without all that a check needs",
      JSON.stringify({ version: 1, checks: [{ ...check, status: undefined }] }),
      /^checks\.0\.status: is missing$/,
    ],
  ] as const) {
    it(`is not understood where it ${what}`, () => {
      assert.throws(() => parsePlan(content), { message: why });
    });
  }
});

describe("the steps of a plan with checks", () => {
  const checks = [{ path: "/healthz" }, { name: "answers", path: "/" }];

  it("are the usual ones, with all checks while it is dark", () => {
    assert.deepEqual(
      stepsOf({ checks }, 10).map((step) => ("checks" in step ? step.checks : undefined)),
      [["GET /healthz", "answers"], [], undefined],
    );
  });

  it("name checks that there are", () => {
    const said = (plan: PlanArgs) =>
      v.safeParse(planSchema, plan).issues?.map((issue) => `${v.getDotPath(issue)} ${issue.message}`);
    assert.equal(said({ checks, steps: [{ stage: "dark", checks: ["answers"] }, { stage: "full" }] }), undefined);
    assert.deepEqual(said({ checks, steps: [{ stage: "dark", checks: ["answer"] }, { stage: "full" }] }), [
      "steps.0.checks names the check answer, which there is not: choose from GET /healthz, answers",
    ]);
    assert.deepEqual(said({ steps: [{ stage: "dark", checks: ["a"] }, { stage: "full" }] }), [
      "steps.0.checks names the check a, which there is not: there are none in plan.checks",
    ]);
  });
});
