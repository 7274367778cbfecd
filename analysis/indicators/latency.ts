/** The indicator of slow answers, with a stream for each edge of the latency histogram. */
import type { Target } from "../arms.ts";
import { nothing } from "../count.ts";
import { pollingDefaults } from "../defaults.ts";
import { incrementOf } from "../increment.ts";
import type { Indicator } from "../indicator.ts";

/**
 * Requests that took longer than an edge of the histogram. An edge that only one arm has blocks a good verdict.
 *
 * @example latency(1 / 6).symptom("slower than 0.25 s") // "takes longer than 0.25 s"
 */
export function latency(alphaShare: number): Indicator {
  return {
    name: "latency",
    alphaShare,
    measure: (stream) => `answers over ${inMilliseconds(edgeOf(stream))}`,
    symptom: (stream) => `takes longer than ${edgeOf(stream)} s`,
    increments(armCounts) {
      return new Map(
        [...edgesOf([...armCounts.canary, ...armCounts.stable])]
          .sort((a, b) => a - b)
          .map((edge) => [
            `slower than ${edge} s`,
            incrementOf(armCounts, ({ latency }) => {
              const slower = latency?.slower.find(([at]) => at === edge);
              return latency && slower ? { events: slower[1], exposure: latency.total } : nothing();
            }),
          ]),
      );
    },
    // Enough for two releases whose histograms have no edge in common.
    several: { of: "edges", atMost: 2 * pollingDefaults.edgesAtMost },
    // The longest edge is always noticed, so that some edge is always tested.
    noticed(streams, seconds) {
      const longest = Math.max(...streams.map(edgeOf));
      return streams.filter((stream) => edgeOf(stream) >= Math.min(seconds, longest));
    },
    excusedByWarmUp: true,
    ofRequests: true,
    ofPods: false,
    countsAlone: false,
    hasObjective: false,
  };
}

/** The edge of a latency stream, in seconds. */
function edgeOf(stream: string): number {
  return Number.parseFloat(stream.slice("slower than ".length));
}

/** An edge in the unit that people use. @example inMilliseconds(0.01) // "10 ms" */
function inMilliseconds(edge: number): string {
  return edge < 1 ? `${Number((1000 * edge).toPrecision(3))} ms` : `${edge} s`;
}

function edgesOf(targets: readonly Target[]): Set<number> {
  return new Set(targets.flatMap(({ latency }) => latency?.slower.map(([edge]) => edge) ?? []));
}
