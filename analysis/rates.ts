/** Computes the rates of answers and the latencies of a release over some ticks. */
import { addAnswers, answersOf, noAnswers } from "./arms.ts";
import type { TargetTick, Tick } from "./tick.ts";

/**
 * Answers per second of an arm, and the quantiles of their latency. The names are those of the JSON of `gray verify`: for a worker they
 * have the items per second, those that went well in `tps2xx` and those that failed in `tps5xx`.
 */
export interface Rates {
  /** Answers of the 2xx class per second, or items that did not fail. */
  readonly tps2xx: number;
  /** Answers of the 5xx class per second, or items that failed. */
  readonly tps5xx: number;
  /** Median latency in seconds; absent where none was measured. */
  readonly p50?: number;
  /** 99th percentile of the latency in seconds; Infinity beyond the last edge of the histogram. */
  readonly p99?: number;
}

/**
 * The rates of all targets that run one of `releases`, over consecutive ticks.
 *
 * @param items name of the pair that counts a worker's items, which take the place of the answers. @default requests are counted
 * @example ratesOf([tick], ["2.0"]).tps5xx // answers of the 5xx class per second
 */
export function ratesOf(ticks: readonly Tick[], releases: readonly string[], items?: string): Rates {
  const seconds = ticks.reduce((sum, tick) => sum + tick.seconds, 0);
  const targets = ticks.flatMap((tick) => tick.targets.filter(({ release }) => releases.includes(release)));
  const total = noAnswers();
  addAnswers(
    total,
    targets.map((target) => answersOf(target, items)),
  );
  const perSecond = (answers: number) => (seconds > 0 ? answers / seconds : 0);
  const [p50, p99] = [quantile(targets, 0.5), quantile(targets, 0.99)];
  return {
    tps2xx: perSecond(total.ok),
    tps5xx: perSecond(total.failed),
    ...(p50 !== undefined && { p50 }),
    ...(p99 !== undefined && { p99 }),
  };
}

/** A quantile of the latency, interpolated linearly within a bucket as by Prometheus's histogram_quantile. */
function quantile(targets: readonly TargetTick[], share: number): number | undefined {
  const slower = new Map<number, number>();
  let total = 0;
  for (const { latency } of targets) {
    if (!latency) continue;
    total += latency.total;
    for (const [edge, count] of latency.slower) slower.set(edge, (slower.get(edge) ?? 0) + count);
  }
  if (total === 0) return undefined;
  const wanted = total * (1 - share);
  let [lower, before] = [0, total];
  for (const [edge, count] of [...slower].sort(([a], [b]) => a - b)) {
    if (count <= wanted)
      return before === count ? edge : lower + ((edge - lower) * (before - wanted)) / (before - count);
    [lower, before] = [edge, count];
  }
  return Infinity;
}
