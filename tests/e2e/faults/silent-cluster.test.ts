import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { RELEASE_IMAGES } from "../../../sandbox/images.ts";
import { places } from "../../../sandbox/places.ts";
import { type Identity, lives } from "../../../sandbox/process.ts";
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
    const from = await subject.runs("stable");
    const toB = from === subject.a;
    subject.image(toB ? RELEASE_IMAGES.B : RELEASE_IMAGES.A);
    const to = toB ? subject.b : subject.a;
    const driver = subject.start("rollout");
    await subject.stableRolls(to);
    const server: Identity = JSON.parse(readFileSync(join(places().run, "processes/apiserver.json"), "utf8"));
    assert.ok(lives(server));
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
