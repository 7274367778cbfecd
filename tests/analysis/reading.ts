import type { Pod, Reading, Sample, TargetReading } from "../../analysis/reading.ts";

/** A pod of either track, with defaults for fields that a test does not set. */
export function pod(name: string, changes: Partial<Pod> = {}): Pod {
  return {
    name,
    uid: `uid-of-${name}`,
    release: "aaaaaaaaaaaa",
    track: "stable",
    ready: true,
    terminating: false,
    restarts: 0,
    annotations: {},
    ports: [{ name: "http", containerPort: 8080 }],
    ...changes,
  };
}

/** A target's counters of requests by status code. */
export function requests(counts: Readonly<Record<string, number>>, at?: number): Sample[] {
  return Object.entries(counts).map(([code, value]) => ({
    id: `code ${code}`,
    counter: { kind: "requests", code },
    value,
    ...(at !== undefined && { at }),
  }));
}

/** One histogram: the number of requests that took at most this many seconds. */
export function histogram(counts: Readonly<Record<number, number>> & { all?: number }, group = "histogram"): Sample[] {
  return Object.entries(counts).map(([edge, value]) => ({
    id: `${group} ${edge}`,
    group,
    counter: { kind: "within", seconds: edge === "all" ? Infinity : Number(edge) },
    value,
  }));
}

export function read(name: string, samples: readonly Sample[], changes: Partial<TargetReading> = {}): TargetReading {
  return { target: name, release: "aaaaaaaaaaaa", samples, ...changes };
}

export function unread(name: string, problem = `${name} gave no answer.`): TargetReading {
  return { target: name, release: "aaaaaaaaaaaa", problem };
}

/** A reading at this many seconds after the epoch. */
export function reading(seconds: number, pods: readonly Pod[], targets: readonly TargetReading[]): Reading {
  return { at: seconds * 1000, pods, targets };
}
