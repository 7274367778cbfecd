import type { Tick, UnitTick } from "./tick.ts";

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
export interface Unit extends Answers, Pick<UnitTick, "unit" | "pod" | "pairs"> {
  readonly latency: UnitTick["latency"];
}

/** A tick, side by side. */
export interface Sides {
  readonly tick: Tick;
  readonly canary: readonly Unit[];
  readonly stable: readonly Unit[];
}

/** The units of a tick by the side that they are on; those of other releases are on none. */
export function sidesOf(tick: Tick, arms: Arms): Sides {
  const canary: Unit[] = [];
  const stable: Unit[] = [];
  for (const unit of tick.units) {
    const side = unit.release === arms.canary ? canary : arms.stable.includes(unit.release) ? stable : undefined;
    side?.push({ unit: unit.unit, pod: unit.pod, latency: unit.latency, pairs: unit.pairs, ...answersOf(unit) });
  }
  return { tick, canary, stable };
}

export function noAnswers(): Answers {
  return { requests: 0, ok: 0, moved: 0, refused: 0, failed: 0 };
}

export function answersOf({ requests }: UnitTick): Answers {
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
export function addAnswers(total: Answers, units: readonly Answers[]): void {
  for (const { requests, ok, moved, refused, failed } of units) {
    total.requests += requests;
    total.ok += ok;
    total.moved += moved;
    total.refused += refused;
    total.failed += failed;
  }
}
