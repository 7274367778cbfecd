import assert from "node:assert/strict";
import { type Example, policiesOf, type Rule } from "../../policies/engine/rule.ts";
import { rules } from "../../policies/engine/rules.ts";
import { runPolicies } from "./run-policies.ts";

/** The messages on an example, without the file to change. */
async function messagesOf(rule: Rule, { resources, ...options }: Example): Promise<string[]> {
  const found = await runPolicies(policiesOf([rule]), resources, options);
  return found.map(({ message }) => message.replace(/ File to change: .*$/, ""));
}

describe("a policy", () => {
  for (const rule of rules) {
    describe(rule.name, () => {
      for (const example of rule.examples.allowed) {
        it(`allows: ${example.name}`, async () => {
          assert.deepEqual(await messagesOf(rule, example), []);
        });
      }
      for (const example of rule.examples.disallowed) {
        it(`refuses: ${example.name}`, async () => {
          const messages = await messagesOf(rule, example);
          assert.equal(messages.length, 1, `one violation, got: ${messages.join("\n") || "none"}`);
          assert.match(messages[0] ?? "", example.message);
        });
      }

      it("names the object and the file to change in each message", async () => {
        for (const { resources, name, message: _, ...options } of rule.examples.disallowed) {
          for (const { message } of await runPolicies(policiesOf([rule], { program: "main.ts" }), resources, options)) {
            assert.match(message, /fop-gate|output /, name);
            assert.match(
              message,
              / File to change: (main\.ts|Pulumi\.yaml, Pulumi\.test\.yaml or main\.ts|none, .*)\.$/,
            );
          }
        }
      });

      it("has a severity and a remediation, and is mandatory unless it is needs-verdict", () => {
        const [policy] = policiesOf([rule]);
        assert.ok(["low", "medium", "high", "critical"].includes(policy?.severity ?? ""));
        assert.match(policy?.remediationSteps ?? "", /^[A-Z].{20,}\.$/);
        assert.match(policy?.description ?? "", /^[A-Z].{20,}\.$/);
        assert.equal(policy?.enforcementLevel, rule.name === "needs-verdict" ? "advisory" : "mandatory");
      });
    });
  }
});
