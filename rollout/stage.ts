/** What a step of each stage does to the tracks, and when it is passed. */
import { span } from "../analysis/format.ts";
import type { ResolvedStep, Stage } from "../components/step.ts";
import type { Track } from "../components/traffic.ts";
import type { Judgment, Move } from "./move.ts";
import type { Remedy } from "./remedy.ts";

/** The behaviour of a stage; `S` is its kind of step. */
interface Behaviour<S> {
  /** The track that the step changes. */
  readonly track: Track;
  /** Whether the step begins only with a release that is good. */
  readonly needsGood: boolean;
  /** The name of the step, for the user. */
  name(step: S): string;
  /** Percent of the users on canary while the step is in force. Undefined if it leaves the weight as it is. */
  weight(step: S): number | undefined;
  /** Names of the checks that must pass once it is in force. */
  checks(step: S): readonly string[];
  /** Seconds after which it holds and asks for a decision. Undefined if it never does. */
  limit(step: S): number | undefined;
  /** When it is passed, apart from its checks; undefined if the checks are all. For the user. */
  condition(step: S): string | undefined;
  /**
   * The next move while it is in force and its checks have passed.
   *
   * @param lasted seconds since it came into force
   */
  next(step: S, judgment: Judgment, lasted: number): Move;
}

/** A step of a stage. */
type StepOf<S extends Stage> = Extract<ResolvedStep, { readonly stage: S }>;

/** What a person can do while stable is broken and canary is good by its own rates. */
export const remediesIfBroken: readonly Remedy[] = ["accept own rates", "approve own rates", "roll back"];

const dark: Behaviour<StepOf<"dark">> = {
  track: "canary",
  needsGood: false,
  name: () => "dark",
  weight: () => 0,
  checks: ({ checks }) => checks,
  limit: ({ atMost }) => atMost,
  condition: () => undefined,
  next: () => ({ kind: "advance" }),
};

const canary: Behaviour<StepOf<"canary">> = {
  track: "canary",
  needsGood: false,
  name: ({ weight }) => `canary at ${weight} %`,
  weight: ({ weight }) => weight,
  checks: ({ checks }) => checks,
  limit: ({ atMost }) => atMost,
  condition: ({ atLeast }) => `the verdict is good${atLeast > 0 ? `, ${span(atLeast)} are over` : ""}`,
  next({ atLeast, atMost }, { verdict, reason, needsDecision }, lasted) {
    if (verdict === "good" && lasted >= atLeast) return { kind: "advance" };
    if (needsDecision) return { kind: "hold", reason, remedies: remediesIfBroken };
    // The least time is not over the limit (components/step.ts), so the release is not good here.
    if (lasted >= atMost) {
      const remedies = ["approve", "keep observing", "roll back"] as const;
      return { kind: "hold", reason: `no decision within ${span(atMost)}: ${reason}`, remedies };
    }
    return { kind: "observe", reason };
  },
};

const full: Behaviour<StepOf<"full">> = {
  track: "stable",
  needsGood: true,
  name: () => "full",
  weight: () => undefined,
  checks: () => [],
  limit: () => undefined,
  condition: ({ watch }) => `stable runs it completely${watch > 0 ? `, and ${span(watch)} later` : ""}`,
  next: ({ watch }, _, lasted) =>
    lasted < watch ? { kind: "observe", reason: `watching for another ${span(watch - lasted)}` } : { kind: "finish" },
};

/** What a step does and when it is passed, bound to the step. */
export type StepBehaviour = ReturnType<typeof behaviourOf>;

/**
 * What a step does and when it is passed.
 *
 * @example behaviourOf({ stage: "canary", weight: 10, ... }).name // "canary at 10 %"
 */
export function behaviourOf(step: ResolvedStep) {
  switch (step.stage) {
    case "dark":
      return bound(dark, step);
    case "canary":
      return bound(canary, step);
    case "full":
      return bound(full, step);
  }
}

function bound<S>(of: Behaviour<S>, step: S) {
  return {
    track: of.track,
    needsGood: of.needsGood,
    name: of.name(step),
    weight: of.weight(step),
    checks: of.checks(step),
    limit: of.limit(step),
    condition: of.condition(step),
    next: (judgment: Judgment, lasted: number) => of.next(step, judgment, lasted),
  };
}

/**
 * Whether a step is the one that brings all users to the release, by rolling stable.
 *
 * @example
 * ```ts
 * rollsStable({ stage: "full", approval: false, watch: 300 }) // true
 * ```
 */
export function rollsStable(step: ResolvedStep | undefined): boolean {
  return step !== undefined && behaviourOf(step).track === "stable";
}
