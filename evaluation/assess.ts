/**
 * Assesses a release: polls both tracks, adds to the evidence, stores it, and cuts off a canary that has users but no
 * ready pod.
 */

import { pollingDefaults } from "../analysis/defaults.ts";
import { Evidence } from "../analysis/evidence.ts";
import type { MetricSource, Pod } from "../analysis/reading.ts";
import { type Assessment, type Decisions, judge } from "../analysis/verdict.ts";
import { clauseOf, UserError } from "../components/user-error.ts";
import { cutOffNow } from "../cutoff/cutoff.ts";
import { writeEvents } from "../kubernetes/event.ts";
import type { ServiceHandle } from "../kubernetes/service-handle.ts";
import { type DeployedService, upOf } from "../live/live.ts";
import { listPods } from "../live/pods.ts";
import { type Front, hasUserRules, isClosed, readFront, shareByWeightAlone, shareOf } from "../live/traffic/share.ts";
import { isLiveWorker } from "../live/traffic/worker.ts";
import { assertNewest, Superseded } from "../record/epoch.ts";
import { EvidenceStore, storedEvidence } from "../record/evidence-store.ts";
import { type RolloutRecord, stableReleases } from "../record/record.ts";
import { readRecord, unreadable } from "../record/record-store.ts";
import { byEvidence } from "../record/verdict-merge.ts";
import { comparisonOf } from "./comparison.ts";
import { EmptyCanary } from "./empty-canary.ts";
import { observe, type Poll } from "./observe.ts";
import { Overload } from "./overload.ts";
import { SteadyShare } from "./steady-share.ts";

/** What is assessed, and how. */
export interface Assessed {
  readonly of: DeployedService;
  readonly source: MetricSource;
  readonly evidence: Evidence;
  /** Epoch of this driver, or of the latest driver if none runs. A newer driver cuts off canary by itself. */
  readonly epoch: number;
  /** Ends the assessment. */
  readonly signal: AbortSignal;
  /** Receives notes for the user, in whole sentences. */
  readonly note: (sentence: string) => void;
  /** What people have decided, as of now. @default nothing */
  readonly decisions?: () => Decisions;
}

/** One poll, and the assessment after all polls so far. */
export interface Evaluation {
  readonly poll: Poll;
  readonly assessment: Assessment;
  /** Name of the pair that counts a worker's items; absent if requests are counted. */
  readonly items?: string;
  /** Share of user traffic that canary gets, 0 to 1; absent if it is unknown. */
  readonly share?: number;
  /** Whether the front sends no user to canary; absent if that is unknown. */
  readonly closed?: boolean;
  /** Why canary was cut off during this poll, or why it could not be; a sentence without its full stop. */
  readonly cutoff?: string;
}

/**
 * Polls both tracks, adds to the evidence and stores it, until the signal ends it. In the cluster it changes only the
 * stored evidence, and it cuts off a canary that has users but no ready pod. Work that no pod of a worker takes fails no user, so its canary
 * is not cut off for that.
 *
 * While no user reaches the release nothing is counted: probe requests are evidence neither for it nor against it.
 */
export async function* assess({
  of,
  source,
  evidence,
  epoch,
  signal,
  note,
  decisions = () => ({}),
}: Assessed): AsyncGenerator<Evaluation> {
  const store = new EvidenceStore(of, note);
  const steady = new SteadyShare();
  const emptyCanary = new EmptyCanary();
  const frontOf = frontReader(of, signal, note);
  const overload = new Overload();
  try {
    const hurries = () => emptyCanary.suspected;
    for await (const poll of observe({ ...of, source, signal, hurries })) {
      const front = poll.pods && (await frontOf());
      const share = front && poll.pods && shareOf(front, poll.pods);
      const canaryShare = steady.over(poll.at, front && shareByWeightAlone(front));
      if (poll.trouble !== undefined) evidence.missed(poll.trouble);
      else if (isDark(share, poll.pods ?? [], evidence))
        evidence.missed(
          front?.workerPods === undefined
            ? "canary is dark: no user reaches it"
            : "canary has no pods, so it takes no work",
        );
      else if (poll.tick) evidence.observe(poll.tick, canaryShare === undefined ? {} : { canaryShare });
      const known = share === undefined ? {} : { share };
      const routed = front?.workerPods === undefined ? known : {};
      const overloaded = overload.update({ ...poll, ...routed });
      if (overloaded !== undefined) note(overloaded);
      const empty = emptyCanary.update({ ...poll, ...routed });
      const cutoff = empty ? await cutEmpty(of, epoch, note) : undefined;
      yield {
        poll,
        assessment: withRulesNoted(judge(evidence, poll.at, decisions()), front),
        ...known,
        ...(evidence.question.items !== undefined && { items: evidence.question.items }),
        ...(front && { closed: isClosed(front) }),
        ...(cutoff !== undefined && { cutoff }),
      };
      await store.save(evidence, poll.at);
    }
  } finally {
    await store.save(evidence, Infinity);
  }
}

