/** The service level indicators that a verdict considers, and how their streams are counted. */
import type { ArmCounts, Arms, Target } from "./arms.ts";
import { type Count, type Increment, nothing, type TargetCount } from "./stream.ts";
import type { PodTick } from "./tick.ts";

/** The intended split of the traffic. */
export interface Split {
  /**
   * Share of requests assigned to canary during the tick, 0 to 1. Only for routing of each request by weight alone: through
   * a gateway, without user rules. Otherwise a few long connections would make a healthy canary look as if it lost requests.
   * Absent also if the share was not the same, or not known, for the whole tick.
   */
  readonly canaryShare?: number;
}

/**
 * A service level indicator: one kind of bad event. It may have several streams, as latency has one for each edge of the
 * histogram.
 */
export interface Indicator {
  readonly name: string;
  /** Its share of alpha, 0 to 1; the shares of all indicators add up to 1. */
  readonly alphaShare: number;
  /** The bad event as a verb phrase, as "answers 5xx" in "canary answers 5xx 4.8 times as often as stable". */
  symptom(stream: string): string;
  /** The increments of its streams, by the streams' names. */
  increments(armCounts: ArmCounts, arms: Arms, split: Split): Map<string, Increment>;
  /** Whether it is ignored during the warm-up, because caches and connections are cold. */
  readonly excusedByWarmUp: boolean;
  /** Whether its events are requests and its exposure all requests, so that canary's own rate can be judged. */
  readonly ofRequests: boolean;
}

/**
 * The built-in indicators, and one for each pair of the user. 5xx gets half of alpha, because these harm users most and must
 * be noticed first; the others share the rest evenly. Any fixed shares give a valid average of e-values (Vovk and Wang 2021).
 *
 * @throws Error for a pair whose name is already used
 */
export function indicatorsOf(pairs: readonly string[], perRequest: boolean): readonly Indicator[] {
  const taken = pairs.find((name, at) => reservedNames.includes(name) || pairs.indexOf(name) !== at);
  if (taken !== undefined) throw new Error(`a pair cannot be named ${taken}: that name is taken`);
  const others: ((alphaShare: number) => Indicator)[] = [
    status("4xx", "answers 4xx", "refused"),
    latency,
    stability,
    ...(perRequest ? [missing] : []),
    ...pairs.map(pair),
  ];
  return [serverErrors(1 / 2), ...others.map((indicator) => indicator(1 / 2 / others.length))];
}

/** Names that a user's pair cannot have, because built-in indicators have them. */
export const reservedNames: readonly string[] = ["5xx", "4xx", "latency", "stability", "missing answers"];

/** The indicator of answers 5xx, which TPS5XX counts. */
export const serverErrors = status("5xx", "answers 5xx", "failed");

function status(name: string, symptom: string, field: "refused" | "failed"): (alphaShare: number) => Indicator {
  return (alphaShare) => ({
    name,
    alphaShare,
    symptom: () => symptom,
    increments: (armCounts) =>
      new Map([[name, compare(armCounts, (target) => ({ events: target[field], exposure: target.requests }))]]),
    excusedByWarmUp: false,
    ofRequests: true,
  });
}

/** Requests that took longer than an edge of the histogram. An edge that only one arm has blocks a good verdict. */
function latency(alphaShare: number): Indicator {
  return {
    name: "latency",
    alphaShare,
    symptom: (stream) => `takes longer than ${edgeOf(stream)} s`,
    increments(armCounts) {
      return new Map(
        [...edgesOf([...armCounts.canary, ...armCounts.stable])]
          .sort((a, b) => a - b)
          .map((edge) => [
            `slower than ${edge} s`,
            compare(armCounts, ({ latency }) => {
              const slower = latency?.slower.find(([at]) => at === edge);
              return latency && slower ? { events: slower[1], exposure: latency.total } : nothing();
            }),
          ]),
      );
    },
    excusedByWarmUp: true,
    ofRequests: true,
  };
}

/** The edge of a latency stream, in seconds. */
export function edgeOf(stream: string): number {
  return Number.parseFloat(stream.slice("slower than ".length));
}

function edgesOf(targets: readonly Target[]): Set<number> {
  return new Set(targets.flatMap(({ latency }) => latency?.slower.map(([edge]) => edge) ?? []));
}

/** Pod failures per pod-second. */
function stability(alphaShare: number): Indicator {
  return {
    name: "stability",
    alphaShare,
    symptom: () => "restarts or loses its readiness",
    increments({ tick: { pods, seconds } }, arms) {
      const count = (releases: readonly string[]) =>
        pods
          .filter(({ release }) => releases.includes(release))
          .map((each) => ({ target: each.pod, events: podFailuresOf(each), exposure: seconds }));
      const stablePods = count(arms.stable);
      return new Map([["stability", { canary: sum(count([arms.canary])), stable: sum(stablePods), stablePods }]]);
    },
    excusedByWarmUp: false,
    ofRequests: false,
  };
}

/** The pod failures of a tick: restarts, lost readiness, and a pod that vanished. */
export function podFailuresOf({ restarts, lostReadiness, vanished }: PodTick): number {
  return restarts + (lostReadiness ? 1 : 0) + (vanished ? 1 : 0);
}

/**
 * Requests without an answer: a canary that drops connections sends no 5xx. The good answers of both arms are compared with
 * the intended split. The arms are swapped, because canary is worse if stable has more than its share of the good answers.
 */
function missing(alphaShare: number): Indicator {
  return {
    name: "missing answers",
    alphaShare,
    symptom: () => "leaves requests without a good answer",
    increments(armCounts, _arms, { canaryShare }) {
      if (canaryShare === undefined) {
        // The stream exists all the same: without a comparison it blocks a good verdict.
        return new Map([["missing answers", { canary: nothing(), stable: nothing(), stablePods: [] }]]);
      }
      if (canaryShare <= 0 || canaryShare >= 1) return new Map();
      const good = ({ ok, moved }: Target) => ({ events: ok + moved, exposure: 1 });
      const { canary, stable, stablePods } = compare(armCounts, good);
      return new Map([
        [
          "missing answers",
          {
            canary: { events: stable.events, exposure: 1 - canaryShare },
            stable: { events: canary.events, exposure: canaryShare },
            stablePods,
          },
        ],
      ]);
    },
    excusedByWarmUp: false,
    ofRequests: false,
  };
}

function pair(name: string): (alphaShare: number) => Indicator {
  return (alphaShare) => ({
    name,
    alphaShare,
    symptom: () => `counts as ${name}`,
    increments: (armCounts) =>
      new Map([
        [
          name,
          compare(armCounts, ({ pairs }) => ({ events: pairs[name]?.bad ?? 0, exposure: pairs[name]?.total ?? 0 })),
        ],
      ]),
    excusedByWarmUp: false,
    ofRequests: true,
  });
}

function compare(armCounts: ArmCounts, count: (target: Target) => Count): Increment {
  const stable = armCounts.stable.map(count);
  const stablePods = armCounts.stable.flatMap(({ target, pod }, at): TargetCount[] => {
    const { events, exposure } = stable[at] as Count;
    return pod ? [{ target, events, exposure }] : [];
  });
  return { canary: sum(armCounts.canary.map(count)), stable: sum(stable), stablePods };
}

function sum(counts: readonly Count[]): Count {
  const total = nothing();
  for (const { events, exposure } of counts) {
    total.events += events;
    total.exposure += exposure;
  }
  return total;
}
