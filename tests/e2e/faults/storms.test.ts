import assert from "node:assert/strict";
import type { IncomingMessage } from "node:http";
import { setTimeout as sleep } from "node:timers/promises";
import type { CommandResult, Running } from "../../../harness/command.ts";
import { until } from "../../../harness/kubectl.ts";
import { findAccess } from "../../../kubernetes/kubeconfig.ts";
import { apiServerBehind } from "../../faults/api-server-behind.ts";
import { FaultyProxy } from "../../faults/faulty-proxy.ts";
import { type History, sandboxHistoryOf } from "../../faults/history.ts";
import { fateOf, type Storm } from "../../faults/weather.ts";
import { patience, Subject } from "./subject.ts";

/** Steps with users on canary alone, so that an abort has users to cut off. */
const plan = `[{ stage: "dark", checks: ["healthy"] }, { stage: "canary", weight: 25, atLeast: 6, atMost: 15 }, { stage: "full", watch: 1 }]`;
/** A request that hangs without end keeps a run of Pulumi for this and two minutes more. */
const args = "progressDeadlineSeconds: 60,";
/** Sixty for the long mode. */
const minutes = Number(process.env.GRAY_MINUTES ?? 5);
/** For the last history, which begins before the time is up. */
const lastMinutes = 15;
const first = Number(process.env.GRAY_SEED ?? 1);
/** Milliseconds within which users leave canary once gray abort is through or the API server answers again, with those of a look at them. */
const leaves = 4000;

describe("a rollout through storms between gray and the API server", () => {
  let subject: Subject;
  let proxy: FaultyProxy;
  let seed = first;
  let began = Date.now();
  let storms: readonly Storm[] = [];
  const counts = new Map<string, number>();
  const faults = new Map<string, number>();

  const fate = (request: IncomingMessage) => {
    const [path = ""] = (request.url ?? "").split("?");
    const method = request.method ?? "GET";
    const by = /pulumi/i.test(request.headers["user-agent"] ?? "") ? "pulumi" : "driver";
    const nth = (counts.get(`${by} ${method} ${path}`) ?? 0) + 1;
    counts.set(`${by} ${method} ${path}`, nth);
    return fateOf(seed, storms, { by, method, path, nth, at: Date.now() - began });
  };

  before(async () => {
    subject = await Subject.create("faults-storms", { plan, args });
    await subject.knowBoth();
    proxy = await FaultyProxy.start({
      fate,
      ask: apiServerBehind(findAccess()),
      wait: async (_, milliseconds) => {
        if (milliseconds !== Number.POSITIVE_INFINITY) await sleep(milliseconds);
      },
      befalls: (_, fault) => {
        faults.set(String(fault), (faults.get(String(fault)) ?? 0) + 1);
        return () => {};
      },
      answered: () => {},
    });
  });
  after(async () => {
    await proxy?.stop();
    await subject?.end();
  });

  /** Whether users meet a release on canary. */
  const meet = async (release: string) => {
    const { spec } = await subject.get("service", "fop-gate");
    return spec.selector.track !== "stable" && (await subject.runs("canary")) === release;
  };

  /** Signals that a history has for the driver, each in its time; a driver that was killed is resumed. */
  const signal = async ({ processFaults }: Plan, driver: Running, resume: () => Running) => {
    let current = driver;
    for (const { at, fault, lasts } of processFaults) {
      await sleep(Math.max(0, at - (Date.now() - began)));
      if (!send(current, fault as NodeJS.Signals)) continue;
      faults.set(fault, (faults.get(fault) ?? 0) + 1);
      if (fault === "SIGSTOP") {
        await sleep(lasts);
        send(current, "SIGCONT");
        continue;
      }
      await current.ended;
      if (await subject.open()) current = resume();
    }
    return current;
  };

  it(`ends promoted or undone once it is calm, and users leave an aborted one (${minutes} minutes from seed ${first})`, async () => {
    const env = subject.through(proxy);
    const ends = new Map<string, number>();
    for (const end = Date.now() + minutes * 60_000; Date.now() < end; seed++) {
      const history = planOf(seed);
      if (history.storms.length === 0) continue;
      const again = `GRAY_SEED=${seed} npm run test:faults -- --sandbox --grep storms`;
      const { from, to } = await subject.change();
      counts.clear();
      began = Date.now();
      storms = history.storms;
      const driver = subject.startWith(env, "rollout");
      const signalled = signal(history, driver, () => subject.startWith(env, "resume"));
      const watched = new AbortController();
      const epochs = watchEpochs(subject, watched.signal);
      let aborted: CommandResult | undefined;
      if (history.abortsAt !== undefined) {
        await sleep(history.abortsAt);
        aborted = await subject.gray("abort", "--reason", `seed ${seed}`);
      }
      await sleep(Math.max(0, history.calm - (Date.now() - began)));
      storms = [];
      if (aborted && (await subject.open())?.rollbackRequested) {
        await sleep(leaves);
        assert.ok(!(await meet(to)), `users are on an aborted canary: ${again}`);
      }
      const outputs = [(await (await signalled).ended).output];
      while (outputs.length < 3 && (await subject.open())) outputs.push((await subject.gray("resume")).output);
      watched.abort();
      const seen = await epochs;
      assert.deepEqual(
        seen,
        seen.toSorted((one, two) => one - two),
        `an older driver wrote the record: ${again}`,
      );
      const { open, ended: [latest] = [] } = await subject.record();
      assert.equal(open, undefined, [again, ...outputs].join("\n"));
      const isNew = latest?.release === to;
      const stable = isNew && latest.outcome === "promoted" ? to : from;
      if (isNew && latest.outcome === "undone") await subject.approve(to);
      await until(`stable runs ${stable}`, async () => (await subject.runs("stable")) === stable, patience);
      const outcome = isNew ? latest.outcome : "never begun";
      ends.set(outcome, (ends.get(outcome) ?? 0) + 1);
    }
    process.stdout.write(`      seeds ${first} to ${seed - 1}: ${list(ends)}; faults: ${list(faults)}\n`);
  }).timeout((minutes + lastMinutes) * 60_000);
});

interface Plan extends Pick<History, "storms" | "processFaults" | "calm"> {
  /** Milliseconds until a person aborts. */
  readonly abortsAt?: number;
}

/** What a history has for a real cluster. Its storms are over drivers and people alike: gray has one user agent. */
function planOf(seed: number): Plan {
  const { storms, calm, decisions, evidence, processFaults } = sandboxHistoryOf(seed);
  const bad = Object.values(evidence)
    .flat()
    .find(({ verdict }) => verdict === "bad");
  const abortsAt = (decisions.find(({ decision }) => decision === "abort") ?? bad)?.at;
  return {
    calm,
    storms: storms.map(({ whose, ...storm }) => (whose === "pulumi" ? { ...storm, whose } : storm)),
    processFaults: processFaults.filter(({ fault }) => fault !== "hung plugin"),
    ...(abortsAt !== undefined && { abortsAt }),
  };
}

/** @returns whether the driver was still there */
function send({ pid }: Running, signal: NodeJS.Signals): boolean {
  try {
    return process.kill(pid, signal);
  } catch {
    return false;
  }
}

/** The epochs of the record as they come, from the API server itself. */
async function watchEpochs(subject: Subject, signal: AbortSignal): Promise<number[]> {
  const epochs: number[] = [];
  while (!signal.aborted) {
    const { open } = await subject.record();
    if (open) epochs.push(open.epoch);
    await sleep(500);
  }
  return epochs;
}

const list = (counts: ReadonlyMap<string, number>) => [...counts].map(([what, count]) => `${count} ${what}`).join(", ");
