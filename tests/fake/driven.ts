import { mock } from "node:test";
import { fullStep, type Step } from "../../components/step.ts";
import { type Drive, drive, type End } from "../../rollout/drive/driver.ts";
import { type Kept, Ledger, tell } from "../../rollout/drive/ledger.ts";
import type { Move, Standing } from "../../rollout/drive/next.ts";
import type { Rollout } from "../../rollout/drive/rollout.ts";
import { type RolloutRecord, recordName } from "../../rollout/record/record.ts";
import { ApiServer } from "./api-server.ts";
import { direct } from "./direct.ts";
import { withoutSleep } from "./sleep.ts";
import { Tracks } from "./tracks.ts";

/** The releases: what the tracks run, and what is rolled out. */
export const [a, b] = ["aaaaaaaaaaaa", "bbbbbbbbbbbb"] as const;
export const good: Standing = { verdict: "good", because: "every stream is fine" };
export const bad: Standing = { verdict: "bad", because: "canary answers 5xx 5 times as often" };
export const undecided: Standing = { verdict: "undecided", because: "too few requests" };
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
  readonly of: Kept;
  readonly notes: string[] = [];
  readonly moves: Move[] = [];
  readonly stop = new AbortController();
  leavesHolding = true;
  /** Why canary was cut since the driver asked last. */
  cut: string | undefined;
  /** What is known of the release. */
  standing: (rollout: Rollout) => Standing = () => good;
  /** Happens after each reading of the record: what a person does. */
  meanwhile: (rollout: Rollout) => void | Promise<void> = () => {};
  private readonly api: ApiServer;

  constructor(api: ApiServer) {
    this.api = api;
    api.objects.delete(recordPath);
    this.of = { api: direct(api), cluster: "cluster-uid", namespace, service: "web" };
  }

  get record(): RolloutRecord {
    return JSON.parse(this.api.objects.get(recordPath)?.data.record ?? "{}");
  }

  get open(): Rollout {
    return this.record.open as unknown as Rollout;
  }

  begin(steps: readonly Step[] = usual, more: Partial<Rollout> = {}): Promise<Ledger> {
    const began = new Date().toISOString();
    const runs = { canary: a, stable: a };
    const rest = {
      release: b,
      from: a,
      runs,
      weight: 0,
      by: "alice",
      began,
      steps: steps.map((step) => fullStep(step, ["GET /healthz"])),
      step: 0,
      ...more,
    };
    return Ledger.open(this.of, (epoch) => ({ ...rest, epoch }));
  }

  takeOver(): Promise<Ledger> {
    return Ledger.takeOver(this.of, (found) => found as Rollout);
  }

  /** A person's word. */
  tell(to: (rollout: Rollout) => Rollout): Promise<void> {
    return tell(this.of, (rollout) => ({ open: to(rollout as Rollout) }));
  }

  drive(ledger: Ledger, more: Partial<Drive> = {}): Promise<End> {
    const { read } = ledger;
    ledger.read = async () => {
      const entry = await read.call(ledger);
      await this.meanwhile(entry.rollout);
      return entry;
    };
    return drive({
      ledger,
      actuator: this.tracks,
      witness: {
        standing: ({ rollout }) => this.standing(rollout),
        takeCut: () => {
          const { cut } = this;
          this.cut = undefined;
          return cut;
        },
      },
      audience: {
        now: (_, move) => {
          mock.timers.setTime(Date.now() + 5000);
          this.moves.push(move);
        },
        note: (sentence) => void this.notes.push(sentence),
      },
      leavesHolding: this.leavesHolding,
      signal: this.stop.signal,
      ...more,
    });
  }
}
