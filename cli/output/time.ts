/** Times on the command line, as in `90s`, `5m` or `1h`. */
import { InvalidArgumentError } from "commander";

const units = { h: 3600, m: 60, s: 1 } as const;

/** The longest time in seconds, 24 days: a timer of Node.js is limited to 2^31 ms. */
const longest = 24 * 24 * 3600;

/**
 * Parses a time as in `90s`, `5m` or `1h` into seconds.
 *
 * @throws InvalidArgumentError, which commander shows beside the option
 */
export function seconds(text: string): number {
  const [, count, unit] = /^(\d+(?:\.\d+)?)([smh])$/.exec(text) ?? [];
  const value = Number(count) * units[unit as keyof typeof units];
  if (!(value > 0)) throw new InvalidArgumentError("Write a time as 90s, 5m or 1h.");
  if (value > longest) throw new InvalidArgumentError(`Write a time of at most 24 days (${written(longest)}).`);
  return value;
}

/** Formats seconds as `seconds` parses them, in the largest unit without a fraction. */
export function written(time: number): string {
  const [unit, length] = Object.entries(units).find(([, length]) => time % length === 0) ?? ["s", 1];
  return `${time / length}${unit}`;
}
