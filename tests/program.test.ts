import assert from "node:assert/strict";
import type { Stack } from "../harness/project.ts";
import { policiesOf } from "../policies/engine/pack.ts";
import { rules } from "../policies/engine/rules.ts";
import { Checkout } from "./fake/checkout.ts";
import type { Registered, Run } from "./fake/engine.ts";
import { World } from "./fake/world.ts";
import { runPolicies } from "./policies/run-policies.ts";

/** The example program: index.ts with its settings, deployed as its two stacks. */
describe("fop-gate", () => {
  let world: World;
  let checkout: Checkout;
  const made: Partial<Record<Stack, Run>> = {};
  const up = (stack: Stack, preview = false) =>
    world.up(stack, checkout.program, { config: checkout.config(stack), preview });
  const objects = (stack: Stack) =>
    (made[stack]?.resources ?? [])
      .filter(({ type }) => type.startsWith("kubernetes:"))
      .map(({ type, inputs }) =>
        `${type.split(":").at(-1)} ${inputs.metadata.name}`.replace(/-[0-9a-f]{10,12}$/, "-<hash>"),
      )
      .sort();
  const find = (stack: Stack, kind: string): Registered => {
    const found = made[stack]?.resources.find(({ type }) => type.endsWith(`:${kind}`));
    assert.ok(found);
    return found;
  };

  before(async () => {
    world = await World.start();
    checkout = new Checkout();
    made.canary = await up("canary");
    made.prod = await up("prod");
  });
  after(async () => {
    checkout.remove();
    await world.stop();
  });

  it("has the objects of stack canary", () => {
    assert.deepEqual(objects("canary"), [
      "ConfigMap fop-gate-config-<hash>",
      "ConfigMap fop-gate-log-applog-<hash>",
      "ConfigMap fop-gate-log-auditlog-<hash>",
      "ConfigMap fop-gate-plan",
      "ConfigMap fop-gate-release-<hash>",
      "Deployment fop-gate-canary",
      "Ingress fop-gate",
      "Service fop-gate",
      "Service fop-gate-canary",
    ]);
  });

  it("has its Deployment and the debug Ingress in stack prod", () => {
    assert.deepEqual(objects("prod"), ["Deployment fop-gate", "Ingress fop-gate-debug"]);
  });

  it("has nine stable pods and one of canary, in dora-apps", () => {
    const of = (stack: Stack) => find(stack, "Deployment").inputs;
    assert.deepEqual([of("prod").spec.replicas, of("canary").spec.replicas], [9, 1]);
    assert.deepEqual([of("prod").metadata.namespace, of("canary").metadata.namespace], ["dora-apps", "dora-apps"]);
  });

  for (const stack of ["canary", "prod"] as const) {
    describe(`the Deployment of ${stack}`, () => {
      const inputs = () => find(stack, "Deployment").inputs;
      const track = stack === "prod" ? "stable" : "canary";

      it("has the service's labels, and so have its pods", () => {
        const expected = { app: "fop-gate", team: "dora", type: "basic", track };
        const { "gray-release/service": _, ...labels } = inputs().metadata.labels;
        assert.deepEqual(labels, expected);
        const { release, ...ofPods } = inputs().spec.template.metadata.labels;
        assert.deepEqual(ofPods, expected);
        assert.match(release, /^[0-9a-f]{12}$/);
      });

      it("has the two annotations for the log agent", () => {
        const { annotations } = inputs().metadata;
        assert.equal(annotations["log.qiniu.com/global.agent"], "logexporter");
        assert.equal(annotations["log.qiniu.com/global.version"], "v2");
      });

      it("has the specified rolling update", () => {
        const { minReadySeconds, strategy, template } = inputs().spec;
        assert.equal(minReadySeconds, 30);
        assert.deepEqual(strategy, { type: "RollingUpdate", rollingUpdate: { maxSurge: 1, maxUnavailable: 0 } });
        assert.equal(template.spec.terminationGracePeriodSeconds, 90);
      });

      it("runs fop-gate and its log agent, so that pods show 2/2", () => {
        const { containers, initContainers } = inputs().spec.template.spec;
        assert.deepEqual(
          containers.map(({ name, image }: { name: string; image: string }) => [name, image]),
          [["fop-gate", "reg.qiniu.com/dora-apps/fop-gate:20190218210538-6-master"]],
        );
        assert.deepEqual(
          initContainers.map(({ name, restartPolicy }: { name: string; restartPolicy: string }) => [
            name,
            restartPolicy,
          ]),
          [["log-agent", "Always"]],
        );
        for (const container of [...containers, ...initContainers]) assert.ok(container.readinessProbe, container.name);
      });

      it("mounts the logs of fop-gate and its two config files into the log agent", () => {
        const { containers, initContainers } = inputs().spec.template.spec;
        const mounts = ({ volumeMounts }: { volumeMounts: { name: string; mountPath: string }[] }) =>
          Object.fromEntries(volumeMounts.map(({ name, mountPath }) => [name, mountPath]));
        assert.deepEqual(mounts(containers[0]), { logs: "/var/log/fop-gate", config: "/etc/fop-gate" });
        const { logs, ...configs } = mounts(initContainers[0]);
        assert.equal(logs, "/var/log/fop-gate");
        assert.deepEqual(Object.keys(configs), ["log-applog", "log-auditlog"]);
        for (const [index, file] of initContainers[0].args.entries()) {
          assert.ok(file.startsWith(`${Object.values(configs)[index]}/`), file);
        }
      });

      it("passes every policy", async () => {
        assert.deepEqual(await runPolicies(policiesOf(rules), declared(stack, made[stack])), []);
      });

      it("passes every policy when nothing has changed", async () => {
        assert.deepEqual(await runPolicies(policiesOf(rules), declared(stack, await up(stack, true))), []);
      });
    });
  }

  describe("with a later release on canary alone", () => {
    it("fails its policies, because the gate refuses", async () => {
      const later = new Checkout();
      try {
        later.change({ files: { "config/fop-gate/fop-gate.conf": (text) => `${text}# B\n` } });
        await world.up("canary", later.program, { config: later.config("canary") });
        const found = await runPolicies(policiesOf(rules), declared("prod", await up("prod", true)));
        assert.deepEqual(
          found.map(({ policy, message }) => [policy, message.replaceAll(/\b[0-9a-f]{12}\b/g, "<release>")]),
          [
            [
              "refused-release",
              'dora-apps/fop-gate: the gate refuses the release of stable (no-verdict), so pulumi up would stop: let gray verify judge it, or check canary and run gray approve <release> --reason "…" -n dora-apps --service fop-gate. File to change: none, because verdicts are in the cluster.',
            ],
          ],
        );
      } finally {
        later.remove();
      }
    });
  });

  /** The resources of a run in the form that a policy pack receives. */
  function declared(stack: Stack, run: Run | undefined) {
    const asked = stack === "prod" ? (["prod", "canary"] as const) : (["canary"] as const);
    const references = asked.map((each) => {
      const name = `organization/gray-release/${each}`;
      return { type: "pulumi:pulumi:StackReference", name, props: { name, outputs: world.outputs.get(each) ?? {} } };
    });
    const resources = (run?.resources ?? []).map(({ type, name, inputs, protect }) => ({
      type,
      name,
      props: inputs,
      protect,
    }));
    return [...resources, ...references];
  }
});
