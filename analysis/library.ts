/**
 * The public API of `gray-release/analysis`: judges your own numbers. It needs no cluster and has no clock: each tick says when it was.
 *
 * @example
 * ```ts
 * import { Evidence, judge } from "gray-release/analysis";
 *
 * const evidence = new Evidence({ canary: "2.0", stable: ["1.9"] });
 * for await (const tick of ticksOfYourService) {
 *   evidence.observe(tick);
 *   const { verdict, reason } = judge(evidence, tick.at);
 *   if (verdict !== "undecided") console.log(`${verdict}: ${reason}`);
 * }
 * ```
 */
export type { Answers, ArmCounts, Arms, Target } from "./arms.ts";
export type { Conviction, Guard } from "./conviction.ts";
export type { Count, TargetCount } from "./count.ts";
export { advance, type Counters, nothingCounted } from "./counters.ts";
export { defaults } from "./defaults.ts";
export { Evidence } from "./evidence.ts";
export type { Finding } from "./finding.ts";
export { type Increment, incrementOf } from "./increment.ts";
export type { Indicator, IndicatorKind, Split } from "./indicator.ts";
export { indicatorsOf } from "./indicators/built-in.ts";
export { type Expected, type Forecast, forecast, type Traffic } from "./planner.ts";
export type { Question, Settings } from "./question.ts";
export { RateTest } from "./rate.ts";
export { type LogLikelihood, RatioTest } from "./ratio.ts";
export type { Counter, Pod, Reading, Sample, TargetReading } from "./reading.ts";
export type { LastTick, StoredEvidence } from "./stored-evidence.ts";
export type { PodTick, TargetTick, Tick } from "./tick.ts";
export type { Counted, Unit } from "./unit.ts";
export { type Assessment, judge, type Verdict } from "./verdict.ts";
