/** Observes both tracks while a driver rolls out a release. */

import type { Evidence } from "../analysis/evidence.ts";
import type { MetricSource } from "../analysis/reading.ts";
import type { Assessment } from "../analysis/verdict.ts";
import { clauseOf } from "../components/user-error.ts";
import { assess, type Counts, type Evaluation, evidenceOn } from "../evaluation/assess.ts";
import { Recorder } from "../evaluation/recorder.ts";
import { readDeployment, releaseOf } from "../live/live.ts";
import { isOfWorker } from "../live/traffic/worker.ts";
import type { RecordedService } from "../record/record-store.ts";
import { byEvidence } from "../record/verdict-merge.ts";
import type { EvidenceObserver } from "./drive-context.ts";
import type { Judgment } from "./move.ts";
import type { Rollout } from "./rollout.ts";
import type { Entry } from "./rollout-store.ts";

/** Why the rollout pauses if another process has cut off canary. */
const cutOffElsewhere = "canary was cut off by a person, or by a driver that has ended since, so no user reaches it";

/** What is observed, and how. */
export interface MonitorArgs extends RecordedService {
  readonly source: MetricSource;
  readonly counts: Counts;
  /** Receives notes for the user, in whole sentences. */
  readonly note: (sentence: string) => void;
  /** Receives each evaluation. */
  readonly seen: (evaluation: Evaluation) => void;
  /** Ends the observation. */
  readonly signal: AbortSignal;
}

/**
 * Observes both tracks during a rollout, from the first user on, and writes the verdicts into the record. The pods of a worker take work as
 * soon as they start, so it is observed while canary still rolls.
 *
 * 1. Bad by evidence is bad, whatever the record holds.
 * 2. Otherwise the verdict in the record counts if it comes from a person, or from evidence of this rollout. Older
 *    evidence does not count until the current evidence agrees.
 * 3. Otherwise the assessment of the current evidence counts.
 */
export class EvidenceMonitor implements EvidenceObserver {
  private readonly of: MonitorArgs;
  /** All evidence so far; absent before the first poll. */
  evidence: Evidence | undefined;
  private latest: Assessment | undefined;
  /** Name of the person who decided that stable is broken. */
  private stableIsBroken: string | undefined;
  private observation: Promise<void> | undefined;
  private cutoff: string | undefined;
  /** The latest poll in which the front sent no user to canary. */
  private closed: { readonly at: number } | undefined;
  /** Whether the release is that of a worker. Undefined until canary's Deployment runs it. */
  private isWorker: boolean | undefined;
  /** Why there is no evidence yet. */
  private idle = "no user has reached it yet";

  constructor(of: MonitorArgs) {
    this.of = of;
  }

  judgment({ rollout, verdict }: Entry): Judgment {
    const { steps, step, stepStartedAt } = rollout;
    this.stableIsBroken = rollout.stableIsBroken?.by;
    const stage = steps[step]?.stage;
    const isInForce = stage === "full" || (stage === "canary" && stepStartedAt !== undefined);
    if (isInForce || (stage === "canary" && this.isWorker !== false))
      this.observation ??= this.observe(rollout, isInForce);
    if (this.latest?.verdict === "bad") return this.latest;
    const counts = verdict && (verdict.by !== byEvidence || Date.parse(verdict.at) >= Date.parse(rollout.began));
    // Such a good verdict rests on no comparison, so users get no more of canary by it once it would not be given any more.
    const isWithdrawn =
      stage === "canary" && verdict?.evidence?.basis === "own rates" && this.latest?.verdict === "undecided";
    if (counts && verdict.verdict !== "undecided" && !(isWithdrawn && verdict.by === byEvidence)) {
      return { verdict: verdict.verdict, reason: `${verdict.by}: ${verdict.reason}` };
    }
    if (this.latest?.verdict === "undecided") return this.latest;
    // Good by evidence counts once it is in the record, because the gate reads the record. It may have been there
    // before.
    if (this.latest && verdict?.verdict === "good") return this.latest;
    return {
      verdict: "undecided",
      reason: this.latest ? `${this.latest.reason}, which is not in the record yet` : this.idle,
    };
  }

  takeCutoff({ rollout }: Entry): string | undefined {
    const cutoff = this.cutoff ?? (this.isCutoffUnnoted(rollout) ? cutOffElsewhere : undefined);
    this.cutoff = undefined;
    return cutoff;
  }

  /**
   * Whether the front sends no user to canary although the record has a weight: a driver died after a cutoff, or a
   * person cut off canary.
   */
  private isCutoffUnnoted({ steps, step, stepStartedAt, effect, weight = 0 }: Rollout): boolean {
    if (!this.closed || stepStartedAt === undefined || effect !== undefined || weight === 0) return false;
    return steps[step]?.stage === "canary" && this.closed.at > Date.parse(stepStartedAt);
  }

  /** Resolves when the observation has ended. */
  async end(): Promise<void> {
    await this.observation;
  }

  /** @param isInForce whether the step is in force; if not, only a worker is observed */
  private async observe({ release, epoch }: Rollout, isInForce: boolean): Promise<void> {
    const { source, counts, note, seen, signal } = this.of;
    try {
      const [stable, canary] = await Promise.all([
        readDeployment(this.of, "stable"),
        readDeployment(this.of, "canary"),
      ]);
      const runsRelease = releaseOf(canary) === release;
      if (runsRelease) this.isWorker = isOfWorker(canary);
      if (!isInForce && !(runsRelease && this.isWorker)) {
        this.observation = undefined;
        return;
      }
      if (!runsRelease) throw new Error(`canary does not run ${release}`);
      const of = { ...this.of, deployments: { ...(stable && { stable }), ...(canary && { canary }) } };
      const evidence = await evidenceOn(of, counts);
      this.evidence = evidence;
      const recorder = new Recorder(of, note);
      const decisions = () => ({ stableIsBroken: this.stableIsBroken });
      for await (const evaluation of assess({ of, source, evidence, epoch, signal, note, decisions })) {
        const { assessment, closed, cutoff, poll } = evaluation;
        this.latest = assessment;
        this.cutoff ??= cutoff;
        this.closed = closed ? poll : undefined;
        seen(evaluation);
        if (assessment.verdict !== "undecided") await recorder.write(assessment, evidence);
      }
      if (this.latest) await recorder.finish(this.latest, evidence);
    } catch (error) {
      this.idle = `nothing can be observed: ${clauseOf(error)}`;
      // The next read of the record starts it again.
      this.observation = undefined;
    }
  }
}
