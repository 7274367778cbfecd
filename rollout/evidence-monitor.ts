import type { Evidence } from "../analysis/evidence.ts";
import type { MetricSource } from "../analysis/reading.ts";
import type { Assessment } from "../analysis/verdict.ts";
import { assess, type Evaluation, evidenceOn } from "../evaluation/assess.ts";
import { Recorder } from "../evaluation/recorder.ts";
import type { Cluster } from "../kubernetes/cluster.ts";
import { readDeployment, releaseOf } from "../live/live.ts";
import { byEvidence } from "../record/verdict-merge.ts";
import type { EvidenceObserver } from "./driver.ts";
import type { Judgment } from "./next.ts";
import type { Rollout } from "./rollout.ts";
import type { Entry } from "./rollout-store.ts";

/** Who looks, and at what. */
export interface Looking {
  readonly api: Cluster;
  /** UID of the cluster. */
  readonly cluster: string;
  readonly namespace: string;
  readonly service: string;
  readonly source: MetricSource;
  /** What the source counts: the user's pairs, and whether it is a gateway's requests. */
  readonly counts: { readonly pairs: readonly string[]; readonly atGateway: boolean };
  /** Takes what a person is to know besides, in whole sentences. */
  readonly note: (sentence: string) => void;
  /** Takes each look. */
  readonly seen: (evaluation: Evaluation) => void;
  /** Ends the looking. */
  readonly signal: AbortSignal;
}

/**
 * Looks at both tracks while a release is rolled out, from its first user on, and brings what it finds into the record.
 *
 * 1. Bad by evidence is bad, whatever the record says.
 * 2. Else a person's word counts, and what evidence said in this rollout. What it said of the release in another time is old,
 *    until the looks of now come to the same.
 * 3. Else it is what the looks so far come to.
 */
export class EvidenceMonitor implements EvidenceObserver {
  private readonly of: Looking;
  /** All that was seen; absent before the first look. */
  evidence: Evidence | undefined;
  private latest: Assessment | undefined;
  private looking: Promise<void> | undefined;
  private cut: string | undefined;
  /** The latest look at the front, where it let nobody meet canary. */
  private closed: { readonly at: number } | undefined;
  /** Why there is nothing to look at yet. */
  private idle = "no user has met it yet";

  constructor(of: Looking) {
    this.of = of;
  }

  judgment({ rollout, verdict }: Entry): Judgment {
    const { steps, step, stepStartedAt } = rollout;
    const stage = steps[step]?.stage;
    if (stage === "full" || (stage === "canary" && stepStartedAt !== undefined)) this.looking ??= this.look(rollout);
    if (this.latest?.verdict === "bad") return this.latest;
    const counts = verdict && (verdict.by !== byEvidence || Date.parse(verdict.at) >= Date.parse(rollout.began));
    if (counts && verdict.verdict !== "undecided") {
      return { verdict: verdict.verdict, reason: `${verdict.by}: ${verdict.reason}` };
    }
    if (this.latest?.verdict === "undecided") return this.latest;
    // Good by evidence counts once it is in the record: the gate goes by that. There it may have stood before.
    if (this.latest && verdict?.verdict === "good") return this.latest;
    return {
      verdict: "undecided",
      reason: this.latest ? `${this.latest.reason}, which is on its way into the record` : this.idle,
    };
  }

  takeCut({ rollout }: Entry): string | undefined {
    const cut = this.cut ?? (this.isCutUnnoted(rollout) ? "canary was found cut off from the users" : undefined);
    this.cut = undefined;
    return cut;
  }

  /** Whether the front lets nobody in although the record does: a driver died over a cut, or somebody else has made it. */
  private isCutUnnoted({ steps, step, stepStartedAt, effect, weight = 0 }: Rollout): boolean {
    if (!this.closed || stepStartedAt === undefined || effect !== undefined || weight === 0) return false;
    return steps[step]?.stage === "canary" && this.closed.at > Date.parse(stepStartedAt);
  }

  /** Ends when the looking has ended. */
  async end(): Promise<void> {
    await this.looking;
  }

  private async look({ release, epoch }: Rollout): Promise<void> {
    const { api, cluster, namespace, service, source, counts, note, seen, signal } = this.of;
    try {
      const [stable, canary] = await Promise.all([
        readDeployment(api, namespace, service, "stable"),
        readDeployment(api, namespace, service, "canary"),
      ]);
      if (releaseOf(canary) !== release) throw new Error(`canary does not run ${release}`);
      const of = {
        api,
        cluster,
        namespace,
        service,
        deployments: { ...(stable && { stable }), ...(canary && { canary }) },
      };
      const evidence = await evidenceOn(of, counts);
      this.evidence = evidence;
      const recorder = new Recorder(of, note);
      for await (const evaluation of assess({ of, source, evidence, epoch, signal, note })) {
        const { assessment, closed, cut, look } = evaluation;
        this.latest = assessment;
        this.cut ??= cut;
        this.closed = closed ? look : undefined;
        seen(evaluation);
        if (assessment.verdict !== "undecided") await recorder.write(assessment, evidence);
      }
      if (this.latest) await recorder.finish(this.latest, evidence);
    } catch (error) {
      this.idle = `nothing can be observed: ${(error as Error).message.replace(/\.$/, "")}`;
      // It is tried again with the next look at the record.
      this.looking = undefined;
    }
  }
}
