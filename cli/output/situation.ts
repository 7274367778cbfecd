/** What is going on with a service, and what you can type now: the first line of `gray status`. Pure. */
import type { Track } from "../../components/traffic.ts";
import type { RecordReading } from "../../record/record.ts";
import type { ServiceOptions } from "../services.ts";
import type { RolloutStatus } from "./rollout-status.ts";

/** What is going on with a service. */
export interface Situation {
  readonly is:
    | "in an unknown state"
    | "without a ready pod of stable"
    | "rolling back"
    | "paused"
    | "waiting for a person"
    | "without a driver"
    | "rolling out"
    | "rolled back"
    | "on trial"
    | "steady";
  /** A clause for people, without a full stop. */
  readonly what: string;
  /** The commands that fit, the most likely first. */
  readonly commands: readonly string[];
}

/** What the situation follows from. */
export interface Circumstances {
  readonly tracks: Partial<Record<Track, { readonly release: string }>>;
  /** That no pod of stable is ready, as a sentence; absent if one is. */
  readonly outage?: string | undefined;
  readonly record: RecordReading;
  /** The open rollout, or why it cannot be read; absent if none is open. */
  readonly rollout?: RolloutStatus | { readonly unknown: string };
}

/**
 * The situation of a service. The first of these that is the case:
 *
 * 1. The record, or the rollout in it, cannot be read.
 * 2. A rollout is rolling back.
 * 3. No pod of stable is ready.
 * 4. A rollout is paused, waits for an approval, has no living driver, or is going on.
 * 5. The last rollout was rolled back, stable runs the release to which it was, and canary runs no further one.
 * 6. Both tracks run the same release, or one of them does not exist.
 * 7. Canary runs another release than stable, which is on trial.
 *
 * @param chosen the options that chose the service; the commands repeat them
 */
export function situationOf(
  { tracks: { stable, canary }, outage, record, rollout }: Circumstances,
  chosen: ServiceOptions,
): Situation {
  const gray = (command: string) => `gray ${command}${optionsOf(chosen)}`;
  const [abort, resume, watch] = [gray(`abort ${why}`), gray("resume"), gray("watch")];
  if (record.kind === "unreadable") {
    return {
      is: "in an unknown state",
      what: `its record cannot be read (${record.why})`,
      commands: [gray("history")],
    };
  }
  if (rollout && "unknown" in rollout)
    return { is: "in an unknown state", what: withoutStop(rollout.unknown), commands: [] };
  const isDriven = rollout?.driver !== undefined && rollout.driver.alive !== false;
  if (rollout?.rollbackRequested) {
    const what = `rolling back from ${rollout.release} to ${rollout.from}: ${rollout.rollbackRequested.reason}`;
    if (isDriven) return { is: "rolling back", what, commands: [watch] };
    return { is: "rolling back", what: `${what}. No driver is alive, so it does not go on`, commands: [resume] };
  }
  if (outage !== undefined) {
    const commands = rollout ? [abort] : [gray("logs --track stable"), gray("history")];
    return { is: "without a ready pod of stable", what: withoutStop(outage), commands };
  }
  if (rollout) {
    const { release, name, paused, stoppedReason, awaitsApproval } = rollout;
    if (paused)
      return { is: "paused", what: `${name}, paused by ${paused.by}: ${paused.reason}`, commands: [resume, abort] };
    if (awaitsApproval || stoppedReason) {
      const cause = awaitsApproval ? "this step begins with an approval" : stoppedReason?.reason;
      const commands = [gray(`approve ${release} ${why}`), ...(awaitsApproval ? [] : [resume]), abort];
      return { is: "waiting for a person", what: `${name}, held: ${cause}`, commands };
    }
    if (!isDriven)
      return {
        is: "without a driver",
        what: `${name}, and no driver is alive: the traffic stays as it is`,
        commands: [resume, abort],
      };
    return { is: "rolling out", what: `${name}, of ${release}`, commands: [watch, gray(`pause ${why}`), abort] };
  }
  const { ended: [last] = [], verdicts = {} } = record.kind === "read" ? record.record : {};
  const hasNoFurther = canary === undefined || [stable?.release, last?.release].includes(canary.release);
  if (last?.outcome === "undone" && last.from === stable?.release && hasNoFurther) {
    return {
      is: "rolled back",
      what: `${last.release} was rolled back to ${last.from}: ${last.reason}`,
      commands: [gray("history"), gray(`approve ${last.release} ${why}`)],
    };
  }
  if (stable === undefined || canary === undefined || stable.release === canary.release) {
    return {
      is: "steady",
      what: `${stable && canary ? "both tracks run" : "its track runs"} ${(stable ?? canary)?.release ?? "nothing"}`,
      commands: [],
    };
  }
  const { verdict = "undecided", reason = "it has not been judged yet" } = verdicts[canary.release] ?? {};
  return {
    is: "on trial",
    what: `canary runs ${canary.release} and stable ${stable.release}; the verdict is ${verdict}: ${reason}`,
    commands: verdict === "good" ? [gray("rollout")] : [gray("verify"), gray(`approve ${canary.release} ${why}`)],
  };
}

/** The situation as one line. @example situationLine("web", situation) // "web: paused. step 2 of 3 …. You can type: gray resume" */
export function situationLine(service: string, { is, what, commands }: Situation): string {
  const next = commands.length > 0 ? ` You can type: ${commands.join(" | ")}` : "";
  return `${service} is ${is}: ${what}.${next}`;
}

const why = '--reason "…"';

function optionsOf({ service, namespace, context }: ServiceOptions): string {
  return [
    service === undefined ? "" : ` --service ${service}`,
    namespace === undefined ? "" : ` -n ${namespace}`,
    context === undefined ? "" : ` --context ${context}`,
  ].join("");
}

function withoutStop(sentence: string): string {
  return sentence.replace(/\.$/, "");
}
