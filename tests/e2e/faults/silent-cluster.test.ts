import assert from "node:assert/strict";
import { setTimeout as sleep } from "node:timers/promises";
import { places } from "../../../sandbox/places.ts";
import { running } from "../../../sandbox/service.ts";
import { Subject } from "./subject.ts";

/** Seconds that the API server is away: longer than a lease lasts. */
const away = 30;

describe("an API server that is away while stable rolls", () => {
  let subject: Subject;
  before(async () => {
    subject = await Subject.create("faults-silence");
    await subject.knowBoth();
  });
  after(() => subject.end());

  it("is waited for, which the driver says, and then it goes on to the end", async () => {
    const { to } = await subject.change();
    const driver = subject.start("rollout");
    await subject.stableRolls(to);
    const server = running(places(), "apiserver");
    assert.ok(server);
    process.kill(server.pid, "SIGSTOP");
    try {
      await sleep(away * 1000);
    } finally {
      process.kill(server.pid, "SIGCONT");
    }
    const back = Date.now();
    const { code, output } = await driver.ended;
    process.stdout.write(output.replace(/^/gm, "        "));
    process.stdout.write(`      at its end ${Date.now() - back} ms after the API server was back\n`);
    assert.equal(code, 0, output);
    assert.match(output, /could not be renewed|does not answer/);
    await subject.assertEnded({ stable: to, canary: to, release: to, outcome: "promoted" });
  });
});
