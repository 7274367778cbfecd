/** Durations as other tools write them. Pure. */

const unitSeconds: Readonly<Record<string, number>> = { ms: 0.001, s: 1, m: 60, h: 3600 };

/**
 * Whole seconds of a number of seconds, or of a text such as `90`, `5m` or `1h30m` (Go's time.Duration); undefined if it is none.
 *
 * @example durationIn("1m30s") // 90
 */
export function durationIn(given: number | string): number | undefined {
  if (typeof given === "number") return Math.ceil(given);
  if (/^\d+$/.test(given)) return Number(given);
  if (!/^(\d+(\.\d+)?(ms|s|m|h))+$/.test(given)) return undefined;
  const parts = [...given.matchAll(/(\d+(?:\.\d+)?)(ms|s|m|h)/g)];
  return Math.ceil(parts.reduce((sum, [, count, unit]) => sum + Number(count) * (unitSeconds[unit ?? ""] ?? 0), 0));
}
