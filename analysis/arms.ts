/** Splits the targets of a tick into the two arms of the comparison, and counts their answers by status class. */
import type { Count } from "./count.ts";
import { answerClassOf } from "./indicators/http-status-code.ts";
import type { TargetTick, Tick } from "./tick.ts";
import type { Counted } from "./unit.ts";

/**
 * The two arms of a comparison. A target's release decides its arm; its track does not matter.
 *
 * @example const arms: Arms = { canary: "2.0", stable: ["1.9"] };
 */
export interface Arms {
  /** Id of the release under test. */
  readonly canary: string;
  /** Ids of the releases that it is compared with. */
  readonly stable: readonly string[];
}

/**
 * Numbers of answers, by the class of their status code.
 *
 * @example const answers: Answers = { requests: 100, ok: 97, moved: 0, refused: 2, failed: 1, unknown: 0 };
 */
export interface Answers {
  /** All answers. */
  requests: number;
  /** 2xx, counted by TPS2XX. */
  ok: number;
  /** 3xx. */
  moved: number;
  /** 4xx. */
  refused: number;
  /** 5xx, counted by TPS5XX. */
  failed: number;
  /** Those whose status is no code that ends a request. */
  unknown: number;
}

/**
 * The answers of one target in a tick, by class.
 *
 * @example const share = ({ failed, requests }: Target) => failed / requests;
 */
export interface Target extends Answers, Pick<TargetTick, "target" | "pod" | "pairs" | "routine"> {
  readonly latency: TargetTick["latency"];
}

/**
 * A tick with its targets grouped by arm.
 *
 * @example const failed = ({ canary }: ArmCounts) => canary.reduce((sum, target) => sum + target.failed, 0);
 */
export interface ArmCounts {
  readonly tick: Tick;
  readonly canary: readonly Target[];
  readonly stable: readonly Target[];
}

/**
 * Groups the targets of a tick by arm. Targets of other releases are left out.
 *
 * @example armCountsOf(tick, { canary: "2.0", stable: ["1.9"] }).canary // the targets that run 2.0
 */
export function armCountsOf(tick: Tick, arms: Arms & Counted): ArmCounts {
  const canary: Target[] = [];
  const stable: Target[] = [];
  for (const target of tick.targets) {
    const arm = target.release === arms.canary ? canary : arms.stable.includes(target.release) ? stable : undefined;
    arm?.push({
      target: target.target,
      pod: target.pod,
      latency: target.latency,
      pairs: target.pairs,
      ...(target.routine && { routine: target.routine }),
      ...answersOf(target, arms.items),
    });
  }
  return { tick, canary, stable };
}

/**
 * What a pair counts of a target in a tick. Its events are never more than its exposure: a scrape is not atomic and may count a bad event
 * before the total, and a total that leaves the bad events out altogether (excess.ts) must not hide them.
 *
 * @example pairCount({ failed: { bad: 3, total: 2 } }, "failed") // { events: 3, exposure: 3 }
 */
export function pairCount(pairs: TargetTick["pairs"], name: string): Count {
  const { bad, total } = pairs[name] ?? { bad: 0, total: 0 };
  return { events: bad, exposure: Math.max(bad, total) };
}

/** A total to which nothing has been added yet. @example noAnswers().requests // 0 */
export function noAnswers(): Answers {
  return { requests: 0, ok: 0, moved: 0, refused: 0, failed: 0, unknown: 0 };
}

/**
 * The answers of one target in a tick, summed by class. For a worker it is the items that a pair counts: those that failed count as 5xx, the
 * others as 2xx.
 *
 * @param items name of the pair that counts a worker's items. @default requests are counted
 * @example
 * answersOf({ target: "web-1", release: "2.0", pod: true, requests: { 200: 97, 503: 3 }, pairs: {} }).failed // 3
 */
export function answersOf({ requests, pairs }: TargetTick, items?: string): Answers {
  const answers = noAnswers();
  if (items !== undefined) {
    const { events: failed, exposure: requests } = pairCount(pairs, items);
    return { ...answers, requests, failed, ok: requests - failed };
  }
  for (const code in requests) {
    const count = requests[code] as number;
    answers.requests += count;
    const kind = answerClassOf(code);
    if (kind !== undefined) answers[kind] += count;
  }
  return answers;
}

/**
 * Adds the answers of several targets to `total`.
 *
 * @example
 * ```ts
 * const total = noAnswers();
 * addAnswers(total, tick.targets.map((target) => answersOf(target)));
 * ```
 */
export function addAnswers(total: Answers, targets: readonly Answers[]): void {
  for (const { requests, ok, moved, refused, failed, unknown } of targets) {
    total.requests += requests;
    total.ok += ok;
    total.moved += moved;
    total.refused += refused;
    total.failed += failed;
    total.unknown += unknown;
  }
}
