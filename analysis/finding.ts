import type { Evidence } from "./evidence.ts";
import type { Indicator } from "./indicator.ts";
import { average } from "./logarithm.ts";
import { type Count, dispersion, logPodWorse, logWorse, type Stream } from "./stream.ts";

/** What one stream says by itself. */
export interface Finding {
  /** Name of the stream, as `5xx` or `slower than 0.25 s`. */
  readonly stream: string;
  readonly kind: string;
  readonly canary: Count;
  readonly stable: Count;
  /** Share of canary's requests that are bad; absent where the events are no requests. */
  readonly rate?: number;
  /** How many times as often canary has the bad event as stable; absent where nothing can be compared. */
  readonly ratio?: number;
  /** Ends of its confidence sequence at 1 - alpha; 0 and Infinity where there is none. */
  readonly lower: number;
  readonly upper: number;
  /** ln E that canary is worse than the margin. */
  readonly logWorse: number;
  /** ln E that canary is fine: below the limit beside stable, or below the tolerance by itself. */
  readonly logFine: number;
  /** Ticks in which canary had such events. */
  readonly badTicks: number;
  /** How many events come together as one, judged by stable's pods. */
  readonly dispersion: number;
  /** Its part of the evidence of all streams. */
  readonly alphaShare: number;
  /** How the sentence says it, as in "answers 5xx". */
  readonly symptom: string;
  /** Whether canary has such events often enough to hurt anybody. */
  readonly aboveFloor: boolean;
}

/** What each stream of the evidence says. */
export function findings(evidence: Evidence): Finding[] {
  return evidence.kinds.flatMap((kind) => {
    const streams = [...(evidence.streams.get(kind.name) ?? [])];
    return streams.map(([name, stream]) => finding(evidence, kind, name, stream));
  });
}

function finding(evidence: Evidence, kind: Indicator, name: string, stream: Stream): Finding {
  const { ratio, tolerance, settings } = evidence;
  const { known, canary, stable, badTicks } = stream;
  const together = dispersion(stream);
  const [lower, upper] = ratio.interval(known, settings.alpha, together);
  const likeliest = ratio.likeliest(known);
  const logBeside = ratio.logFine(known, together);
  return {
    stream: name,
    kind: kind.name,
    canary,
    stable,
    ...(kind.ofRequests && canary.exposure > 0 && { rate: canary.events / canary.exposure }),
    ...(likeliest !== undefined && { ratio: likeliest }),
    lower,
    upper,
    logWorse: logWorse(ratio, stream),
    // A stream that is not fine is fine neither way, so the average of both is evidence against that.
    logFine: kind.ofRequests
      ? average([
          [1 / 2, logBeside],
          [1 / 2, tolerance.logBelow(canary.events, canary.exposure, together)],
        ])
      : logBeside,
    badTicks,
    dispersion: together,
    alphaShare: stream.alphaShare,
    symptom: kind.symptom(name),
    aboveFloor: isAboveFloor(kind, stream, settings.floor),
  };
}

function isAboveFloor(kind: Indicator, { canary }: Stream, floor: number): boolean {
  return !kind.ofRequests || canary.events >= floor * canary.exposure;
}

/**
 * ln E of all streams together that canary is worse: their average, which is valid however they depend on each other. And the
 * same without streams in which canary's rate is below the floor.
 */
export function logWorseOfAll(evidence: Evidence): { readonly all: number; readonly aboveFloor: number } {
  const { floor } = evidence.settings;
  const terms = termsOf(evidence, (stream) => logWorse(evidence.ratio, stream));
  return {
    all: average(terms),
    aboveFloor: average(
      terms.filter(([, , kind, stream]) => stream === undefined || isAboveFloor(kind, stream, floor)),
    ),
  };
}

/** The same for the pod of stable that looks worst beside the others: what chance and unequal pods can do. */
export function worstPod(evidence: Evidence): { readonly pod: string; readonly logWorse: number } | undefined {
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

type Term = readonly [alphaShare: number, log: number, kind: Indicator, stream?: Stream];

/** What each stream adds to an average. A kind without a stream so far has no evidence either way: E = 1. */
function termsOf(evidence: Evidence, logOf: (stream: Stream) => number): Term[] {
  const terms: Term[] = [];
  for (const kind of evidence.kinds) {
    const streams = evidence.streams.get(kind.name) ?? new Map<string, Stream>();
    if (streams.size === 0) terms.push([kind.alphaShare, 0, kind]);
    for (const stream of streams.values()) terms.push([stream.alphaShare, logOf(stream), kind, stream]);
  }
  return terms;
}
