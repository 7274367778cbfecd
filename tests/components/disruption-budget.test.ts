import assert from "node:assert/strict";
import { CanaryService } from "../../components/canary-service.ts";
import type { DisruptionBudgetArgs } from "../../components/disruption-budget-args.ts";
import { assertServiceArgs, type ServiceArgs } from "../../components/service-args.ts";
import { run } from "../fake/engine.ts";
import { context, serviceArgs } from "./fop-gate.ts";

const budgets = async (disruptionBudget: DisruptionBudgetArgs, changes: Partial<ServiceArgs> = {}) => {
  const args = serviceArgs({ disruptionBudget, ...changes });
  const { resources } = await run(() => {
    new CanaryService("web", { ...args, rollout: context("web", args) });
  });
  const found = resources.filter(({ type }) => type === "kubernetes:policy/v1:PodDisruptionBudget");
  return Object.fromEntries(found.map(({ name, inputs }) => [name, inputs]));
};
const selecting = (track: string) => ({ matchLabels: { app: "web", track } });

describe("the PodDisruptionBudgets of a service", () => {
  it("count the pods of one track each", async () => {
    const found = await budgets({ maxUnavailable: "25%", unhealthyPodEvictionPolicy: "AlwaysAllow" });
    const allowed = { maxUnavailable: "25%", unhealthyPodEvictionPolicy: "AlwaysAllow" };
    assert.deepEqual(found.web.spec, { ...allowed, selector: selecting("stable") });
    assert.deepEqual(found["web-canary"].spec, { ...allowed, selector: selecting("canary") });
    assert.deepEqual(found["web-canary"].metadata, {
      name: "web-canary",
      namespace: "dora-apps",
      labels: { app: "web", track: "canary", "gray-release/service": "web" },
      annotations: {
        "gray-release/owner": "0123456789abcdef",
        "pulumi.com/patchForce": "true",
        "pulumi.com/deletionPropagationPolicy": "background",
      },
    });
  });

  it("let one pod of a track be missing by default", async () => {
    const found = await budgets({});
    assert.deepEqual([found.web.spec.maxUnavailable, found["web-canary"].spec.maxUnavailable], [1, 1]);
  });

  it("keep the least number of pods of stable, and let canary's nodes be drained", async () => {
    const found = await budgets({ minAvailable: 2 });
    assert.deepEqual(found.web.spec, { minAvailable: 2, selector: selecting("stable") });
    assert.deepEqual(found["web-canary"].spec, { maxUnavailable: 1, selector: selecting("canary") });
  });

  it("belong to the stack of their track", async () => {
    assert.deepEqual(Object.keys(await budgets({}, { tracks: ["stable"] })), ["web"]);
    assert.deepEqual(Object.keys(await budgets({}, { tracks: ["canary"] })), ["web-canary"]);
  });

  for (const [disruptionBudget, sentence] of [
    [
      { maxUnavailable: 1, minAvailable: 1 },
      /disruptionBudget\.minAvailable is 1: maxUnavailable is set too, so remove one of them/,
    ],
    [
      { maxUnavailable: "101%" },
      /disruptionBudget\.maxUnavailable is "101%": must be a whole number of at least 0, or a percentage from 0% to 100%/,
    ],
    [{ unhealthyPodEvictionPolicy: "Always" }, /must be IfHealthyBudget or AlwaysAllow/],
    [[], /disruptionBudget is \[\]: must be an object/],
  ] as const) {
    it(`are refused as ${JSON.stringify(disruptionBudget)}`, () => {
      const args = serviceArgs({ disruptionBudget } as unknown as Partial<ServiceArgs>);
      assert.throws(() => assertServiceArgs("web", args), sentence);
    });
  }
});
