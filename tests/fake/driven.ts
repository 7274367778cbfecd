import { mock } from "node:test";
import { resolveStep, type Step } from "../../components/step.ts";
import type { RolloutRecord } from "../../record/record.ts";
import { type RecordedService, recordName } from "../../record/record-store.ts";
import type { DriveContext } from "../../rollout/drive-context.ts";
import { drive } from "../../rollout/driver.ts";
import type { End } from "../../rollout/end.ts";
import type { Judgment, Move } from "../../rollout/move.ts";
import type { Rollout } from "../../rollout/rollout.ts";
import { RolloutStore, recordDecision } from "../../rollout/rollout-store.ts";
import { ApiServer } from "./api-server.ts";
import { direct } from "./direct.ts";
import { withoutSleep } from "./sleep.ts";
import { recordIn } from "./stored-record.ts";
import { Tracks } from "./tracks.ts";

/** The releases: what the tracks run, and what is rolled out. */
export const [a, b] = ["aaaaaaaaaaaa", "bbbbbbbbbbbb"] as const;
export const good: Judgment = { verdict: "good", reason: "every stream is fine" };
export const bad: Judgment = { verdict: "bad", reason: "canary answers 5xx 5 times as often" };
export const undecided: Judgment = { verdict: "undecided", reason: "too few requests" };
export const usual: readonly Step[] = [
  { stage: "dark" },
  { stage: "canary", weight: 10, atMost: 15 },
  { stage: "full", watch: 15 },
];

const namespace = "dora-apps";
export const recordPath = `/api/v1/namespaces/${namespace}/configmaps/${recordName("web")}`;

/** A cluster on which nobody sleeps, and on which five seconds pass with each move. */
export async function quickCluster(): Promise<{ api: ApiServer; sleepAgain(): void; end(): Promise<void> }> {
  const sleepAgain = withoutSleep();
  mock.timers.enable({ apis: ["Date"], now: Date.UTC(2026, 0, 1) });
  const api = await ApiServer.start({ namespace });
  const end = async () => {
    await api.stop();
    mock.timers.reset();
    sleepAgain();
  };
  return { api, sleepAgain, end };
}

/** A rollout of `b` to tracks that run `a`, with its record. */
export class Trial {
  readonly tracks = new Tracks(a);
  readonly of: RecordedService;
  readonly notes: string[] = [];
  readonly moves: Move[] = [];
  readonly stop = new AbortController();
  leavesHolding = true;
  /** Why canary was cut since the driver asked last. */
  cut: string | undefined;
  /** What is known of the release. */
  judgment: (rollout: Rollout) => Judgment = () => good;
  /** Happens after each reading of the record: what a person does. */
  meanwhile: (rollout: Rollout) => void | Promise<void> = () => {};
  private readonly api: ApiServer;

  constructor(api: ApiServer) {
    this.api = api;
    api.objects.delete(recordPath);
    this.of = { api: direct(api), cluster: "cluster-uid", namespace, service: "web" };
  }

  get record(): RolloutRecord {
    return recordIn(this.api, recordPath);
  }

  get open(): Rollout {
    return this.record.open as unknown as Rollout;
  }

  begin(steps: readonly Step[] = usual, more: Partial<Rollout> = {}): Promise<RolloutStore> {
    const began = new Date().toISOString();
    const runs = { canary: a, stable: a };
    const rest = {
      release: b,
      from: a,
      runs,
      weight: 0,
      by: "alice",
      began,
      steps: steps.map((step) => resolveStep(step, ["GET /healthz"])),
      step: 0,
      ...more,
    };
    return RolloutStore.open(this.of, (epoch) => ({ ...rest, epoch }));
  }

  takeOver(): Promise<RolloutStore> {
    return RolloutStore.takeOver(this.of, (found) => found as Rollout);
  }

  /** A person's decision. */
  recordDecision(to: (rollout: Rollout) => Rollout): Promise<void> {
    return recordDecision(this.of, (rollout) => ({ open: to(rollout as Rollout) }));
  }

  drive(store: RolloutStore): Promise<End> {
    return drive(this.contextOf(store));
  }

  contextOf(store: RolloutStore): DriveContext {
    const { read } = store;
    store.read = async () => {
      const entry = await read.call(store);
      await this.meanwhile(entry.rollout);
      return entry;
    };
    return {
      store,
      actuator: this.tracks,
      observer: {
        judgment: ({ rollout }) => this.judgment(rollout),
        takeCutoff: () => {
          const { cut } = this;
          this.cut = undefined;
          return cut;
        },
      },
      reporter: {
        now: (_, move) => {
          mock.timers.setTime(Date.now() + 5000);
          this.moves.push(move);
        },
        note: (sentence) => void this.notes.push(sentence),
      },
      leavesHolding: this.leavesHolding,
      signal: this.stop.signal,
    };
  }
}
