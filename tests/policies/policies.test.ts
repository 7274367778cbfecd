import assert from "node:assert/strict";
import { createRequire } from "node:module";
import { canaryService, deployment, httpRoute, kubernetes } from "../../policies/examples.ts";
import { type ExampleResource, policiesOf, type Rule } from "../../policies/rule.ts";
import { rules } from "../../policies/rules.ts";
import { stableSize } from "../../policies/stable-size.ts";
import { weightStep } from "../../policies/weight-step.ts";
import { runPolicies } from "./run-policies.ts";

const { UnknownValueError } = createRequire(import.meta.url)("@pulumi/policy") as typeof import("@pulumi/policy");
/** How the engine writes a string or a number that only `up` will know (SDK: rpc.ts, unknownValue). */
const unknown = "04da6b54-80e4-46f7-96ec-b56ff0331ba9";

describe("policies", () => {
  for (const rule of rules) {
    describe(rule.name, () => {
      for (const { name, resources, settings } of rule.examples.allowed) {
        it(`allows: ${name}`, async () => {
          assert.deepEqual(await runPolicies(policiesOf([rule]), resources, settings), []);
        });
      }
      for (const { name, resources, settings, says } of rule.examples.disallowed) {
        it(`refuses: ${name}`, async () => {
          const messages = (await runPolicies(policiesOf([rule]), resources, settings)).map(({ message }) => message);
          assert.equal(messages.length, 1, `one violation, got: ${messages.join("\n") || "none"}`);
          assert.match(messages[0] ?? "", says);
        });
      }
    });
  }

  it("say in each message which object it is about", async () => {
    for (const rule of rules) {
      for (const { resources, settings, name } of rule.examples.disallowed) {
        for (const { message } of await runPolicies(policiesOf([rule]), resources, settings)) {
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

    it("judges a route whose token only up will know, as in the first preview", async () => {
      const route = (path: string) =>
        httpRoute([
          {
            matches: [{ headers: [{ name: "x-gray-token", value: unknown }] }],
            backendRefs: [{ name: "fop-gate-canary", port: 80 }],
          },
          { matches: [{ path: { value: path } }], backendRefs: [{ name: "fop-gate-stable", port: 80 }] },
        ]);
      const good = [canaryService(), deployment("canary"), route("/"), deployment("stable")];
      assert.deepEqual(await runPolicies(policiesOf(rules), good), []);
      const bad = await runPolicies(policiesOf(rules), [canaryService(), route("/export")]);
      assert.deepEqual(
        bad.map(({ policy }) => policy),
        ["token-first"],
      );
    });

    it("goes on judging other things where one was not known", async () => {
      const hidden = (resource: ExampleResource, field: object) => ({
        ...resource,
        props: { ...resource.props, metadata: { namespace: "dora-apps", name: "hidden", labels: {} }, spec: field },
      });
      const stack = [
        canaryService(),
        hidden(httpRoute([]), { hostnames: [unknown], rules: [{ matches: [{ path: { value: unknown } }] }] }),
        hidden(kubernetes("networking.k8s.io/v1:Ingress", "hidden"), { rules: [{ host: unknown }] }),
        kubernetes("core/v1:Service", "fop-gate", { spec: { ports: [{ port: unknown }] } }),
        httpRoute([{ backendRefs: [{ name: "fop-gate-canary", port: 80 }] }]),
        httpRoute([{ backendRefs: [{ name: "fop-gate-canary", port: 80 }] }], { metadata: { name: "other" } }),
      ];
      const unsaid: unknown[] = [];
      const found = await runPolicies(policiesOf(rules), stack, {}, (error) => unsaid.push(error));
      assert.deepEqual(
        found.map(({ policy }) => policy),
        ["unique-hostnames"],
      );
      assert.ok(unsaid.length > 0 && unsaid.every((error) => error instanceof UnknownValueError));
    });

    it("never says a token", async () => {
      const spoiled = httpRoute([
        {
          matches: [{ headers: [{ name: "x-gray-token", value: "s3cret" }] }],
          backendRefs: [{ name: "fop-gate-stable", port: 81 }],
        },
      ]);
      const stack = [canaryService(), spoiled, kubernetes("core/v1:Service", "fop-gate-stable"), spoiled];
      const messages = (await runPolicies(policiesOf(rules), stack)).map(({ message }) => message);
      assert.ok(messages.length > 2);
      for (const message of messages) assert.doesNotMatch(message, /s3cret/);
    });

    it("is configured by what Pulumi hands on, and says what there is to set", async () => {
      const [policy] = policiesOf([weightStep]);
      assert.deepEqual(policy?.configSchema, {
        properties: {
          largestRise: {
            type: "number",
            description: "Percentage points by which canary's share of the user traffic may rise in one step.",
            default: 25,
            minimum: 0,
            maximum: 100,
          },
        },
      });
    });
  });
});
