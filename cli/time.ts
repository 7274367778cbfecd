import { InvalidArgumentError } from "commander";

const units = { s: 1, m: 60, h: 3600 } as const;

/**
 * Seconds, from `90s`, `5m` or `1h`.
 *
 * @throws InvalidArgumentError, which commander shows beside the option
 */
export function seconds(text: string): number {
  const [, count, unit] = /^(\d+(?:\.\d+)?)([smh])$/.exec(text) ?? [];
  const value = Number(count) * units[unit as keyof typeof units];
  if (!(value > 0)) throw new InvalidArgumentError("Write a time as 90s, 5m or 1h.");
  return value;
}
