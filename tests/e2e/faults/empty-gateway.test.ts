import assert from "node:assert/strict";
import { apply, kubectl } from "../../../harness/kubectl.ts";
import { sandboxEnvironment } from "../../../sandbox/env.ts";
import { GATEWAY } from "../../../sandbox/gateway.ts";
import { RELEASE_IMAGES } from "../../../sandbox/images.ts";
import { places } from "../../../sandbox/places.ts";
import { Subject } from "./subject.ts";

const namespace = "faults-empty";
const gateway = {
  routes: [{ gateways: [GATEWAY], hostnames: ["empty.gateway.gray.test"] }],
  minimumCanaryReplicas: 1,
};

describe("half of the users on a single canary pod behind a gateway", () => {
  let subject: Subject;
  before(async () => {
    subject = await Subject.create(namespace, {
      plan: `[{ stage: "dark", checks: ["healthy"] }, { stage: "canary", weight: 50 }, { stage: "full", watch: 1 }]`,
      args: `gateway: ${JSON.stringify(gateway)},`,
      shared: { replicas: 1 },
      weight: 50,
    });
  });
  after(() => subject.end());

  /** What the route gives each backend, but for the rule of the token. */
  const weights = async () => {
    const { items } = await subject.get("httproutes", "-l", "app=fop-gate");
    return items[0].spec.rules.map((rule: { backendRefs: { name: string; weight: number }[] }) =>
      rule.backendRefs.map(({ name, weight }) => `${name} ${weight}`),
    );
  };

  it("are cut off it when it is gone and none takes its place, and the rollout holds", async () => {
    subject.image(RELEASE_IMAGES.B);
    const url = sandboxEnvironment(places()).GRAY_SANDBOX_GATEWAY ?? assert.fail("no GRAY_SANDBOX_GATEWAY");
    const driver = subject.start("rollout", "--url", url);
    await subject.opened(
      "canary has half",
      ({ weight, stepStartedAt }) => weight === 50 && stepStartedAt !== undefined,
    );
    const stands = await weights();
    assert.ok(stands.flat().includes("fop-gate-canary 50"), JSON.stringify(stands));
    // No pod may take the place of the one that goes.
    const hard = { pods: "0" };
    await apply({ apiVersion: "v1", kind: "ResourceQuota", metadata: { name: "none", namespace }, spec: { hard } });
    const began = Date.now();
    await kubectl(["delete", "pods", "-n", namespace, "-l", "track=canary", "--wait=false"]);
    const { code, output } = await driver.ended;
    process.stdout.write(output.replace(/^/gm, "        "));
    process.stdout.write(`      held ${Date.now() - began} ms after the pod was deleted\n`);
    assert.equal(code, 4, output);
    assert.match(output, /canary had users but no ready pod for 5 s and was cut off/);
    const { open } = await subject.record();
    assert.equal(open?.weight, 0);
    assert.ok(!(await weights()).flat().includes("fop-gate-canary 50"));
    assert.equal((await subject.get("service", "fop-gate")).spec.selector.track, "stable");

    await kubectl(["delete", "resourcequota", "none", "-n", namespace]);
    const aborted = await subject.gray("abort", "--reason", "a test");
    assert.equal(aborted.code, 0, aborted.output);
    const { a } = subject;
    assert.deepEqual([await subject.liveSets("stable"), await subject.liveSets("canary")], [[[a, 1]], [[a, 1]]]);
    await subject.assertOneAgain();
  });
});
