/** Stores evidence in the cluster, so that a later observation of the same releases continues it. */
import { pollingDefaults } from "../analysis/defaults.ts";
import { Evidence } from "../analysis/evidence.ts";
import type { Question } from "../analysis/question.ts";
import { oneLine } from "../border/foreign-text.ts";
import type { ServiceHandle } from "../kubernetes/service-handle.ts";
import { changeStore, readStore } from "./config-map-store.ts";

/**
 * The stored evidence on a question; undefined if none is stored, if it compares other releases, or if it cannot be
 * parsed. A new observation continues stored evidence: if each began anew, repeating it would in the end give any
 * verdict.
 *
 * @throws ApiError or UserError if the cluster cannot be read
 */
export async function storedEvidence(of: ServiceHandle, question: Question): Promise<Evidence | undefined> {
  const text = (await readStore(of, "evidence"))?.evidence;
  if (text === undefined) return undefined;
  try {
    const evidence = Evidence.resume(JSON.parse(text));
    return subject(evidence.question) === subject(question) ? evidence : undefined;
  } catch {
    return undefined;
  }
}

/** Writes the evidence of one observation into the cluster, at intervals and at its end. */
export class EvidenceStore {
  private readonly of: ServiceHandle;
  private readonly note: (sentence: string) => void;
  private due: number | undefined;
  private noted = false;

  /** @param note receives a warning for the user */
  constructor(of: ServiceHandle, note: (sentence: string) => void) {
    this.of = of;
    this.note = note;
  }

  /**
   * Writes the evidence if it is due. Never throws: the observation goes on even if its evidence cannot be stored.
   *
   * @param at in milliseconds since the epoch; Infinity at the end, when writing is always due
   */
  async save(evidence: Evidence, at: number): Promise<void> {
    this.due ??= at + pollingDefaults.keepSeconds * 1000;
    if (at < this.due || evidence.last === undefined) return;
    this.due = at + pollingDefaults.keepSeconds * 1000;
    try {
      await write(this.of, evidence);
    } catch (error) {
      if (!this.noted) {
        this.note(
          `The evidence could not be stored in the cluster (${oneLine((error as Error).message).replace(/\.$/, "")}): observing goes on, and a driver that starts again has only the evidence stored before.`,
        );
      }
      this.noted = true;
    }
  }
}

/** Replaces the stored evidence. Of two observers that write at the same time, the last one wins. */
async function write(of: ServiceHandle, evidence: Evidence): Promise<void> {
  await changeStore(of, "evidence", () => ({ evidence: JSON.stringify(evidence) }));
}

/**
 * The part of a question that must be the same to continue evidence. Its thresholds may differ: evidence keeps those
 * with which it began.
 */
function subject({ canary, stable, first = false, perRequest = false, pairs = [], items }: Question): string {
  return JSON.stringify([canary, stable.toSorted(), first, perRequest, pairs.toSorted(), items]);
}
