/** Fences off older drivers: each driver of a rollout has a number (epoch), and only the newest driver may act. */
import type { RolloutRecord } from "./record.ts";

/**
 * Another driver has taken over the rollout, or it has ended: this driver must stop at once, without a further effect.
 */
export class Superseded extends Error {
  override readonly name = "Superseded";
}

/**
 * @param own the epoch of the driver that wants to act
 * @throws Superseded if the record names a newer driver
 */
export function assertNewest(service: string, { epoch = 0 }: Pick<RolloutRecord, "epoch">, own: number): void {
  if (epoch <= own) return;
  throw new Superseded(`Another driver has taken over the rollout of ${service}: run gray status to see its state.`);
}
