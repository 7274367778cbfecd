import { pollingDefaults } from "../analysis/defaults.ts";
import { Evidence } from "../analysis/evidence.ts";
import type { MetricSource, Pod } from "../analysis/reading.ts";
import { type Assessment, judge } from "../analysis/verdict.ts";
import { cutNow } from "../live/cut.ts";
import { writeEvents } from "../live/event.ts";
import { listPods } from "../live/pods.ts";
import { type Front, hasUserRules, isClosed, readFront, shareByWeightAlone, shareOf } from "../live/share.ts";
import { assertNewest, Superseded } from "../record/epoch.ts";
import { keptEvidence, Store } from "../record/evidence-store.ts";
import { type RolloutRecord, readRecord, stableReleases, unreadable } from "../record/record.ts";
import { byEvidence } from "../record/verdict-merge.ts";
import { comparisonOf } from "./comparison.ts";
import { EmptyCanary } from "./empty-canary.ts";
import { type Look, observe } from "./observe.ts";
import type { Recorded } from "./recorder.ts";
import { SteadyShare } from "./steady-share.ts";

/** What is looked at, and how. */
export interface Assessed {
  readonly of: Recorded;
  readonly source: MetricSource;
  readonly evidence: Evidence;
  /** Number of the driver that looks, or of the latest one where none does: a newer one cuts by itself. */
  readonly epoch: number;
  /** Ends it. */
  readonly signal: AbortSignal;
  /** Takes what a person is to know besides, in whole sentences. */
  readonly note: (sentence: string) => void;
}

/** One look, and what all looks so far come to. */
export interface Evaluation {
  readonly look: Look;
  readonly assessment: Assessment;
  /** Share of user traffic that canary gets, 0 to 1; absent where that cannot be told. */
  readonly share?: number;
  /** Whether the front lets no user meet canary; absent where that cannot be told. */
  readonly closed?: boolean;
  /** Why canary was cut just now, or should have been: a sentence without its full stop. */
  readonly cut?: string;
}

/**
 * Looks at both tracks again and again, adds to the evidence and keeps it, until the signal ends it. Changes nothing in
 * the cluster but what is kept there, and cuts a canary that has users and no ready pod.
 *
 * While no user meets the release nothing is counted: what a probe asks is no evidence, neither for it nor against it.
 */
export async function* assess({ of, source, evidence, epoch, signal, note }: Assessed): AsyncGenerator<Evaluation> {
  const { api, namespace, service } = of;
  const store = new Store(of, note);
  const steady = new SteadyShare();
  const emptyCanary = new EmptyCanary();
  const frontOf = frontReader(of, signal, note);
  try {
    const hurries = () => emptyCanary.suspected;
    for await (const look of observe({ api, namespace, service, source, signal, hurries })) {
      const front = look.pods && (await frontOf());
      const share = front && look.pods && shareOf(front, look.pods);
      const canaryShare = steady.over(look.at, front && shareByWeightAlone(front));
      if (look.trouble !== undefined) evidence.missed(look.trouble);
      else if (isDark(share, look.pods ?? [], evidence)) evidence.missed("canary is dark: no user meets it");
      else if (look.tick) evidence.observe(look.tick, canaryShare === undefined ? {} : { canaryShare });
      const known = share === undefined ? {} : { share };
      const empty = emptyCanary.look({ ...look, ...known });
      const cut = empty ? await cutEmpty(of, epoch, note) : undefined;
      yield {
        look,
        assessment: withRules(judge(evidence, look.at), front),
        ...known,
        ...(front && { closed: isClosed(front) }),
        ...(cut !== undefined && { cut }),
      };
      await store.keep(evidence, look.at);
    }
  } finally {
    await store.keep(evidence, Infinity);
  }
}

/** Reads the front; undefined where that fails, which is said once. */
function frontReader({ api, namespace, service }: Recorded, signal: AbortSignal, note: Assessed["note"]) {
  let said = false;
  return async (): Promise<Front | undefined> => {
    try {
      return await readFront(api.until(signal), namespace, service);
    } catch (error) {
      if (!said && !signal.aborted) {
        const why = (error as Error).message.replace(/\.$/, "");
        note(`Who meets canary cannot be read (${why}), so a canary with users and no ready pod would not be noticed.`);
      }
      said = true;
      return undefined;
    }
  };
}

/** Whether no user meets the release: canary gets nobody, and no pod of stable runs it yet. */
function isDark(share: number | undefined, pods: readonly Pod[], { question }: Evidence): boolean {
  return share === 0 && !pods.some(({ track, release }) => track === "stable" && release === question.canary);
}

/** Says of a verdict what it is about where rules choose users. */
function withRules(assessment: Assessment, front: Front | undefined): Assessment {
  if (!front || !hasUserRules(front)) return assessment;
  return {
    ...assessment,
    reason: `${assessment.reason} (rules choose some of the users, so they are no random sample)`,
  };
}

/**
 * The evidence to go on with: what the cluster keeps on the releases of now, unless a person has judged since.
 *
 * @param counts what the source counts: the user's pairs, and whether it is a gateway's requests
 * @throws Refusal if there is nothing to observe, or the record does not say whether there ever was
 */
export async function evidenceOn(
  { api, cluster, namespace, service, deployments }: Recorded,
  counts: { readonly pairs: readonly string[]; readonly atGateway: boolean },
): Promise<Evidence> {
  const [pods, record, front] = await Promise.all([
    listPods(api, namespace, service),
    readRecord(api, namespace, service, cluster),
    counts.atGateway ? readFront(api, namespace, service) : undefined,
  ]);
  if (record.kind === "unreadable") throw unreadable(namespace, service, record.why);
  const question = {
    ...comparisonOf(service, deployments, pods, stableReleases(record).length > 0),
    perRequest: front !== undefined && shareByWeightAlone(front) !== undefined,
    pairs: counts.pairs,
  };
  const judged = record.kind === "read" ? record.record.verdicts[question.canary]?.by : undefined;
  const goesOn = judged === undefined || judged === byEvidence;
  return (goesOn ? await keptEvidence(api, namespace, service, question) : undefined) ?? new Evidence(question);
}

/**
 * Cuts a canary that has users and no ready pod.
 *
 * @param epoch number of the driver for which it cuts
 * @returns what happened, a sentence without its full stop; undefined where a newer driver cuts
 */
async function cutEmpty(of: Recorded, epoch: number, note: (sentence: string) => void): Promise<string | undefined> {
  const why = `canary had users and no ready pod for ${pollingDefaults.emptySeconds} s`;
  const fence = (record: RolloutRecord) => assertNewest(of.service, record, epoch);
  try {
    if (!(await cutNow({ ...of, fence }, note))) return `${why}, and was not cut: no pod of stable is ready`;
  } catch (error) {
    if (error instanceof Superseded) return undefined;
    return `${why}, and could not be cut (${(error as Error).message.replace(/\.$/, "")}): set its weight to 0 yourself`;
  }
  const message = `${why} and was cut: all users are on stable until the next pulumi up --stack canary`;
  note(`Cut: ${message}.`);
  await writeEvents(of, { type: "Warning", reason: "CanaryCut", message });
  return message;
}
