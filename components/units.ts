/** Numbers with a unit, as people write them in a program or a stack file: durations and percentages. */
import * as v from "valibot";

/**
 * A duration: seconds, or a text with a unit, s, m, h or d.
 *
 * @example
 * ```ts
 * const watch: Duration = "10m"; // the same as 600
 * ```
 */
export type Duration = number | `${number}${"s" | "m" | "h" | "d"}`;

/**
 * A percentage: a number from 0 to 100, or a text with the sign.
 *
 * @example
 * ```ts
 * const weight: Percent = "2.5%"; // the same as 2.5
 * ```
 */
export type Percent = number | `${number}%`;

const unitSeconds = { s: 1, m: 60, h: 3600, d: 86_400 } as const;
const durationText = /^(\d+(?:\.\d+)?)([smhd])$/;
const percentText = /^(\d+(?:\.\d+)?)%$/;

/** The seconds of a duration. NaN if a text is none. @example secondsOf("1.5m") // 90 */
export function secondsOf(duration: Duration): number {
  if (typeof duration === "number") return duration;
  const [, count, unit] = durationText.exec(duration) ?? [];
  // Rounded to milliseconds: 1.1 * 3600 is not quite 3960.
  return Math.round(Number(count) * unitSeconds[unit as keyof typeof unitSeconds] * 1000) / 1000;
}

/** The number of a percentage. NaN if a text is none. @example percentOf("10%") // 10 */
export function percentOf(percent: Percent): number {
  return typeof percent === "number" ? percent : Number(percentText.exec(percent)?.[1]);
}

/**
 * Validates a duration, of which `holds` accepts the seconds.
 *
 * @param message what is allowed; it continues the text "<argument> is <value>: "
 *
 * @example
 * ```ts
 * duration((seconds) => seconds <= 60, "must be at most a minute")
 * ```
 */
export function duration(holds: (seconds: number) => boolean, message: string) {
  return v.custom<Duration>((input) => isOf(input) && holds(secondsOf(input as Duration)), message);
}

/**
 * Validates a percentage from 0 to 100.
 *
 * @example
 * ```ts
 * v.is(percentage, "10%") // true
 * ```
 */
export const percentage = v.custom<Percent>((input) => {
  const percent = isOf(input) ? percentOf(input as Percent) : Number.NaN;
  return percent >= 0 && percent <= 100;
}, 'must be 0 to 100, or a text such as "10%"');

function isOf(input: unknown): boolean {
  return typeof input === "number" || typeof input === "string";
}
