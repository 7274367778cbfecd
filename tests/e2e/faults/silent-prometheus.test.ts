import assert from "node:assert/strict";
import { setTimeout as sleep } from "node:timers/promises";
import { enterSandbox } from "../../../harness/sandbox.ts";
import { startUsers } from "../../../harness/users.ts";
import { RELEASE_IMAGES } from "../../../sandbox/images.ts";
import { places } from "../../../sandbox/places.ts";
import { running } from "../../../sandbox/service.ts";
import { replicas, Subject } from "./subject.ts";

/** Seconds that Prometheus is away: longer than numbers count as fresh. */
const away = 120;

describe("a Prometheus that is away while canary has users", () => {
  let subject: Subject;
  let prometheus: string;
  let users: ReturnType<typeof startUsers>;
  before(async () => {
    enterSandbox(["prometheus"]);
    prometheus = process.env.GRAY_SANDBOX_PROMETHEUS ?? assert.fail("no GRAY_SANDBOX_PROMETHEUS");
    subject = await Subject.create("faults-prometheus", {
      plan: `[{ stage: "dark" }, { stage: "canary", weight: 25 }, { stage: "full", watch: 1 }]`,
    });
    users = startUsers(`http://${(await subject.get("service", "fop-gate")).spec.clusterIP}/`);
  });
  after(async () => {
    await users.stop();
    await subject.end();
  });

  /** Stops Prometheus. @returns what wakes it */
  const silence = () => {
    const { pid } = running(places(), "prometheus") ?? assert.fail("no Prometheus");
    process.kill(pid, "SIGSTOP");
    return () => process.kill(pid, "SIGCONT");
  };
  /** A rollout whose canary has just got users. */
  const begin = async () => {
    const driver = subject.start("rollout", "--prometheus", prometheus);
    await subject.opened(
      "canary has users",
      ({ weight, stepStartedAt }) => weight === 25 && stepStartedAt !== undefined,
    );
    return { driver, release: await subject.runs("canary") };
  };
  /** Asserts that for as long as Prometheus is away nothing is decided and nothing moves. */
  const assertStands = async (release: string) => {
    const before = await subject.open();
    // A silence is as long as it is: its length is what is tried here.
    await sleep(away * 1000);
    assert.deepEqual(await subject.open(), before);
    assert.equal((await subject.record()).verdicts[release], undefined);
    assert.deepEqual(await subject.liveSets("stable"), [[subject.a, replicas]]);
  };

  it("decides nothing on a bad release, which is rolled back once the numbers are there", async () => {
    subject.image(RELEASE_IMAGES.bad);
    const wake = silence();
    try {
      const { driver, release } = await begin();
      await assertStands(release);
      wake();
      const { code, output } = await driver.ended;
      process.stdout.write(output.replace(/^/gm, "        "));
      assert.equal(code, 3, output);
      assert.match(output, /the metrics of canary cannot be read \(Prometheus at \S+ gave no answer/);
      assert.equal((await subject.record()).verdicts[release]?.verdict, "bad");
      const { a } = subject;
      await subject.assertEnded({ stable: a, canary: a, release, outcome: "undone" });
    } finally {
      wake();
    }
  });

  it("decides nothing on a good release, which goes on to everybody once the numbers are back", async () => {
    subject.image(RELEASE_IMAGES.B);
    const { driver, release } = await begin();
    const wake = silence();
    try {
      await assertStands(release);
    } finally {
      wake();
    }
    const { code, output } = await driver.ended;
    process.stdout.write(output.replace(/^/gm, "        "));
    assert.equal(code, 0, output);
    await subject.assertEnded({ stable: release, canary: release, release, outcome: "promoted" });
  });
});
