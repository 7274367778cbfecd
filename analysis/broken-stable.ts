/** Decides whether stable is broken, so that canary cannot be compared with it. Pure. */
import type { ArmCounts, Arms } from "./arms.ts";
import { type Count, nothing } from "./count.ts";
import { percent, span } from "./format.ts";
import type { Settings } from "./question.ts";
import { RateTest } from "./rate.ts";
import type { PodTick } from "./tick.ts";
import { type Counted, unitOf } from "./unit.ts";

/**
 * The health of stable, as of the last tick.
 *
 * @example const isFailing = ({ failingSince }: StableHealth) => failingSince !== undefined;
 */
export interface StableHealth {
  /** End of the last tick, in milliseconds since the epoch. */
  readonly at: number;
  /** Stable's answers 5xx and all its answers of late: what is older than `brokenSeconds` counts little. */
  readonly recent: Count;
  /** The same of canary: where nothing is compared, a canary that fails now is not good because it did well before. */
  readonly recentCanary: Count;
  /** End of the first of the consecutive ticks that found stable failing, in milliseconds since the epoch. Absent if the last did not. */
  readonly failingSince?: number | undefined;
  /** How stable fails, with stable as the subject "it", as in "it answers 5xx in 98 % of its requests". Absent if it does not. */
  readonly failure?: string | undefined;
  /** End of the first of the consecutive ticks that found canary failing as by condition 1, in milliseconds since the epoch. Absent if the last did not. */
  readonly canaryFailingSince?: number | undefined;
}

/**
 * The health of stable after a tick. Stable is failing in it if condition 1 or 2 holds.
 *
 * 1. Surely more than `broken` of its recent requests were answered 5xx, with an error probability of alpha in each tick.
 * 2. None of its pods is ready, or it has neither pods nor counters. This does not count once a pod of stable runs canary's release,
 *    because stable rolls to it, nor if no pod of either track is known.
 *
 * @param before the health after the previous tick. @default there was none
 * @example healthAfter(undefined, armCountsOf(tick, question), question, defaults).failingSince // undefined
 */
export function healthAfter(
  before: StableHealth | undefined,
  { tick, stable, canary }: ArmCounts,
  question: Arms & Counted,
  settings: Settings,
): StableHealth {
  const { at, seconds } = tick;
  const { brokenSeconds, staleSeconds } = settings;
  // Also over a gap, such as that between two drivers: what stable answered before it says little about now.
  const passed = before === undefined ? seconds : Math.max(seconds, (at - before.at) / 1000);
  const kept = Math.exp(-passed / brokenSeconds);
  const recent = faded(before?.recent, kept, stable);
  const recentCanary = faded(before?.recentCanary, kept, canary);
  const pods = tick.pods.filter(({ track, vanished }) => track === "stable" && !vanished);
  const isKnown = tick.pods.length > 0 && !pods.some(({ release }) => release === question.canary);
  const unready = isKnown ? withoutReadyPod(pods, stable.length > 0) : undefined;
  const failure = question.stable.length === 0 ? undefined : (unready ?? failing(recent, question, settings));
  const isGap = before !== undefined && at - 1000 * (seconds + staleSeconds) > before.at;
  const since = (start: number | undefined) => (isGap ? undefined : start) ?? at;
  return {
    at,
    recent,
    recentCanary,
    ...(failure !== undefined && { failingSince: since(before?.failingSince), failure }),
    ...(failing(recentCanary, question, settings) !== undefined && {
      canaryFailingSince: since(before?.canaryFailingSince),
    }),
  };
}

/** What is left of a count after a while, with the answers since. */
function faded(before: Count | undefined, kept: number, targets: ArmCounts["stable"]): Count {
  const { events, exposure } = before ?? nothing();
  return targets.reduce(
    (sum, { failed, requests }) => ({ events: sum.events + failed, exposure: sum.exposure + requests }),
    { events: events * kept, exposure: exposure * kept },
  );
}

function withoutReadyPod(pods: readonly PodTick[], isRead: boolean): string | undefined {
  if (pods.some(({ ready }) => ready)) return undefined;
  if (pods.length === 0) return isRead ? undefined : "it has no pod";
  return pods.length === 1 ? "its pod is not ready" : `none of its ${pods.length} pods is ready`;
}

function failing({ events, exposure }: Count, question: Counted, { broken, alpha }: Settings): string | undefined {
  if (events <= broken * exposure) return undefined;
  const isSure = new RateTest(broken).logAbove(events, exposure) >= Math.log(1 / alpha);
  const { items } = question;
  const symptom = items === undefined ? "answers 5xx" : `counts as ${items}`;
  return isSure ? `it ${symptom} in ${percent(events / exposure)} of its ${unitOf(question).noun}s` : undefined;
}

/**
 * Why stable is broken: it has been failing for `brokenSeconds`, so that neither a restart nor one client's burst counts.
 *
 * @returns a clause with stable as the subject "it"; undefined if it is not broken
 * @example whyBroken(evidence.health, evidence.settings) // "it answers 5xx in 98 % of its requests, for 64 s"
 */
export function whyBroken(health: StableHealth | undefined, { brokenSeconds }: Settings): string | undefined {
  if (health?.failingSince === undefined) return undefined;
  const seconds = (health.at - health.failingSince) / 1000;
  return seconds < brokenSeconds ? undefined : `${health.failure}, for ${span(seconds)}`;
}

/** Requests of canary of late, from which on a fifth of them are not those of a few clients. */
const manyRequests = 100;

/**
 * Whether canary has failed for `brokenSeconds` as a broken stable does: in so many of its requests that they are not those of a few clients.
 *
 * @example isCanaryBroken(evidence.health, evidence.settings) // false
 */
export function isCanaryBroken(health: StableHealth | undefined, { brokenSeconds }: Settings): boolean {
  if (health?.canaryFailingSince === undefined) return false;
  const { at, canaryFailingSince, recentCanary } = health;
  return at - canaryFailingSince >= 1000 * brokenSeconds && recentCanary.exposure >= manyRequests;
}
