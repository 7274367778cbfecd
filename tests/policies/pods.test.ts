import assert from "node:assert/strict";
import { canaryService, deployment, kubernetes } from "../../policies/engine/examples.ts";
import { policiesOf } from "../../policies/engine/pack.ts";
import type { ExampleResource } from "../../policies/engine/rule.ts";
import { readOnlyRoot } from "../../policies/rules/workload/read-only-root.ts";
import { stableSize } from "../../policies/rules/workload/stable-size.ts";
import { runPolicies } from "./run-policies.ts";

const open = { spec: { containers: [{ name: "work", image: "work:1" }] } };
const adopted = { metadata: { annotations: { "gray-release/adopted": "0123456789ab" } } };

describe("rules on pods", () => {
  const found = async (...resources: ExampleResource[]) => {
    const all = await runPolicies(policiesOf([readOnlyRoot, stableSize]), [canaryService(), ...resources]);
    return all.map(({ policy }) => policy);
  };

  it("find the pods of every kind of object with a pod template", async () => {
    for (const type of ["core/v1:ReplicationController", "batch/v1:Job", "argoproj.io/v1alpha1:Rollout"]) {
      assert.deepEqual(await found(kubernetes(type, "worker", { spec: { template: open } })), ["read-only-root"], type);
    }
    const sweep = kubernetes("batch/v1:CronJob", "worker", { spec: { jobTemplate: { spec: { template: open } } } });
    assert.deepEqual(await found(sweep), ["read-only-root"]);
    assert.deepEqual(await found(kubernetes("core/v1:Pod", "worker", open)), ["read-only-root"]);
  });

  it("find the pods of an object whose name the API server generates", async () => {
    const migration = kubernetes("batch/v1:Job", "migrate", {
      metadata: { name: undefined, generateName: "migrate-" },
      spec: { template: open },
    });
    assert.deepEqual(await found(migration), ["read-only-root"]);
  });

  it("find the pods in a patch of another object", async () => {
    const labels = { "gray-release/service": "fop-gate", track: "stable" };
    const patch = kubernetes("apps/v1:DeploymentPatch", "fop-gate", {
      metadata: { labels },
      spec: { replicas: 1, template: open },
    });
    assert.deepEqual(await found(patch), ["read-only-root", "stable-size"]);
  });

  it("skip only the pods of an adopted Deployment of stable, which needs more than the annotation", async () => {
    const bare = { ...open, metadata: { labels: { track: undefined, release: undefined } } };
    assert.deepEqual(await found(deployment("stable", { ...adopted, spec: { template: bare } })), []);
    assert.deepEqual(await found(deployment("stable", { ...adopted, spec: { template: open } })), ["read-only-root"]);
    assert.deepEqual(await found(deployment("canary", { ...adopted, spec: { template: bare } })), ["read-only-root"]);
    const job = kubernetes("batch/v1:Job", "worker", { ...adopted, spec: { template: bare } });
    assert.deepEqual(await found(job), ["read-only-root"]);
  });
});
