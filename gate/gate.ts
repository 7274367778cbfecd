import type { Track } from "../components/traffic.ts";
import type { RecordReading } from "../record/record.ts";

/** A change of a track's release, and everything that decides whether it may happen. */
export interface Question {
  readonly service: string;
  readonly track: Track;
  /** The id of the release that the track is to run. */
  readonly release: string;
  /** What the track's live Deployment runs; absent if there is no such Deployment. */
  readonly live?: string | undefined;
  /** Whether the live Deployment runs it completely. */
  readonly complete: boolean;
  /** What the track last ran completely, by the record and the stack's outputs; the one before too if there is no record. */
  readonly ran: readonly string[];
  readonly record: RecordReading;
  /** Whether the stack of stable remembers that stable ever ran completely. */
  readonly stableHasHistory: boolean;
  /** Whether the canary Deployment runs this release with all its pods available; `coming` if this `up` will see to it. */
  readonly canary: "available" | "not-available" | "coming";
  /** GRAY_BREAK_GLASS: a person's reason to pass the gate. */
  readonly breakGlass?: string | undefined;
  /** GRAY_EPOCH: which driver's effect this is. */
  readonly epoch?: number | undefined;
}

export type AdmissionCode =
  | "way-back"
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

/** The gate's answer. It holds no times, so that the same question always gives the same one. */
export interface Admission {
  readonly admitted: boolean;
  readonly code: AdmissionCode;
  /** One sentence; of a refusal it says what to do next. */
  readonly sentence: string;
}

/**
 * Whether a track may change to a release.
 *
 * 1. The way back is always open: the release that the live Deployment runs, or that the track last ran completely, is
 *    admitted, even with an unreadable record; without a readable one also what stable ran before that.
 * 2. Break glass is admitted; whoever asks writes an Event.
 * 3. While a rollout is open, only its driver may change a track.
 * 4. A release judged bad is refused.
 * 5. A release judged good, by evidence or by a person, or that stable once ran completely, is admitted.
 * 6. A record that cannot be read admits nothing else. Otherwise canary is admitted; prod is admitted on the first
 *    install only (no record, no history of prod, and no live stable Deployment but one that never became complete), where
 *    canary's health decides.
 */
export function decide(question: Question): Admission {
  const { service, track, release, live, ran, record, breakGlass } = question;
  const what = `${service} ${track}: release ${release}`;
  if (release === live || ran.includes(release)) return admit("way-back", `${what} is what it runs or last ran`);
  if (breakGlass) return admit("break-glass", `${what} passes the gate because: ${breakGlass}`);
  if (record.kind === "unreadable") {
    return refuse(
      "record-unreadable",
      `${what} is refused, because the record ${service}-rollout cannot be read (${record.why}): restore the record, or delete it and run gray approve ${release}`,
    );
  }
  if (record.kind === "read") {
    const { open, verdicts, stableHistory } = record.record;
    if (open && open.epoch !== question.epoch) {
      return refuse(
        "rollout-open",
        `${what} is refused while the rollout of ${open.release} is open: let gray rollout end it, or abort it with gray abort`,
      );
    }
    const judged = verdicts[release];
    if (judged?.verdict === "bad") {
      return refuse(
        "judged-bad",
        `${what} is refused, because it was judged bad (${judged.by}: ${judged.reason}): release another one`,
      );
    }
    if (judged?.verdict === "good")
      return admit("judged-good", `${what} was judged good (${judged.by}: ${judged.reason})`);
    if (stableHistory.includes(release)) return admit("ran-before", `${what} once ran completely`);
  }
  if (track === "canary") return admit("canary-goes-first", `${what} is tried by canary first`);
  if (record.kind === "read") {
    return refuse(
      "no-verdict",
      `${what} is refused, because it has no good verdict: let gray verify judge it, or look at canary and run gray approve ${release} --reason <why>, then pulumi up again`,
    );
  }
  if ((live !== undefined && question.complete) || question.stableHasHistory) {
    return refuse(
      "no-record",
      `${what} is refused, because ${service} stands already and no record ${service}-rollout says what it ran: restore the record, or run gray approve ${release} --reason <why>`,
    );
  }
  if (question.canary === "not-available") {
    return refuse(
      "canary-not-available",
      `${what} is refused, because ${service}-canary does not run it with all its pods available: run pulumi up --stack canary and look at its pods`,
    );
  }
  return admit(
    "first-install",
    `${what} is the first install: there are no users yet, so canary's health decides instead of a verdict`,
  );
}

/**
 * Why the front, and the number of canary's pods, may not be changed now: while a rollout is open the weight is its
 * driver's. Undefined if they may.
 */
export function frontHeld(
  service: string,
  record: RecordReading,
  by: { readonly epoch: number | undefined; readonly breakGlass: string | undefined },
): string | undefined {
  const open = record.kind === "read" ? record.record.open : undefined;
  if (!open || open.epoch === by.epoch || by.breakGlass) return undefined;
  return `${service}: the front is not changed while the rollout of ${open.release} is open: let gray rollout end it, or abort it with gray abort.`;
}

function admit(code: AdmissionCode, sentence: string): Admission {
  return { admitted: true, code, sentence: `${sentence}.` };
}

function refuse(code: AdmissionCode, sentence: string): Admission {
  return { admitted: false, code, sentence: `${sentence}.` };
}
