/** The state of the evidence, as those read it that evaluate and judge it. */
import type { Answers } from "./arms.ts";
import type { StableHealth } from "./broken-stable.ts";
import type { Count } from "./count.ts";
import type { Indicator } from "./indicator.ts";
import type { Settings } from "./question.ts";
import type { RateTest } from "./rate.ts";
import type { RatioTest } from "./ratio.ts";
import type { LastTick } from "./stored-evidence.ts";
import type { Stream } from "./stream.ts";
import type { Unit } from "./unit.ts";

/** The accumulated counts of both arms, with the tests that evaluate them. */
export interface EvidenceState {
  readonly settings: Settings;
  /** The words for what is counted. */
  readonly unit: Unit;
  readonly indicators: readonly Indicator[];
  /** The test of the ratio of canary's rates to stable's. */
  readonly ratio: RatioTest;
  /** The tests of canary's own rates. */
  readonly tolerance: RateTest;
  readonly slo: RateTest;
  /** Streams by the names of their indicator and their own. */
  readonly streams: ReadonlyMap<string, ReadonlyMap<string, Stream>>;
  readonly answers: { readonly canary: Answers; readonly stable: Answers };
  /** Seconds from the beginning of the tick of canary's first request to the end of the tick of its last request. */
  readonly canarySeconds: number;
  /**
   * Canary's failures in the stream of the objective, and the ticks with failures, up to the last tick with a stable arm.
   * Later ones are judged by the rate alone.
   */
  readonly compared: Count & { readonly badTicks: number };
  /** The health of both arms as of the last tick; absent before the first. */
  readonly health: StableHealth | undefined;
  /** The last tick; absent before the first. */
  readonly last: LastTick | undefined;
  /** Whether there is a stable arm to compare canary with. */
  readonly compares: boolean;
}

/**
 * The indicator whose rate the objective limits, and its stream; undefined before the first tick.
 *
 * @example objectiveOf(evidence)?.stream.canary.events // failed requests of canary so far
 */
export function objectiveOf({
  indicators,
  streams,
}: Pick<EvidenceState, "indicators" | "streams">):
  | { readonly indicator: Indicator; readonly stream: Stream }
  | undefined {
  const indicator = indicators.find(({ hasObjective }) => hasObjective);
  const stream = indicator && streams.get(indicator.name)?.get(indicator.name);
  return stream && { indicator, stream };
}
