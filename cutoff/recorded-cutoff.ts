/** Writes a cutoff into the record of its service, which may forbid it. */

import { clauseOf, UserError } from "../components/user-error.ts";
import { type RolloutRecord, raised } from "../record/record.ts";
import { changeRecord, type RecordedService } from "../record/record-store.ts";

/** The service whose canary is cut off. */
export interface CutoffArgs extends RecordedService {
  /**
   * Throws if the record forbids the cutoff, for instance because another driver took over. Called before anything is changed. If the
   * record cannot be read in time, it is not called and canary is cut off, which is safe to do twice. @default never throws
   */
  readonly fence?: (record: RolloutRecord) => void;
  /** Whether to write the cutoff into this record. False keeps a deleted record from being created again. @default always */
  readonly isNoted?: (record: RolloutRecord) => boolean;
}

/** The record while the cutoff is written into it. */
export interface RecordedCutoff {
  /** The record before the cutoff; rejects if it cannot be read. */
  readonly read: Promise<RolloutRecord>;
  /** Why it could not be written, without a full stop; undefined if it was. Never rejects. */
  readonly written: Promise<string | undefined>;
  /** The error of the fence. */
  readonly fenced: { readonly error: unknown } | undefined;
}

/** Raises the record's sequence number. */
export function recordCutoff(of: CutoffArgs): RecordedCutoff {
  const { fence, isNoted = () => true } = of;
  const { promise: read, resolve, reject } = Promise.withResolvers<RolloutRecord>();
  read.catch(() => {});
  let fenced: RecordedCutoff["fenced"];
  const noted = changeRecord(of, (before) => {
    resolve(before);
    try {
      fence?.(before);
    } catch (error) {
      fenced = { error };
      throw error;
    }
    if (!isNoted(before)) throw new UserError("The record does not exist any more.");
    return raised(before);
  });
  const written = noted.then(
    () => undefined,
    (error: Error) => {
      reject(error);
      return clauseOf(error);
    },
  );
  return {
    read,
    written,
    get fenced() {
      return fenced;
    },
  };
}
