import assert from "node:assert/strict";
import type { Policy, ResourceValidationArgs } from "@pulumi/policy";
import { canaryService, container, deployment, kubernetes } from "../../policies/engine/examples.ts";
import { policiesOf } from "../../policies/engine/pack.ts";
import { Round } from "../../policies/engine/round.ts";
import type { Rule } from "../../policies/engine/rule.ts";
import { rules } from "../../policies/engine/rules.ts";
import { seccomp } from "../../policies/rules/workload/seccomp.ts";
import { runPolicies } from "./run-policies.ts";

describe("the pass of one resource through all rules", () => {
  it("runs only the policies whose rules report something", () => {
    const round = new Round<string>();
    round.begin(() => new Set(["a"]));
    assert.deepEqual([round.mustRun("a"), round.mustRun("b")], [true, false]);
    round.end();
    round.begin(() => new Set(["b"]));
    assert.deepEqual([round.mustRun("a"), round.mustRun("b")], [false, true]);
  });

  it("runs all policies if the first one has not run, because it is disabled", () => {
    assert.ok(new Round<string>().mustRun("a"));
  });

  it("runs all policies from the moment when two resources come at the same time", () => {
    const round = new Round<string>();
    round.begin(() => new Set());
    round.begin(() => new Set());
    assert.ok(round.mustRun("a"));
    round.end();
    round.begin(() => new Set());
    assert.ok(round.mustRun("a"));
  });
});

describe("a pack", () => {
  const stack = [
    canaryService(),
    deployment("stable", { spec: { replicas: 8 } }),
    container("log-agent", { securityContext: { readOnlyRootFilesystem: false } }),
    kubernetes("core/v1:Service", "fop-gate"),
  ];
  const asked = (policies: readonly Policy[], skipped: readonly string[] = []) =>
    runPolicies(policies.filter(({ name }) => !skipped.includes(name)) as never, stack);
  const messages = async (found: ReturnType<typeof asked>) =>
    (await found).map(({ policy, message }) => [policy, message]);

  it("reports the same violations if the first policy is disabled", async () => {
    const all = await messages(asked(policiesOf(rules)));
    assert.deepEqual([...new Set(all.map(([policy]) => policy))].sort(), [
      "identical-templates",
      "one-owner",
      "read-only-root",
      "released-template",
      "stable-size",
    ]);
    for (const skipped of [["known-identity"], ["required-labels"], ["known-identity", "required-labels"]]) {
      assert.deepEqual(await messages(asked(policiesOf(rules), skipped)), all);
    }
  });

  it("throws an error in a custom rule in its own policy, so that the team can disable it", async () => {
    const broken: Rule = {
      ...seccomp,
      name: "own",
      judge() {
        throw new TypeError("an error of the custom rule");
      },
    };
    const pack = () => policiesOf(rules.toSpliced(1, 0, broken));
    assert.deepEqual(await messages(asked(pack(), ["own"])), await messages(asked(policiesOf(rules))));
    await assert.rejects(asked(pack()), /an error of the custom rule/);
  });

  it("gives the SDK no function of policies that have nothing to report", async () => {
    const policies = policiesOf(rules);
    await runPolicies(policies, [canaryService()]);
    const still = policies.filter(
      (policy) => "validateResource" in policy && [policy.validateResource].flat().length > 0,
    );
    assert.ok(still.length < 6, still.map(({ name }) => name).join(", "));
    // The SDK skips a policy whose list of functions is empty.
    const skipped = policies.find(({ name }) => name === "seccomp");
    assert.deepEqual(skipped && "validateResource" in skipped && skipped.validateResource, []);
  });

  it("judges two resources that come at the same time separately", async () => {
    const policies = policiesOf(rules);
    const found: string[] = [];
    const args = stack.map(
      ({ type, name, props }, i) =>
        ({ type, name, props, urn: `urn:pulumi:a::b::${type}::${name}${i}`, opts: {}, getConfig: () => ({}) }) as never,
    ) as ResourceValidationArgs[];
    // Every policy sees each of them before the next policy sees any.
    for (const policy of policies) {
      for (const each of args) {
        const validate = "validateResource" in policy ? [policy.validateResource ?? []].flat() : [];
        for (const look of validate) await look(each, () => void found.push(policy.name));
      }
    }
    for (const name of ["stable-size", "read-only-root"]) assert.ok(found.includes(name), name);
  });
});
