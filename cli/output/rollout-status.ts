import { span } from "../../analysis/format.ts";
import type { Driver } from "../../rollout/lease.ts";
import type { Sign } from "../../rollout/observation.ts";
import type { Rollout } from "../../rollout/rollout.ts";
import { stepOf } from "../../rollout/timeline.ts";

/** The open rollout as `--json` has it. */
export interface RolloutStatus {
  readonly release: string;
  readonly from: string;
  readonly by: string;
  readonly began: string;
  /** From 1 on. */
  readonly step: number;
  readonly steps: number;
  /** As in `step 2 of 3, canary at 10 %`. */
  readonly name: string;
  readonly weight?: number;
  /** When what the step brings was in force. */
  readonly stepStartedAt?: string;
  /** What its driver is doing, or died over. */
  readonly effect?: Rollout["effect"];
  readonly paused?: Rollout["paused"];
  /** Why its last driver left it holding. */
  readonly stoppedReason?: Rollout["stoppedReason"];
  readonly rollbackRequested?: Rollout["rollbackRequested"];
  /** Absent where nobody drives it. */
  readonly driver?: {
    readonly name: string;
    /** When it renewed its lease last, by its own clock. */
    readonly renewed?: string;
    /** Absent where it is not known yet. */
    readonly alive?: boolean;
  };
}

/** @param sign whether the driver is alive, as far as it was seen */
export function rolloutStatus(rollout: Rollout, driver: Driver | undefined, sign: Sign): RolloutStatus {
  const {
    release,
    from,
    by,
    began,
    step,
    steps,
    weight,
    stepStartedAt,
    effect,
    paused,
    stoppedReason,
    rollbackRequested,
  } = rollout;
  return {
    release,
    from,
    by,
    began,
    step: step + 1,
    steps: steps.length,
    name: stepOf(rollout),
    ...(weight !== undefined && { weight }),
    ...(stepStartedAt !== undefined && { stepStartedAt }),
    ...(effect && { effect }),
    ...(paused && { paused }),
    ...(stoppedReason && { stoppedReason }),
    ...(rollbackRequested && { rollbackRequested }),
    ...(driver && {
      driver: {
        name: driver.name,
        ...(driver.renewed !== undefined && { renewed: driver.renewed }),
        ...(sign !== "unknown" && { alive: sign === "alive" }),
      },
    }),
  };
}

/** The open rollout in a few lines. */
export function rolloutLines(status: RolloutStatus, now: number): string[] {
  const { release, from, by, began, name, stepStartedAt, effect, paused, stoppedReason, rollbackRequested, driver } =
    status;
  const since = (time: string) => span(Math.max(0, (now - Date.parse(time)) / 1000));
  const ago = (time: string) => `${since(time)} ago`;
  return [
    `Rollout of ${release} over ${from}, begun by ${by} ${ago(began)}: ${name}${stepStartedAt === undefined ? ", not in force yet" : `, in force for ${since(stepStartedAt)}`}.`,
    ...(rollbackRequested
      ? [`It goes back, by ${rollbackRequested.by} ${ago(rollbackRequested.at)}: ${rollbackRequested.reason}.`]
      : []),
    ...(paused ? [`It is paused, by ${paused.by} ${ago(paused.at)}: ${paused.reason}.`] : []),
    ...(stoppedReason ? [`It was left holding ${ago(stoppedReason.at)}: ${stoppedReason.reason}.`] : []),
    ...(driver && driver.alive !== false && effect ? [`Under way: ${effect.name}, begun ${ago(effect.at)}.`] : []),
    driver && driver.alive !== false
      ? `${driver.name} drives it${driver.alive ? "" : ", unless it has died, which is to be seen"}.`
      : `Nobody drives it${driver ? ` any more (${driver.name} did)` : ""}${effect ? `, and "${effect.name}" may be half done` : ""}: gray resume goes on, gray abort goes back.`,
  ];
}
