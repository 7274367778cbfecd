/** The gate: decides whether a track may change to a release. Pure. */

import type { Track } from "../components/traffic.ts";
import type { RecordReading } from "../record/record.ts";

/** A change of a track's release, with everything that the decision depends on. */
export interface Question {
  readonly service: string;
  readonly namespace: string;
  readonly track: Track;
  /** The id of the release that the track would change to. */
  readonly release: string;
  /** The id of the release that the track's live Deployment runs; absent if there is no Deployment. */
  readonly live?: string | undefined;
  /** Whether the roll of the live Deployment is complete. */
  readonly complete: boolean;
  /** Ids of the releases that the track last ran completely, by record and stack state; with the previous one if there is no record. */
  readonly ran: readonly string[];
  readonly record: RecordReading;
  /** Whether the state of stable's stack shows that stable ever ran completely. */
  readonly stableHasHistory: boolean;
  /** Whether the canary Deployment runs this release with all its pods available; `coming` if this `up` will start it. */
  readonly canary: "available" | "not-available" | "coming";
  /** The reason of a break-glass override (GRAY_BREAK_GLASS). @default no override */
  readonly breakGlass?: string | undefined;
  /** The epoch of the driver that makes the change (GRAY_EPOCH). @default no driver */
  readonly epoch?: number | undefined;
}

/** Which condition of `decideAdmission` gave the answer. */
export type AdmissionCode =
  | "rollback"
  | "break-glass"
  | "rollout-open"
  | "judged-bad"
  | "judged-good"
  | "ran-before"
  | "canary-goes-first"
  | "first-install"
  | "canary-not-available"
  | "no-verdict"
  | "no-record"
  | "record-unreadable";

/** The gate's answer. It holds no times, so that the same question always has the same answer. */
export interface Admission {
  readonly admitted: boolean;
  readonly code: AdmissionCode;
  /** One sentence for the user; that of a refusal ends with what to do next. */
  readonly sentence: string;
}

/**
 * Whether a track may change to a release.
 *
 * 1. A rollback is always admitted: to the release that the live Deployment runs, or that the track last ran completely. Without a
 *    readable record, also to the release that stable ran before that.
 * 2. A break-glass override is admitted; the caller writes an Event.
 * 3. While a rollout is open, only its driver may change a track.
 * 4. A release judged bad is refused.
 * 5. A release is admitted if evidence or a person judged it good, or stable once ran it completely.
 * 6. With an unreadable record everything else is refused. Otherwise canary is admitted. Stable is admitted only on the first install,
 *    if canary is healthy: there is no record, no history of stable, and no live stable Deployment whose roll was ever complete.
 *
 * @example decideAdmission({ service: "web", track: "stable", release, ...known }).admitted
 */
export function decideAdmission(question: Question): Admission {
  const { service, namespace, track, release, live, ran, record, breakGlass } = question;
  const change = `${service} ${track}: release ${release}`;
  if (release === live || ran.includes(release)) return admit("rollback", `${change} is what it runs or last ran`);
  if (breakGlass) return admit("break-glass", `${change} passes the gate by a break-glass override: ${breakGlass}`);
  if (record.kind === "unreadable") {
    const {
      why,
      remedy = `restore the record, or delete it and run gray approve ${release} --reason "…" -n ${namespace} --service ${service}`,
    } = record;
    return refuse(
      "record-unreadable",
      `${change} is refused, because the record in ConfigMap ${service}-rollout cannot be read (${why}): ${remedy}`,
    );
  }
  if (record.kind === "read") {
    const { open, verdicts, stableHistory } = record.record;
    if (open && open.epoch !== question.epoch) {
      return refuse(
        "rollout-open",
        `${change} is refused while the rollout of ${open.release} is open: wait until it has ended (gray watch), continue it with gray resume -n ${namespace} --service ${service}, or roll it back with gray abort --reason "…" -n ${namespace} --service ${service}`,
      );
    }
    const judged = verdicts[release];
    if (judged?.verdict === "bad") {
      return refuse(
        "judged-bad",
        `${change} is refused, because it was judged bad (${judged.by}: ${judged.reason}): release another one`,
      );
    }
    if (judged?.verdict === "good")
      return admit("judged-good", `${change} was judged good (${judged.by}: ${judged.reason})`);
    if (stableHistory.includes(release)) return admit("ran-before", `${change} once ran completely`);
  }
  if (track === "canary") return admit("canary-goes-first", `${change} is tried on canary first`);
  if (record.kind === "read") {
    return refuse(
      "no-verdict",
      `${change} is refused, because it has not been judged good yet: let gray verify judge it, or check canary and run gray approve ${release} --reason "…" -n ${namespace} --service ${service}, then pulumi up again`,
    );
  }
  if ((live !== undefined && question.complete) || question.stableHasHistory) {
    return refuse(
      "no-record",
      `${change} is refused, because ${service} is live and there is no record, ConfigMap ${service}-rollout, of what it ran: restore the record, or run gray approve ${release} --reason "…" -n ${namespace} --service ${service}`,
    );
  }
  if (question.canary === "not-available") {
    return refuse(
      "canary-not-available",
      `${change} is refused, because ${service}-canary does not run it with all its pods available: run pulumi up of the stack that owns canary, then check its pods with gray status`,
    );
  }
  return admit(
    "first-install",
    `${change} is the first install: there are no users yet, so canary's health decides instead of a verdict`,
  );
}

/**
 * Why the front and the number of canary's pods may not be changed now: while a rollout is open, only its driver may change the weight.
 *
 * @param by the driver and the break-glass override of this `up`
 * @returns a sentence for the user; undefined if they may be changed
 */
export function frontHeld(
  { service, namespace }: Pick<Question, "service" | "namespace">,
  record: RecordReading,
  by: { readonly epoch: number | undefined; readonly breakGlass: string | undefined },
): string | undefined {
  const open = record.kind === "read" ? record.record.open : undefined;
  if (!open || open.epoch === by.epoch || by.breakGlass) return undefined;
  return `${service}: the weight and the number of canary pods stay as they are while the rollout of ${open.release} is open: wait until it has ended (gray watch), continue it with gray resume -n ${namespace} --service ${service}, or roll it back with gray abort --reason "…" -n ${namespace} --service ${service}.`;
}

function admit(code: AdmissionCode, sentence: string): Admission {
  return { admitted: true, code, sentence: `${sentence}.` };
}

function refuse(code: AdmissionCode, sentence: string): Admission {
  return { admitted: false, code, sentence: `${sentence}.` };
}
