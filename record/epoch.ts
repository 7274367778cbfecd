import type { RolloutRecord } from "./record.ts";

/** The rollout is somebody else's by now, or over: whoever drove it has to stop at once, without a further effect. */
export class Superseded extends Error {
  override readonly name = "Superseded";
}

/** @throws Superseded where a record knows of a newer driver than the one with this number */
export function assertNewest(service: string, { epoch = 0 }: Pick<RolloutRecord, "epoch">, own: number): void {
  if (epoch <= own) return;
  throw new Superseded(`The rollout of ${service} is driven by somebody else now: gray status says how it stands.`);
}
