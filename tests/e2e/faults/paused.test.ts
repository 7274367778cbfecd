import assert from "node:assert/strict";
import { setTimeout as sleep } from "node:timers/promises";
import type { Running } from "../../../harness/command.ts";
import { apply, kubectl, until } from "../../../harness/kubectl.ts";
import { RELEASE_IMAGES } from "../../../sandbox/images.ts";
import { Subject } from "./subject.ts";

const namespace = "faults-words";
/** Seconds that the canary step lasts at most; nobody sends requests, so the evidence never decides. */
const atMost = 20;

describe("a rollout in stage canary", () => {
  let subject: Subject;
  let b: string;
  let driver: Running;
  before(async () => {
    subject = await Subject.create(namespace, {
      plan: `[{ stage: "dark" }, { stage: "canary", weight: 25, atMost: ${atMost} }, { stage: "full", watch: 1 }]`,
    });
    subject.image(RELEASE_IMAGES.B);
  });
  after(() => subject.end());

  const inCanary = () =>
    subject.opened("canary has users", ({ weight, stepStartedAt }) => weight === 25 && stepStartedAt !== undefined);
  const driven = () =>
    until("somebody drives it again", async () => {
      const { spec } = await subject.get("lease", "fop-gate-rollout");
      return spec.holderIdentity?.includes(`/${driver.pid}/`);
    });
  /** What stands live, and what users get. */
  const standing = async () => [
    await subject.liveSets("stable"),
    await subject.liveSets("canary"),
    (await subject.get("service", "fop-gate")).spec.selector,
  ];
  const write = (data: object) =>
    kubectl([
      "patch",
      "configmap",
      "fop-gate-rollout",
      "-n",
      namespace,
      "--type=merge",
      "-p",
      JSON.stringify({ data }),
    ]);

  it("pauses for over a minute, longer than its step may last, and goes on from there", async () => {
    driver = subject.start("rollout", "--stay", "--json");
    await inCanary();
    b = await subject.runs("canary");
    const paused = await subject.gray("pause", "--reason", "lunch");
    assert.equal(paused.code, 0, paused.output);
    const stands = await standing();
    // A pause is as long as it is: its length is what is tried here.
    await sleep(65_000);
    assert.deepEqual(await standing(), stands);
    const open = await subject.open();
    assert.equal(open?.paused?.reason, "lunch");
    const resumed = await subject.gray("resume");
    assert.match(resumed.output, /will apply your command/);
    const gone = await subject.open();
    assert.equal(gone?.paused, undefined);
    assert.ok(Date.parse(String(gone?.stepStartedAt)) > Date.parse(String(open?.stepStartedAt)) + 60_000);
  });

  it("waits while its record cannot be read, changes nothing, and goes on once it is restored", async () => {
    const { data } = await subject.get("configmap", "fop-gate-rollout");
    const stands = await standing();
    await write({ record: data.record.slice(0, 100) });
    const refused = await subject.gray("resume");
    assert.equal(refused.code, 1, refused.output);
    assert.match(refused.output, /^gray: The record fop-gate-rollout .* cannot be read \(.*\): restore it/m);
    assert.deepEqual(await standing(), stands);
    await write(data);
    await driven();
    assert.deepEqual(await standing(), stands);
  });

  it("takes users off canary once its record is deleted, says so and ends; put back, the rollout goes on from another process", async () => {
    const { data, metadata } = await subject.get("configmap", "fop-gate-rollout");
    const [stable, canary] = await standing();
    await kubectl(["delete", "configmap", "fop-gate-rollout", "-n", namespace]);
    const { code, output } = await driver.ended;
    assert.equal(code, 1, output);
    assert.match(output, /^gray: The record fop-gate-rollout in namespace \S+ no longer has this rollout/m);
    assert.deepEqual(await standing(), [stable, canary, { app: "fop-gate", track: "stable" }]);
    const refused = await subject.gray("resume");
    assert.equal(refused.code, 1, refused.output);
    assert.match(refused.output, /^gray: No rollout of fop-gate is open/m);
    const anew = await subject.gray("rollout");
    process.stdout.write(anew.output.replace(/^/gm, "        "));
    const { name, labels } = metadata;
    await apply({ apiVersion: "v1", kind: "ConfigMap", metadata: { name, namespace, labels }, data });
    driver = subject.start("resume", "--stay");
    await driven();
  });

  it("is aborted from another process while its driver lives", async () => {
    const began = Date.now();
    const aborted = await subject.gray("abort", "--reason", "second thoughts");
    assert.equal(aborted.code, 0, aborted.output);
    assert.match(aborted.output, /will apply your command/);
    const { code, output } = await driver.ended;
    assert.equal(code, 3, output);
    assert.match(output, /rolled back: \S+ aborted it: second thoughts/);
    process.stdout.write(`      undone ${Date.now() - began} ms after gray abort was begun\n`);
    await subject.assertEnded({ stable: subject.a, canary: subject.a, release: b, outcome: "undone" });
  });
});
