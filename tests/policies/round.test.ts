import assert from "node:assert/strict";
import type { Policy, ResourceValidationArgs } from "@pulumi/policy";
import { canaryService, container, deployment, kubernetes } from "../../policies/engine/examples.ts";
import { Round } from "../../policies/engine/round.ts";
import { policiesOf, type Rule } from "../../policies/engine/rule.ts";
import { rules } from "../../policies/engine/rules.ts";
import { seccomp } from "../../policies/rules/workload/seccomp.ts";
import { runPolicies } from "./run-policies.ts";

describe("a round of one resource through all rules", () => {
  it("lets those look that have something to say", () => {
    const round = new Round<string>();
    round.begin(() => new Set(["a"]));
    assert.deepEqual([round.looks("a"), round.looks("b")], [true, false]);
    round.end();
    round.begin(() => new Set(["b"]));
    assert.deepEqual([round.looks("a"), round.looks("b")], [false, true]);
  });

  it("lets all look before the first one has seen a resource, as where that one is switched off", () => {
    assert.ok(new Round<string>().looks("a"));
  });

  it("lets all look once two resources come at a time, and ever after", () => {
    const round = new Round<string>();
    round.begin(() => new Set());
    round.begin(() => new Set());
    assert.ok(round.looks("a"));
    round.end();
    round.begin(() => new Set());
    assert.ok(round.looks("a"));
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
  const said = async (found: ReturnType<typeof asked>) => (await found).map(({ policy, message }) => [policy, message]);

  it("says the same whether or not the policy that looks first is switched off", async () => {
    const all = await said(asked(policiesOf(rules)));
    assert.deepEqual([...new Set(all.map(([policy]) => policy))].sort(), [
      "identical-templates",
      "one-owner",
      "read-only-root",
      "released-template",
      "stable-size",
    ]);
    for (const skipped of [["known-identity"], ["house-labels"], ["known-identity", "house-labels"]]) {
      assert.deepEqual(await said(asked(policiesOf(rules), skipped)), all);
    }
  });

  it("leaves the mistake of a rule of one's own to its own policy, so that it can be switched off", async () => {
    const broken: Rule = {
      ...seccomp,
      name: "own",
      judge() {
        throw new TypeError("a mistake of its own");
      },
    };
    const pack = () => policiesOf(rules.toSpliced(1, 0, broken));
    assert.deepEqual(await said(asked(pack(), ["own"])), await said(asked(policiesOf(rules))));
    await assert.rejects(asked(pack()), /a mistake of its own/);
  });

  it("spares the SDK the policies that have nothing to say", async () => {
    const policies = policiesOf(rules);
    await runPolicies(policies, [canaryService()]);
    const still = policies.filter(
      (policy) => "validateResource" in policy && [policy.validateResource].flat().length > 0,
    );
    assert.ok(still.length < 6, still.map(({ name }) => name).join(", "));
    // What the SDK goes by: a list without a function is a policy that looks at nothing.
    const silent = policies.find(({ name }) => name === "seccomp");
    assert.deepEqual(silent && "validateResource" in silent && silent.validateResource, []);
  });

  it("judges two resources that come at a time, each by itself", async () => {
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
