/** Writes the verdicts of an observation into the record, and emits Events about them. */

import { setTimeout as sleep } from "node:timers/promises";
import { pollingDefaults } from "../analysis/defaults.ts";
import type { Evidence } from "../analysis/evidence.ts";
import type { Assessment } from "../analysis/verdict.ts";
import { clauseOf } from "../components/user-error.ts";
import { writeEvents } from "../kubernetes/event.ts";
import type { DeployedService } from "../live/live.ts";
import type { Verdict } from "../record/record.ts";
import { changeRecord } from "../record/record-store.ts";
import { mergeVerdict } from "../record/verdict-merge.ts";

/**
 * Writes the verdicts of one observation into the record, and emits Events about them.
 *
 * 1. Each verdict is written once: a person's later decision stays. If the record must stay as it is
 *    (`mergeVerdict`), nothing is written.
 * 2. A failed write is tried again after each poll, and after the last poll for `recordPatienceSeconds`.
 */
export class Recorder {
  /** The verdict in the record, as far as it is known. */
  standing: Verdict | undefined;
  /** Why the latest verdict could not be written. */
  trouble: string | undefined;
  private readonly of: DeployedService;
  private readonly note: (sentence: string) => void;
  private settled: Assessment["verdict"] | undefined;
  /** When writing began to fail, in milliseconds since the epoch. */
  private since = 0;

  /** @param note receives notes for the user, in whole sentences */
  constructor(of: DeployedService, note: (sentence: string) => void) {
    this.of = of;
    this.note = note;
  }

  /** Whether writing has failed for longer than `recordPatienceSeconds`. */
  get overdue(): boolean {
    return this.trouble !== undefined && Date.now() - this.since >= pollingDefaults.recordPatienceSeconds * 1000;
  }

  /** Writes a verdict, unless it is settled. Never throws: a failure is in `trouble`. */
  async write(assessment: Assessment, evidence: Evidence): Promise<void> {
    const { verdict } = assessment;
    if (this.settled === verdict) return;
    const release = evidence.question.canary;
    let written = false;
    try {
      const { verdicts } = await changeRecord(this.of, (before) => {
        const now = mergeVerdict(before.verdicts[release], assessment, evidence, new Date());
        written = now !== undefined;
        return now ? { ...before, verdicts: { ...before.verdicts, [release]: now } } : before;
      });
      this.standing = verdicts[release];
    } catch (error) {
      this.failed(verdict, clauseOf(error));
      return;
    }
    if (this.trouble !== undefined) this.note("The verdict is in the record now.");
    this.trouble = undefined;
    this.settled = verdict;
    if (!written && verdict === "good" && this.standing?.verdict === "bad") {
      this.note(
        `The verdict in the record stays bad (${this.standing.by}: ${this.standing.reason}): only a person can overrule it, with gray approve.`,
      );
    }
    if (!written || verdict === "undecided") return;
    const [type, reason] =
      verdict === "bad" ? (["Warning", "ReleaseJudgedBad"] as const) : (["Normal", "ReleaseJudgedGood"] as const);
    const message = `release ${release} was judged ${verdict} by evidence: ${assessment.reason}`;
    await writeEvents(this.of, { type, reason, message });
  }

  /** Writes the last verdict. An undecided one is tried once, because nothing depends on it. */
  async finish(assessment: Assessment, evidence: Evidence): Promise<void> {
    for (;;) {
      await this.write(assessment, evidence);
      if (this.trouble === undefined || this.overdue || assessment.verdict === "undecided") return;
      await sleep(pollingDefaults.earlyTickSeconds * 1000);
    }
  }

  private failed(verdict: Assessment["verdict"], why: string): void {
    if (this.trouble === undefined) {
      this.since = Date.now();
      const next = verdict === "undecided" ? "" : ": trying again";
      this.note(`The verdict ${verdict} could not be written into the record (${why})${next}.`);
    }
    this.trouble = why;
  }
}
