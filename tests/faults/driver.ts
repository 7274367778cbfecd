import { setTimeout as sleep } from "node:timers/promises";
import { Evidence } from "../../analysis/evidence.ts";
import type { Assessment } from "../../analysis/verdict.ts";
import type { Track } from "../../components/traffic.ts";
import { Recorder } from "../../evaluation/recorder.ts";
import { isRetryable } from "../../kubernetes/answer.ts";
import type { Cluster } from "../../kubernetes/cluster.ts";
import { Superseded } from "../../record/epoch.ts";
import { byEvidence } from "../../record/verdict-merge.ts";
import { actuatorOf } from "../../rollout/actuator.ts";
import type { EvidenceObserver } from "../../rollout/drive-context.ts";
import { Driven } from "../../rollout/driven.ts";
import type { End } from "../../rollout/end.ts";
import { Lease } from "../../rollout/lease.ts";
import type { Judgment, Move } from "../../rollout/move.ts";
import type { Rollout } from "../../rollout/rollout.ts";
import { type Entry, RolloutStore } from "../../rollout/rollout-store.ts";
import { driveWithLease } from "../../rollout/with-lease.ts";
import type { TimelineEvent } from "./events.ts";
import type { History, Verdict } from "./history.ts";
import type { Actor } from "./simulated-time.ts";
import { webOf } from "./site.ts";

/** A process that may drive. */
export interface Process {
  readonly actor: Actor;
  readonly api: Cluster;
  readonly history: History;
  /** Milliseconds since the beginning. */
  readonly now: () => number;
  readonly tell: (event: TimelineEvent) => void;
  /** `pulumi up` of a track's stack. */
  readonly up: (track: Track, epoch: number, signal: AbortSignal) => Promise<void>;
  /** Folder for the diagnostics. */
  readonly folder: string;
  readonly leavesHolding: boolean;
  /** Ends it in good order, as SIGTERM does. */
  readonly stopping: AbortSignal;
}

const of = (api: Cluster) => ({ ...webOf(api), deployments: {} });

/** Takes the rollout over as `gray resume` does, and drives it to its end. Never rejects: how it ended is told. */
export async function takeOver(process: Process, found: (rollout: Rollout | undefined) => Rollout): Promise<void> {
  await ends(process, async () => {
    const lease = await patiently(() => Lease.take(of(process.api), noteOf(process)));
    try {
      const store = await patiently(() => RolloutStore.takeOver(of(process.api), found));
      return await driveOn(process, store, lease);
    } finally {
      await lease.release();
    }
  });
}

/** Begins a rollout as `gray rollout` does, and drives it. Never rejects. @param supersedes whether one may be open */
export async function begin(
  process: Process,
  start: Parameters<typeof RolloutStore.open>[1],
  supersedes: boolean,
): Promise<void> {
  await ends(process, async () => {
    const kept = of(process.api);
    const opened = supersedes ? await RolloutStore.open(kept, start) : undefined;
    const lease = supersedes ? await leaseOfStopped(process) : await Lease.take(kept, noteOf(process));
    try {
      return await driveOn(process, opened ?? (await RolloutStore.open(kept, start)), lease);
    } finally {
      await lease.release();
    }
  });
}

/** Tells how a process ends. */
async function ends({ actor: { name: by }, tell }: Process, run: () => Promise<End>): Promise<void> {
  try {
    const end = await run();
    tell({ kind: "driver", by, is: "ended", end: end.kind, ...("reason" in end && { reason: end.reason }) });
  } catch (error) {
    const { name, message } = error as Error;
    const end = error instanceof Driven ? "driven" : error instanceof Superseded ? "superseded" : name;
    tell({ kind: "driver", by, is: "ended", end, reason: message });
  }
}

async function patiently<T>(ask: () => Promise<T>): Promise<T> {
  for (;;) {
    try {
      return await ask();
    } catch (error) {
      if (!isRetryable(error)) throw error;
      await sleep(1000);
    }
  }
}

async function leaseOfStopped(process: Process): Promise<Lease> {
  for (;;) {
    try {
      return await Lease.take(of(process.api), noteOf(process));
    } catch (error) {
      if (!(error instanceof Driven)) throw error;
      await sleep(1000);
    }
  }
}

