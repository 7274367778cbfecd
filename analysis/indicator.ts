import type { ArmCounts, Arms, Target } from "./arms.ts";
import { type Count, type Increment, nothing, type TargetCount } from "./stream.ts";
import type { PodTick } from "./tick.ts";

/** What of the traffic is known beforehand. */
export interface Split {
  /**
   * Share of the requests that canary was meant to get during the tick, 0 to 1, where each request is sent by weight alone:
   * through a gateway, without user rules. Absent where that is not known for the whole tick, and elsewhere: a few long
   * connections would convict a healthy canary of missing requests.
   */
  readonly canaryShare?: number;
}

/**
 * A kind of bad event. It may come in several streams: one for each edge of a histogram, one for each pair that a user named.
 */
export interface Indicator {
  readonly name: string;
  /** Part of the evidence of all kinds; the parts add up to 1. */
  readonly alphaShare: number;
  /** What canary does, as in "canary answers 5xx 4.8 times as often as stable". */
  symptom(stream: string): string;
  /** The increments of its streams, by the streams' names. */
  increments(armCounts: ArmCounts, arms: Arms, split: Split): Map<string, Increment>;
  /** Cold caches and connections excuse it at first. */
  readonly excusedByWarmUp: boolean;
  /** Events are requests, of all requests: so the canary's own rate means something. */
  readonly ofRequests: boolean;
}

/**
 * The kinds of the product, and the pairs of the user. Half of the evidence is for 5xx, because those hurt users most and
 * so have to be noticed first; the rest is shared evenly. Any fixed parts give a valid average of e-values (Vovk and Wang 2021).
 *
 * @throws Error for a pair whose name is taken
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
  return [serverErrors(1 / 2), ...others.map((kind) => kind(1 / 2 / others.length))];
}

/** Names that a user's pair cannot have, because kinds of the product have them. */
export const reservedNames: readonly string[] = ["5xx", "4xx", "latency", "stability", "missing answers"];

/** Answers of the 5xx class: what TPS5XX counts. */
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

/** Requests that took longer than an edge of the histogram. An edge that only one arm has is never fine: nothing is known of it. */
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

/** The edge of a stream of latency, in seconds. */
export function edgeOf(stream: string): number {
  return Number.parseFloat(stream.slice("slower than ".length));
}

function edgesOf(targets: readonly Target[]): Set<number> {
  return new Set(targets.flatMap(({ latency }) => latency?.slower.map(([edge]) => edge) ?? []));
}

/** Restarts and lost readiness, of pod-seconds. */
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

/** How often a pod failed as a pod in a tick. */
export function podFailuresOf({ restarts, lostReadiness, vanished }: PodTick): number {
  return restarts + (lostReadiness ? 1 : 0) + (vanished ? 1 : 0);
}

/**
 * Answers that never came: a canary that drops connections sends no 5xx at all. The good answers of both arms are held
 * against the split that was meant; the arms change places, because canary is worse where stable has more than its share.
 */
function missing(alphaShare: number): Indicator {
  return {
    name: "missing answers",
    alphaShare,
    symptom: () => "leaves requests without a good answer",
    increments(armCounts, _arms, { canaryShare }) {
      if (canaryShare === undefined) {
        // It begins all the same: what nobody could compare is not fine.
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
