import assert from "node:assert/strict";
import type { IncomingMessage } from "node:http";
import type { CommandResult, Running } from "../../../harness/command.ts";
import { findAccess } from "../../../kubernetes/kubeconfig.ts";
import { apiServerBehind } from "../../faults/api-server-behind.ts";
import { FaultyProxy } from "../../faults/faulty-proxy.ts";
import { Subject } from "./subject.ts";

/** A number beyond every write: the driver is killed at none. */
const never = 1000;
/** What lies before and after each effect: a change of the record or of a verdict, or of the front past Pulumi's provider. */
const writes = /\/configmaps(?:\/fop-gate-(?:rollout|(?:verdict|decision)-\w+))?$|\/(services|httproutes)\/fop-gate$/;

/**
 * Kills a driver at its nth write: an odd number before the write reaches the API server, an even one after it was done and before
 * the driver has the answer.
 */
class Killer {
  #at = never;
  #passed = 0;
  #driver: Running | undefined;
  readonly #ask = apiServerBehind(findAccess());

  /** From now on. */
  kill(driver: Running, at: number): void {
    this.#at = at;
    this.#passed = 0;
    this.#driver = driver;
  }

  readonly ask = async (request: IncomingMessage, body: Buffer) => {
    const isPulumi = /pulumi/i.test(request.headers["user-agent"] ?? "");
    const isWrite = request.method !== "GET" && !isPulumi && writes.test((request.url ?? "").replace(/\?.*/, ""));
    if (isWrite) this.#boundary();
    const answer = await this.#ask(request, body);
    if (isWrite) this.#boundary();
    return answer;
  };

  /** How many boundaries were passed. */
  get passed(): number {
    return this.#passed;
  }

  #boundary(): void {
    if (++this.#passed !== this.#at || this.#driver === undefined) return;
    process.kill(this.#driver.pid, "SIGKILL");
    throw new Error("the driver is dead");
  }
}

describe("a driver that is killed before or after a write", () => {
  let subject: Subject;
  let proxy: FaultyProxy;
  let killer: Killer;
  before(async () => {
    subject = await Subject.create("faults-boundary");
    await subject.knowBoth();
    killer = new Killer();
    proxy = await FaultyProxy.start({
      ask: killer.ask,
      fate: () => ({ milliseconds: 0 }),
      wait: async () => {},
      befalls: () => () => {},
      answered: () => {},
    });
  });
  after(async () => {
    await proxy?.stop();
    await subject?.end();
  });

  /** A rollout to the release that stable does not run, by a driver that is killed at a write. */
  const begin = async (at: number) => {
    const change = await subject.change();
    const driver = subject.startWith(subject.through(proxy), "rollout");
    killer.kill(driver, at);
    return { ...change, ended: driver.ended };
  };
  /** How a driver ended that may have been killed. */
  const diedOr = (code: number, { code: came, output }: CommandResult) => {
    assert.ok(came === null || came === code, output);
    return came === null;
  };
  const resume = async (at: number, code: number) => {
    if ((await subject.open()) === undefined) return;
    const started = Date.now();
    const resumed = await subject.gray("resume");
    assert.equal(resumed.code, code, `killed at ${at}:\n${resumed.output}`);
    process.stdout.write(`      killed at boundary ${at}: resumed to the end in ${Date.now() - started} ms\n`);
  };

  it("is resumed to the end of a rollout that is promoted", async () => {
    for (let at = 1; at < never; at++) {
      const { to, ended } = await begin(at);
      const died = diedOr(0, await ended);
      if (died && at === 1) {
        // Its rollout was never opened.
        assert.equal((await subject.gray("rollout")).code, 0);
      }
      if (died) await resume(at, 0);
      await subject.assertEnded({ stable: to, canary: to, release: to, outcome: "promoted" });
      if (!died) {
        process.stdout.write(`      ${killer.passed} boundaries\n`);
        // Opening, two effects, a check, two steps and the end are at least this many writes.
        assert.ok(killer.passed >= 20, `${killer.passed}`);
        return;
      }
    }
  });

  /** A rollout that is aborted while stable rolls. @returns how many boundaries came before that */
  const abortWhileStableRolls = async (at: number) => {
    const { from, to, ended } = await begin(at);
    await subject.stableRolls(to);
    const { passed } = killer;
    const aborted = await subject.gray("abort", "--reason", "a test");
    assert.equal(aborted.code, 0, aborted.output);
    const died = diedOr(3, await ended);
    // gray abort takes over, because the driver is dead by then.
    if (died) await resume(at, 3);
    await subject.assertEnded({ stable: from, canary: from, release: to, outcome: "undone" });
    await subject.approve(to);
    return passed;
  };

  it("is resumed to the end of a rollout that a person aborts while stable rolls", async () => {
    // Those before stable rolls are the same as above.
    const first = (await abortWhileStableRolls(never)) + 1;
    const last = killer.passed;
    process.stdout.write(`      boundaries ${first} to ${last}\n`);
    // The cutoff and two effects of the rollback at least.
    assert.ok(last - first >= 10, `${first} to ${last}`);
    for (let at = first; at <= last; at++) await abortWhileStableRolls(at);
  });
});