function noteOf({ actor: { name: by }, tell }: Process) {
  return (sentence: string) => tell({ kind: "note", by, sentence });
}

/** As cli/driving.ts does, with evidence that a history decides. */
async function driveOn(process: Process, store: RolloutStore, lease: Lease): Promise<End> {
  const { actor, api, up, folder, leavesHolding, stopping, tell } = process;
  actor.epoch = store.epoch;
  tell({ kind: "driver", by: actor.name, is: "driving", epoch: store.epoch });
  const note = noteOf(process);
  const observer = new ScriptedObserver(process);
  const held = { lease };
  const actuator = actuatorOf({
    ...webOf(api),
    ...{ folder, note },
    stacks: { canary: "canary", stable: "stable" },
    up: (stack, epoch, signal) => up(stack as Track, epoch, signal),
    assertHeld: () => held.lease.assertHeld(),
    evidence: () => undefined,
    endpoint: { via: "pods" },
    progress: () => {},
  });
  let told: string | undefined;
  const now = (_: Rollout, move: Move) => {
    const reason = move.kind === "hold" ? move.reason : undefined;
    if (reason !== told) tell({ kind: "holds", by: actor.name, ...(reason !== undefined && { reason }) });
    told = reason;
  };
  const context = { store, actuator, observer, reporter: { now, note }, leavesHolding, signal: stopping };
  try {
    return await driveWithLease(context, held);
  } finally {
    observer.end();
    await held.lease.release();
  }
}

/** Evidence as a history has it, brought into the record as that of real looks is. It answers as EvidenceMonitor does. */
class ScriptedObserver implements EvidenceObserver {
  readonly #process: Process;
  #looking: string | undefined;
  readonly #over = new AbortController();
  #recorder: Recorder;

  constructor(process: Process) {
    this.#process = process;
    this.#recorder = new Recorder(of(process.api), noteOf(process));
  }

  judgment({ rollout, verdict }: Entry): Judgment {
    const { steps, step, stepStartedAt, release, began } = rollout;
    const stage = steps[step]?.stage;
    if (this.#looking === undefined && (stage === "full" || (stage === "canary" && stepStartedAt !== undefined))) {
      this.#looking = release;
      this.#process.tell({ kind: "looks", by: this.#process.actor.name, release });
      void this.#look(release);
    }
    const latest = this.#looking === undefined ? "undecided" : verdictAt(this.#process, release);
    if (latest === "bad") return { verdict: "bad", reason: reason(latest) };
    const counts = verdict && (verdict.by !== byEvidence || Date.parse(verdict.at) >= Date.parse(began));
    if (counts && verdict.verdict !== "undecided") {
      return { verdict: verdict.verdict, reason: `${verdict.by}: ${verdict.reason}` };
    }
    if (latest === "good" && verdict?.verdict === "good") return { verdict: "good", reason: reason(latest) };
    return { verdict: "undecided", reason: reason("undecided") };
  }

  takeCutoff(): undefined {
    return undefined;
  }

  end(): void {
    this.#over.abort();
  }

  async #look(release: string): Promise<void> {
    const { actor, tell } = this.#process;
    const evidence = new Evidence({ canary: release, stable: [] });
    let told: Verdict = "undecided";
    while (!this.#over.signal.aborted) {
      const verdict = verdictAt(this.#process, release);
      if (verdict !== "undecided") {
        await this.#recorder.write(assessmentOf(verdict), evidence);
        if (this.#recorder.trouble === undefined && told !== verdict) {
          tell({ kind: "judged", by: actor.name, release, verdict });
          told = verdict;
        }
      }
      await sleep(1000, undefined, { signal: this.#over.signal }).catch(() => {});
    }
  }
}

/** What evidence comes to now. */
function verdictAt({ history, now }: Process, release: string): Verdict {
  return history.evidence[release]?.findLast(({ at }) => at <= now())?.verdict ?? "undecided";
}

export function reason(verdict: Verdict): string {
  return { good: "every stream is fine", bad: "canary answers 5xx", undecided: "too few requests" }[verdict];
}

function assessmentOf(verdict: Verdict): Assessment {
  return { verdict, reason: reason(verdict), logWorse: 0, pValue: 1, findings: [] };
}
