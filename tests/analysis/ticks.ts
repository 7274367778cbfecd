import type { PodTick, TargetTick, Tick } from "../../analysis/tick.ts";

/** The answers of a pod in a tick; fields that a test does not need are optional. */
export interface Answered {
  readonly requests?: number;
  readonly failed?: number;
  readonly refused?: number;
  /** Number of answers whose status is not known. @default none, and no such count */
  readonly unknown?: number;
  /** Number of requests slower than each edge. */
  readonly slower?: Readonly<Record<number, number>>;
  readonly pairs?: TargetTick["pairs"];
}

/** Release ids of the arms. */
export const canary = "bbbbbbbbbbbb";
export const stable = "aaaaaaaaaaaa";

/** A tick of nine stable pods and one canary pod, each with these answers, that ends at second `end`. */
export function tick(
  end: number,
  ofCanary: Answered,
  ofStable: Answered | ((pod: number) => Answered) = {},
  changes: Partial<Tick> & { canaryPod?: Partial<PodTick> } = {},
): Tick {
  const { canaryPod, ...rest } = changes;
  const names = Array.from({ length: 9 }, (_, at) => `stable-${at + 1}`);
  return {
    at: end * 1000,
    seconds: 1,
    targets: [
      target("canary-1", canary, ofCanary),
      ...names.map((name, at) => target(name, stable, typeof ofStable === "function" ? ofStable(at) : ofStable)),
    ],
    pods: [pod("canary-1", canary, "canary", canaryPod), ...names.map((name) => pod(name, stable, "stable"))],
    problems: [],
    ...rest,
  };
}

function target(name: string, release: string, answered: Answered): TargetTick {
  const { requests = 20, failed = 0, refused = 0, unknown = 0, slower, pairs = {} } = answered;
  return {
    target: name,
    release,
    pod: true,
    requests: {
      ...{ "200": requests - failed - refused - unknown, "404": refused, "500": failed },
      ...(unknown > 0 && { unknown }),
    },
    ...(slower && {
      latency: {
        total: requests,
        slower: Object.entries(slower).map(([edge, count]) => [Number(edge), count] as const),
      },
    }),
    pairs,
  };
}

function pod(name: string, release: string, track: string, changes: Partial<PodTick> = {}): PodTick {
  return { pod: name, release, track, ready: true, restarts: 0, lostReadiness: false, vanished: false, ...changes };
}
