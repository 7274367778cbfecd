import assert from "node:assert/strict";
import {
  canaryService,
  container,
  deployment,
  httpRoute,
  kubernetes,
  unknownUntilUp,
} from "../../policies/engine/examples.ts";
import { configOf, policiesOf } from "../../policies/engine/pack.ts";
import type { ExampleResource, Rule } from "../../policies/engine/rule.ts";
import { rules } from "../../policies/engine/rules.ts";
import { weightStep } from "../../policies/rules/traffic/weight-step.ts";
import { stableSize } from "../../policies/rules/workload/stable-size.ts";
import { runPolicies } from "./run-policies.ts";

describe("policies", () => {
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

    it("does not load with a policy without any examples, as JavaScript may have it", () => {
      const rule = { ...stableSize, examples: undefined } as unknown as Rule;
      assert.throws(() => policiesOf([rule]), /^Error: Policy stable-size has no allowed example: add one\.$/);
    });

    it("does not load with two policies of the same name", () => {
      assert.throws(() => policiesOf([stableSize, stableSize]), /Two policies have the name stable-size/);
    });

    it("is configured by the names of its policies, at their levels", () => {
      const settings = { "weight-step": { largestRise: 10 }, "needs-verdict": {} };
      assert.deepEqual(configOf(rules, settings), {
        "weight-step": { enforcementLevel: "mandatory", largestRise: 10 },
        "needs-verdict": { enforcementLevel: "advisory" },
      });
      assert.throws(() => configOf(rules, { "step-weight": {} }), {
        message: "There is no policy step-weight to configure: correct its name.",
      });
    });

    it("names the program as the file to change if it does not know the file", async () => {
      const short = deployment("stable", { spec: { replicas: 8 } });
      const [found] = await runPolicies(policiesOf([stableSize]), [canaryService(), short]);
      assert.match(found?.message ?? "", / File to change: the program\.$/);
    });

    it("names an unknown value of a service by its namespace and name", async () => {
      const service = canaryService({ shift: { weight: 10, from: unknownUntilUp, to: 10 } });
      const [found] = await runPolicies(policiesOf([weightStep]), [service]);
      assert.match(
        found?.message ?? "",
        /^dora-apps\/fop-gate: shift\.from is known only during up, but weight-step needs it/,
      );
    });

    it("forgets one run when the next one begins", async () => {
      const pack = policiesOf(rules);
      const ingress = (name: string) =>
        kubernetes("networking.k8s.io/v1:Ingress", name, {
          metadata: { labels: { "gray-release/service": undefined } },
          spec: { rules: [{ host: "shop.example", http: { paths: [{ path: "/" }] } }] },
        });
      const short = deployment("stable", { spec: { replicas: 8 } });
      const before = await runPolicies(pack, [canaryService(), short, ingress("old"), ingress("older")]);
      const policies = before.map(({ policy }) => policy);
      assert.deepEqual(policies, ["stable-size", "unique-hostnames"]);
      // One resource has changed, and two are gone.
      assert.deepEqual(await runPolicies(pack, [canaryService(), deployment("stable"), ingress("new")]), []);
    });

    it("names an unknown value that a rule needs, and does not pass it", async () => {
      const resources = [canaryService(), deployment("stable", { spec: { replicas: unknownUntilUp } })];
      const found = await runPolicies(policiesOf([stableSize]), resources);
      assert.deepEqual(
        found.map(({ level, message }) => [level, message.replace(/ File.*/, "")]),
        [
          [
            "mandatory",
            "Deployment dora-apps/fop-gate: spec.replicas is known only during up, but stable-size needs it: use a value that is known in preview (a constant, configuration or another stack's output).",
          ],
        ],
      );
    });

    it("needs no field that the API server sets", async () => {
      const resources = [
        canaryService(),
        deployment("canary", { status: unknownUntilUp }),
        deployment("stable", { status: unknownUntilUp, metadata: { uid: unknownUntilUp } }),
        kubernetes("core/v1:Service", "fop-gate", { spec: { clusterIP: unknownUntilUp } }),
      ];
      assert.deepEqual(await runPolicies(policiesOf(rules), resources), []);
    });

    it("judges a route whose token is known only during up, as in the first preview", async () => {
      const route = (path: string) =>
        httpRoute([
          {
            matches: [{ headers: [{ name: "x-gray-token", value: unknownUntilUp }] }],
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

    describe("in a stack of resources with values that are known only during up", () => {
      const labels = { "gray-release/service": undefined };
      const plain = (type: string, spec: object) => kubernetes(type, "shop", { metadata: { labels }, spec });
      const computed = [
        plain("networking.k8s.io/v1:Ingress", { rules: [{ host: unknownUntilUp }] }),
        plain("autoscaling/v2:HorizontalPodAutoscaler", {
          scaleTargetRef: { kind: "Deployment", name: unknownUntilUp },
        }),
        plain("policy/v1:PodDisruptionBudget", { selector: { matchLabels: { app: unknownUntilUp } } }),
        plain("gateway.networking.k8s.io/v1:HTTPRoute", {
          hostnames: [unknownUntilUp],
          rules: [{ backendRefs: [{ name: unknownUntilUp, port: 80 }] }],
        }),
        plain("core/v1:Service", { ports: [{ port: unknownUntilUp }] }),
      ];
      const messages = async (stack: readonly ExampleResource[]) =>
        (await runPolicies(policiesOf(rules), stack)).map(({ policy, message }) => `${policy}: ${message}`).sort();

      it("fails nothing without a service", async () => {
        assert.deepEqual(await messages(computed), []);
      });

      it("fails equally with resources before and after a service, and once for each value", async () => {
        const after = await messages([canaryService(), ...computed]);
        assert.equal(after.length, 7, after.join("\n"));
        for (const message of after) assert.match(message, /shop: spec\..* is known only during up/);
        assert.deepEqual(await messages([...computed, canaryService()]), after);
        assert.deepEqual(await messages([...computed, canaryService(), { ...canaryService(), name: "other" }]), after);
      });
    });

    it("continues to judge other resources if a value is unknown", async () => {
      const hidden = (resource: ExampleResource, field: object) => ({
        ...resource,
        props: { ...resource.props, metadata: { namespace: "dora-apps", name: "hidden", labels: {} }, spec: field },
      });
      const route = httpRoute([{ backendRefs: [{ name: "fop-gate-canary", port: 80 }] }], {
        metadata: { name: "other" },
      });
      const stack = [
        canaryService(),
        hidden(httpRoute([]), {
          hostnames: [unknownUntilUp],
          rules: [{ matches: [{ path: { value: unknownUntilUp } }] }],
        }),
        hidden(kubernetes("networking.k8s.io/v1:Ingress", "hidden"), { rules: [{ host: unknownUntilUp }] }),
        kubernetes("core/v1:Service", "fop-gate", { spec: { ports: [{ port: unknownUntilUp }] } }),
        httpRoute([{ backendRefs: [{ name: "fop-gate-canary", port: 80 }] }]),
        route,
      ];
      const found = await runPolicies(policiesOf(rules), stack);
      const known = found.filter(({ message }) => !message.includes("is known only during up"));
      assert.deepEqual(
        known.map(({ policy }) => policy),
        ["unique-hostnames"],
      );
      assert.ok(found.length > known.length);
    });

    it("never prints a token", async () => {
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

    it("never prints a secret that it has found", async () => {
      const env = [{ name: "DB_PASSWORD", value: "hunter22" }];
      const [found] = await runPolicies(policiesOf(rules), [container("fop-gate", { env })]);
      assert.ok(found);
      assert.doesNotMatch(JSON.stringify(found), /hunter22/);
    });

    it("gives Pulumi the schema of its settings", async () => {
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