/** Returns a function that reads the front. It returns undefined if reading fails; the first failure is reported. */
function frontReader(of: ServiceHandle, signal: AbortSignal, note: Assessed["note"]) {
  let reported = false;
  return async (): Promise<Front | undefined> => {
    try {
      return await readFront({ ...of, api: of.api.until(signal) });
    } catch (error) {
      if (!reported && !signal.aborted) {
        const why = clauseOf(error);
        note(
          `The Service or the HTTPRoutes cannot be read (${why}), so gray would not notice users on a canary without a ready pod: grant the rights in docs/reference/rbac.md.`,
        );
      }
      reported = true;
      return undefined;
    }
  };
}

/** Whether no user reaches the release: canary gets no traffic, and no pod of stable runs it yet. */
function isDark(share: number | undefined, pods: readonly Pod[], { question }: Evidence): boolean {
  return share === 0 && !pods.some(({ track, release }) => track === "stable" && release === question.canary);
}

/** Notes in the reason that rules choose users. */
function withRulesNoted(assessment: Assessment, front: Front | undefined): Assessment {
  if (!front || !hasUserRules(front)) return assessment;
  return {
    ...assessment,
    reason: `${assessment.reason} (rules choose some of the users, so they are no random sample)`,
  };
}

/** What a source counts. */
export interface Counts {
  /** Names of the user's pairs of counters. */
  readonly pairs: readonly string[];
  /** Whether it counts the requests at a gateway. */
  readonly atGateway: boolean;
}

/**
 * The pair that counts a worker's items: the first one. Undefined for a service that answers requests.
 *
 * @throws UserError if a worker has no pair, so that nothing shows whether its release is healthy
 * @example itemsOf(worker, { pairs: ["failed", "late"], atGateway: false }) // "failed"
 */
export function itemsOf({ service, deployments }: DeployedService, { pairs }: Counts): string | undefined {
  if (!isLiveWorker(deployments)) return undefined;
  const [items] = pairs;
  if (items !== undefined) return items;
  throw new UserError(
    `${service} is a worker and answers no requests, so its own counters must show whether a release is healthy: name them with --pair, as in --pair failed=jobs_failed_total/jobs_total.`,
  );
}

/**
 * The evidence to continue: the stored evidence on the current releases, or new evidence if a person has judged since.
 *
 * @throws UserError if there is nothing to observe or to count, or if the record cannot be read, so that it is unknown whether
 * stable has run before
 */
export async function evidenceOn(of: DeployedService, counts: Counts): Promise<Evidence> {
  const items = itemsOf(of, counts);
  const [pods, record, front] = await Promise.all([
    listPods(of),
    readRecord(of),
    counts.atGateway ? readFront(of) : undefined,
  ]);
  if (record.kind === "unreadable") throw unreadable(of, record);
  const question = {
    ...comparisonOf(of.service, of.deployments, pods, stableReleases(record).length > 0),
    perRequest: front !== undefined && shareByWeightAlone(front) !== undefined,
    pairs: counts.pairs,
    ...(items !== undefined && { items }),
  };
  const judged = record.kind === "read" ? record.record.verdicts[question.canary]?.by : undefined;
  const goesOn = judged === undefined || judged === byEvidence;
  return (goesOn ? await storedEvidence(of, question) : undefined) ?? new Evidence(question);
}

/**
 * Cuts off a canary that has users but no ready pod.
 *
 * @param epoch number of the driver on whose behalf it acts
 * @returns what happened, a sentence without its full stop; undefined if a newer driver is responsible
 */
async function cutEmpty(
  of: DeployedService,
  epoch: number,
  note: (sentence: string) => void,
): Promise<string | undefined> {
  const why = `canary had users but no ready pod for ${pollingDefaults.emptySeconds} s`;
  const fence = (record: RolloutRecord) => assertNewest(of.service, record, epoch);
  try {
    if (!(await cutOffNow({ ...of, fence }, note))) return `${why}, and was not cut off: no pod of stable is ready`;
  } catch (error) {
    if (error instanceof Superseded) return undefined;
    return `${why}, and could not be cut off (${clauseOf(error)}): set its weight to 0 yourself`;
  }
  const message = `${why} and was cut off: all users are on stable until the next ${upOf(of, "canary")}`;
  note(`Cut off: ${message}.`);
  await writeEvents(of, { type: "Warning", reason: "CanaryCut", message });
  return message;
}
