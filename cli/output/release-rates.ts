/** The rates of both releases of a rollout. They are compared as releases: at the end stable runs the new one. Pure. */
import { type Rates, ratesOf } from "../../analysis/rates.ts";
import { unitOf } from "../../analysis/unit.ts";
import type { Evaluation } from "../../evaluation/assess.ts";
import type { Rollout } from "../../rollout/rollout.ts";

/** A release and the rates of its pods, on whichever track they are. */
export interface ReleaseRates {
  readonly release: string;
  /** Absent if there are none. */
  readonly rates?: Rates;
  /** Why there are no rates; absent if there are. */
  readonly why?: string;
}

/** The rates of the new and of the former release in the latest poll; undefined if there are none yet. */
export function releaseRates(
  { release, from }: Pick<Rollout, "release" | "from">,
  { poll: { tick }, items }: Pick<Evaluation, "poll" | "items">,
): ReleaseRates[] | undefined {
  if (!tick) return undefined;
  return [release, from].map((id) => {
    const isOf = (each: { readonly release: string }) => each.release === id;
    if (tick.targets.some(isOf)) return { release: id, rates: ratesOf([tick], [id], items) };
    return { release: id, why: tick.pods.some(isOf) ? "not read in the last poll" : "no pod runs it" };
  });
}

/** The rates of both releases as a part of a line. @example "bbbbbbbbbbbb 6.1 TPS2XX 0.00 TPS5XX, aaaaaaaaaaaa 54.0 TPS2XX 0.00 TPS5XX" */
export function describeRates(rollout: Pick<Rollout, "release" | "from">, evaluation: Evaluation): string {
  const all = releaseRates(rollout, evaluation);
  if (all === undefined) return "no numbers yet";
  const [done, failed] = unitOf(evaluation.items === undefined ? {} : { items: evaluation.items }).rates;
  return all
    .map(({ release, rates, why }) =>
      rates
        ? `${release} ${rates.tps2xx.toFixed(1)} ${done} ${rates.tps5xx.toFixed(2)} ${failed}`
        : `${release} (${why})`,
    )
    .join(", ");
}
