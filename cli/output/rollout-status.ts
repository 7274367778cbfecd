/** The open rollout as JSON and as text, for `gray status` and `gray watch`. */
import { span } from "../../analysis/format.ts";
import type { Driver } from "../../rollout/lease-object.ts";
import type { Sign } from "../../rollout/lease-watch.ts";
import { continueOrRollBack, type Named } from "../../rollout/remedy.ts";
import { asksToBegin, type Rollout } from "../../rollout/rollout.ts";
import { stepOf } from "../../rollout/timeline.ts";

/** The open rollout as `--json` prints it. */
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
  /** When the weight of the step came into force, RFC 3339. */
  readonly stepStartedAt?: string;
  /** What its driver is doing, or was doing when it died. */
  readonly effect?: Rollout["effect"];
  readonly paused?: Rollout["paused"];
  /** The decision that stable is broken. */
  readonly stableIsBroken?: Rollout["stableIsBroken"];
  /** Whether its step waits for an approval to begin. Absent if it does not. */
  readonly awaitsApproval?: true;
  /** Why it held when its last driver ended. */
  readonly stoppedReason?: Rollout["stoppedReason"];
  readonly rollbackRequested?: Rollout["rollbackRequested"];
  /** Absent if it has no driver. */
  readonly driver?: {
    readonly name: string;
    /** When it last renewed its lease, by its own clock. */
    readonly renewed?: string;
    /** Absent if that is not known yet. */
    readonly alive?: boolean;
  };
}

/** The status of a rollout. @param sign whether the driver is alive, as far as observed */
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
    stableIsBroken,
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
    ...(stableIsBroken && { stableIsBroken }),
    ...(asksToBegin(rollout) && !rollout.approved && { awaitsApproval: true }),
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

/** The open rollout in a few lines of text. @param of the service, for the commands. @param now in milliseconds since 1970 */
export function rolloutLines(of: Omit<Named, "release">, status: RolloutStatus, now: number): string[] {
  const { release, from, by, began, name, stepStartedAt, effect, paused } = status;
  const { stableIsBroken, stoppedReason, rollbackRequested, driver } = status;
  const since = (time: string) => span(Math.max(0, (now - Date.parse(time)) / 1000));
  const ago = (time: string) => `${since(time)} ago`;
  return [
    `Rollout of ${release} over ${from}, started by ${by} ${ago(began)}: ${name}${stepStartedAt === undefined ? ", not in force yet" : `, in force for ${since(stepStartedAt)}`}.`,
    ...(rollbackRequested
      ? [`It is rolling back, by ${rollbackRequested.by} ${ago(rollbackRequested.at)}: ${rollbackRequested.reason}.`]
      : []),
    ...(paused ? [`It is paused, by ${paused.by} ${ago(paused.at)}: ${paused.reason}.`] : []),
    ...(stableIsBroken
      ? [
          `Canary's own rates decide while stable is broken, by ${stableIsBroken.by} ${ago(stableIsBroken.at)}: ${stableIsBroken.reason}.`,
        ]
      : []),
    ...(stoppedReason
      ? [`Its last driver ended ${ago(stoppedReason.at)}, because the rollout held: ${stoppedReason.reason}.`]
      : []),
    ...(driver && driver.alive !== false && effect ? [`Under way: ${effect.name}, started ${ago(effect.at)}.`] : []),
    driver && driver.alive !== false
      ? `${driver.name} is driving it${driver.alive ? "" : ", or has died: that is not known yet"}.`
      : `No driver is alive${driver ? ` (${driver.name} was the last)` : ""}${effect ? `, and "${effect.name}" may be half done` : ""}: ${continueOrRollBack({ ...of, release })}.`,
  ];
}
