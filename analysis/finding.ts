/** Evaluates each stream of the evidence, and combines the streams into one e-value. */

import { isCanaryBroken } from "./broken-stable.ts";
import type { Count } from "./count.ts";
import type { EvidenceState } from "./evidence-state.ts";
import type { Indicator } from "./indicator.ts";
import { average } from "./logarithm.ts";
import { dispersion, logPodWorse, logWorse, type Stream } from "./stream.ts";

/**
 * The evaluation of one stream.
 *
 * @example const surelyWorse = judge(evidence, now).findings.filter(({ lower }: Finding) => lower > 1);
 */
export interface Finding {
  /** Name of the stream, as `5xx` or `slower than 0.25 s`. */
  readonly stream: string;
  /** Name of its indicator, as `latency`. */
  readonly kind: string;
  readonly canary: Count;
  readonly stable: Count;
  /** Share of canary's requests that are bad; absent where the events are not requests. */
  readonly rate?: number;
  /** Likeliest ratio of the rates of bad events, canary to stable; absent where nothing can be compared. */
  readonly ratio?: number;
  /** Lower end of the confidence sequence of the ratio at 1 - alpha; 0 where there is no bound. */
  readonly lower: number;
  /** Upper end of the confidence sequence; Infinity where there is no bound. */
  readonly upper: number;
  /** ln E that canary is worse than stable by more than the margin. */
  readonly logWorse: number;
  /** ln E that canary is fine: its ratio to stable is below the limit, or its own rate is below the tolerance. */
  readonly logFine: number;
  /** Ticks in which canary had such events. */
  readonly badTicks: number;
  /** The dispersion factor (analysis/dispersion.ts): the number of events that count as one. */
  readonly dispersion: number;
  /** Its share of alpha: its weight in the average of all streams. */
  readonly alphaShare: number;
  /** The bad event as a verb phrase with canary as its subject, as in "answers 5xx". */
  readonly symptom: string;
  /** Whether canary's rate reaches the floor, below which a release is not called bad. */
  readonly aboveFloor: boolean;
}

/**
 * The evaluations of all streams of the evidence.
 *
 * @param atOnce whether bunching does not count, in any stream. @default in those in which canary fails in many requests at once
 * @example findings(evidence).find(({ stream }) => stream === "5xx")?.ratio // 4.8
 */
export function findings(evidence: EvidenceState, atOnce?: boolean): Finding[] {
  return evidence.indicators.flatMap((indicator) => {
    const streams = [...(evidence.streams.get(indicator.name) ?? [])];
    return streams.map(([name, stream]) => finding(evidence, indicator, name, stream, atOnce));
  });
}

function finding(
  evidence: EvidenceState,
  indicator: Indicator,
  name: string,
  stream: Stream,
  atOnce = failsAtOnce(evidence, indicator),
): Finding {
  const { ratio, tolerance, settings } = evidence;
  const { known, canary, stable, badTicks } = stream;
  const factor = dispersion(stream);
  const [lower, upper] = ratio.interval(known, settings.alpha, factor);
  const likeliest = ratio.likeliest(known);
  const logBelowLimit = ratio.logFine(known, factor);
  return {
    stream: name,
    kind: indicator.name,
    canary,
    stable,
    ...(indicator.ofRequests && canary.exposure > 0 && { rate: canary.events / canary.exposure }),
    ...(likeliest !== undefined && { ratio: likeliest }),
    lower,
    upper,
    logWorse: logWorse(ratio, stream, atOnce),
    // The null hypothesis is that canary exceeds both limit and tolerance, so the average of both e-values tests it.
    logFine: indicator.ofRequests
      ? average([
          [1 / 2, logBelowLimit],
          [1 / 2, tolerance.logBelow(canary.events, canary.exposure, factor)],
        ])
      : logBelowLimit,
    badTicks,
    dispersion: factor,
    alphaShare: stream.alphaShare,
    symptom: indicator.symptom(name),
    aboveFloor: isAboveFloor(indicator, stream, settings.floor),
  };
}

/** Whether canary fails in so many requests at once that bursts of this indicator are not those of a few clients. */
function failsAtOnce({ health, settings }: EvidenceState, { hasObjective }: Indicator): boolean {
  return hasObjective && isCanaryBroken(health, settings);
}

function isAboveFloor(indicator: Indicator, { canary }: Stream, floor: number): boolean {
  return !indicator.ofRequests || canary.events >= floor * canary.exposure;
}

/**
 * ln E of all streams together that canary is worse.
 *
 * @param atOnce whether bunching does not count, in any stream. @default in those in which canary fails in many requests at once
 * @returns `all`, the average of the e-values, which is valid however the streams depend on each other; and `aboveFloor`, the
 *   same without the streams in which canary's rate is below the floor
 * @example logWorseOfAll(evidence).all >= Math.log(100) // whether the odds are 100 to 1 that canary is worse
 */
export function logWorseOfAll(
  evidence: EvidenceState,
  atOnce?: boolean,
): { readonly all: number; readonly aboveFloor: number } {
  const { floor } = evidence.settings;
  const terms = termsOf(evidence, (stream, indicator) =>
    logWorse(evidence.ratio, stream, atOnce ?? failsAtOnce(evidence, indicator)),
  );
  return {
    all: average(terms),
    aboveFloor: average(
      terms.filter(([, , indicator, stream]) => stream === undefined || isAboveFloor(indicator, stream, floor)),
    ),
  };
}

/**
 * The stable pod with the most evidence against it, and the ln E that it is worse than the other stable pods. It is the
 * baseline of the placebo guard: such evidence comes from chance and from differences between pods.
 *
 * @returns undefined with fewer than two pods
 * @example worstPod(evidence)?.pod // "web-7"
 */
export function worstPod(evidence: EvidenceState): { readonly pod: string; readonly logWorse: number } | undefined {
  const pods = new Set<string>();
  for (const streams of evidence.streams.values()) {
    for (const { stablePods } of streams.values()) for (const pod of Object.keys(stablePods)) pods.add(pod);
  }
  if (pods.size < 2) return undefined;
  return [...pods]
    .map((pod) => ({
      pod,
      logWorse: average(termsOf(evidence, (stream) => logPodWorse(evidence.ratio, stream, pod))),
    }))
    .reduce((worst, each) => (each.logWorse > worst.logWorse ? each : worst));
}

type Term = readonly [alphaShare: number, log: number, indicator: Indicator, stream?: Stream];

/** The terms of an average over all streams. An indicator without streams has no evidence either way: E = 1. */
function termsOf(evidence: EvidenceState, logOf: (stream: Stream, indicator: Indicator) => number): Term[] {
  const terms: Term[] = [];
  for (const indicator of evidence.indicators) {
    const streams = evidence.streams.get(indicator.name) ?? new Map<string, Stream>();
    if (streams.size === 0) terms.push([indicator.alphaShare, 0, indicator]);
    for (const stream of streams.values()) terms.push([stream.alphaShare, logOf(stream, indicator), indicator, stream]);
  }
  return terms;
}
