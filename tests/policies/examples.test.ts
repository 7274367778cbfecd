import assert from "node:assert/strict";
import * as v from "valibot";
import { type Declared, readDeclared } from "../../policies/engine/declared.ts";
import { canaryService, deployment, kubernetes, stackOf } from "../../policies/engine/examples.ts";
import { organizationDefaults } from "../../policies/engine/organization-defaults.ts";
import { policiesOf } from "../../policies/engine/pack.ts";
import type { Example, Rule } from "../../policies/engine/rule.ts";
import { rules } from "../../policies/engine/rules.ts";
import { runPolicies } from "./run-policies.ts";

const kinds = [
  "apps/v1:Deployment",
  "autoscaling/v2:HorizontalPodAutoscaler",
  "batch/v1:CronJob",
  "batch/v1:Job",
  "core/v1:ConfigMap",
  "core/v1:Pod",
  "core/v1:Secret",
  "core/v1:Service",
  "gateway.networking.k8s.io/v1:HTTPRoute",
  "networking.k8s.io/v1:Ingress",
  "policy/v1:PodDisruptionBudget",
];
/** Objects of no service, as other programs of a stack have them. */
const foreign = kinds.map((kind) =>
  kubernetes(kind, "other", { metadata: { labels: { "gray-release/service": undefined } } }),
);
/** Objects of a service that leave out all that Kubernetes lets them leave out. */
const bare = [
  canaryService({ shift: { weight: 10, from: 0, to: 10 } }),
  canaryService({
    releases: { stable: undefined, canary: undefined },
    admissions: { stable: { admitted: true }, canary: { admitted: false, code: "no-verdict" } },
  }),
  ...kinds.flatMap((kind) => [
    kubernetes(kind, "bare"),
    kubernetes(kind, "fop-gate-debug", { spec: undefined, metadata: { annotations: undefined } }),
    kubernetes(kind, "unlabelled", { metadata: { labels: undefined } }),
  ]),
  kubernetes("batch/v1:CronJob", "bare", { spec: { jobTemplate: {} } }),
  ...(["stable", "canary"] as const).flatMap((track) =>
    [
      { metadata: { annotations: undefined } },
      { spec: undefined },
      { spec: { template: undefined } },
      { spec: { template: { metadata: undefined, spec: undefined } } },
      { spec: { template: { metadata: { labels: undefined } } } },
      {
        spec: {
          template: { spec: { securityContext: undefined, volumes: [{ name: "x" }], containers: [{ name: "x" }] } },
        },
      },
      {
        spec: {
          template: {
            spec: {
              volumes: [{ name: "x", projected: { sources: [{}] } }],
              containers: [{ name: "x", env: [{ name: "x" }], envFrom: [{}], ports: [{ containerPort: 1 }] }],
            },
          },
        },
      },
    ].map((changes) => deployment(track, changes)),
  ),
];

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

      it("passes the stacks of fop-gate, and objects of no service", async () => {
        const settings = { settingsByPolicy: organizationDefaults };
        for (const stack of [stackOf("canary"), stackOf("prod"), foreign]) {
          assert.deepEqual(await runPolicies(policiesOf([rule]), stack, settings), []);
        }
      });

      it("reads no field that may be absent", async () => {
        await runPolicies(policiesOf([rule]), bare);
        await runPolicies(policiesOf([rule]), bare, { settingsByPolicy: organizationDefaults });
      });

      it("judges nothing but what it is for", () => {
        const declared = [canaryService(), deployment("stable"), kubernetes("core/v1:Service", "fop-gate")]
          .map((one, i) => readDeclared({ ...one, urn: `${i}` }))
          .filter((one) => one !== undefined);
        const stack = { declared, settings: v.parse(rule.settings ?? v.object({}), {}) };
        const outputs: Declared = { is: "outputs", urn: "", name: "test", values: {} };
        assert.deepEqual(rule.judge(outputs, stack), []);
        if (rule.of === "outputs") for (const one of declared) assert.deepEqual(rule.judge(one, stack), []);
      });

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
