import assert from "node:assert/strict";
import { createRequire } from "node:module";
import { canaryService, deployment, kubernetes } from "../../policies/examples.ts";
import { policiesOf, type Rule } from "../../policies/rule.ts";
import { rules } from "../../policies/rules.ts";
import { stableSize } from "../../policies/stable-size.ts";
import { runPolicies } from "./run-policies.ts";

const { UnknownValueError } = createRequire(import.meta.url)("@pulumi/policy") as typeof import("@pulumi/policy");
/** How the engine writes a string or a number that only `up` will know (SDK: rpc.ts, unknownValue). */
const unknown = "04da6b54-80e4-46f7-96ec-b56ff0331ba9";

describe("policies", () => {
  for (const rule of rules) {
    describe(rule.name, () => {
      for (const { name, resources } of rule.examples.allowed) {
        it(`allows: ${name}`, async () => {
          assert.deepEqual(await runPolicies(policiesOf([rule]), resources), []);
        });
      }
      for (const { name, resources, says } of rule.examples.disallowed) {
        it(`refuses: ${name}`, async () => {
          const messages = (await runPolicies(policiesOf([rule]), resources)).map(({ message }) => message);
          assert.equal(messages.length, 1, `one violation, got: ${messages.join("\n") || "none"}`);
          assert.match(messages[0] ?? "", says);
        });
      }
    });
  }

  it("say in each message which object it is about", async () => {
    for (const rule of rules) {
      for (const { resources, name } of rule.examples.disallowed) {
        for (const { message } of await runPolicies(policiesOf([rule]), resources)) {
          assert.match(message, /dora-apps\/fop-gate/, `${rule.name}, ${name}`);
        }
      }
    }
  });

  describe("a pack", () => {
    const withExamples = (examples: Partial<Rule["examples"]>): Rule => ({
      ...stableSize,
      examples: { allowed: [], disallowed: [], ...examples },
    });

    it("does not load with a policy that has no allowed example", () => {
      const rule = withExamples({ disallowed: stableSize.examples.disallowed });
      assert.throws(() => policiesOf([rule]), /Policy stable-size has no allowed example/);
    });

    it("does not load with a policy that has no disallowed example", () => {
      const rule = withExamples({ allowed: stableSize.examples.allowed });
      assert.throws(() => policiesOf([rule]), /Policy stable-size has no disallowed example/);
    });

    it("does not load with two policies of one name", () => {
      assert.throws(() => policiesOf([stableSize, stableSize]), /Two policies have the name stable-size/);
    });

    it("forgets one run when the next one begins", async () => {
      const pack = policiesOf(rules);
      const resources = [canaryService(), deployment("canary"), deployment("stable")];
      assert.deepEqual(await runPolicies(pack, resources), []);
      assert.deepEqual(await runPolicies(pack, resources), []);
    });

    it("says so when a field that it needs is not known in preview, and does not pass it as good", async () => {
      const resources = [canaryService(), deployment("stable", { spec: { replicas: unknown } })];
      await assert.rejects(runPolicies(policiesOf([stableSize]), resources), UnknownValueError);
    });

    it("needs no field that only the API server knows", async () => {
      const resources = [
        canaryService(),
        deployment("canary", { status: unknown }),
        deployment("stable", { status: unknown, metadata: { uid: unknown } }),
        kubernetes("core/v1:Service", "fop-gate", { spec: { clusterIP: unknown } }),
      ];
      assert.deepEqual(await runPolicies(policiesOf(rules), resources), []);
    });
  });
});
