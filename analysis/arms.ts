import type { TargetTick, Tick } from "./tick.ts";

/** The two sides of a comparison, by the releases that they run, whatever track a pod is on. */
export interface Arms {
  /** Id of the release under test. */
  readonly canary: string;
  /** Ids of the releases that it is compared with. */
  readonly stable: readonly string[];
}

/** Answers by the class of their status code. */
export interface Answers {
  /** All of them. */
  requests: number;
  /** 2xx: what TPS2XX counts. */
  ok: number;
  /** 3xx. */
  moved: number;
  /** 4xx. */
  refused: number;
  /** 5xx: what TPS5XX counts. */
  failed: number;
}

/** What one unit answered in a tick, by class. */
export interface Target extends Answers, Pick<TargetTick, "target" | "pod" | "pairs"> {
  readonly latency: TargetTick["latency"];
}

/** A tick, side by side. */
export interface ArmCounts {
  readonly tick: Tick;
  readonly canary: readonly Target[];
  readonly stable: readonly Target[];
}

/** The units of a tick by the side that they are on; those of other releases are on none. */
export function armCountsOf(tick: Tick, arms: Arms): ArmCounts {
  const canary: Target[] = [];
  const stable: Target[] = [];
  for (const target of tick.targets) {
    const arm = target.release === arms.canary ? canary : arms.stable.includes(target.release) ? stable : undefined;
    arm?.push({
      target: target.target,
      pod: target.pod,
      latency: target.latency,
      pairs: target.pairs,
      ...answersOf(target),
    });
  }
  return { tick, canary, stable };
}

export function noAnswers(): Answers {
  return { requests: 0, ok: 0, moved: 0, refused: 0, failed: 0 };
}

export function answersOf({ requests }: TargetTick): Answers {
  const answers = noAnswers();
  for (const code in requests) {
    const count = requests[code] as number;
    answers.requests += count;
    if (code[0] === "2") answers.ok += count;
    else if (code[0] === "3") answers.moved += count;
    else if (code[0] === "4") answers.refused += count;
    else if (code[0] === "5") answers.failed += count;
  }
  return answers;
}

/** Adds the answers of several units to a total. */
export function addAnswers(total: Answers, targets: readonly Answers[]): void {
  for (const { requests, ok, moved, refused, failed } of targets) {
    total.requests += requests;
    total.ok += ok;
    total.moved += moved;
    total.refused += refused;
    total.failed += failed;
  }
}
