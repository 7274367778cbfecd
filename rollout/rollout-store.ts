/** The record of a rollout as its driver reads and writes it; a newer driver fences off older ones. */
import { within } from "../kubernetes/within.ts";
import { Superseded } from "../record/epoch.ts";
import { type Ended, type RolloutRecord, raised, type Verdict } from "../record/record.ts";
import { changeRecord, type RecordedService, readRecord, recordName, unreadable } from "../record/record-store.ts";
import { type Rollout, rolloutIn, written } from "./rollout.ts";

/** The record of the rollout was deleted: its state is unknown. */
export class RecordGone extends Superseded {}

/** The rollout in the record, and the verdict on its release. */
export interface Entry {
  readonly rollout: Rollout;
  /** The verdict on the release that is rolled out. */
  readonly verdict: Verdict | undefined;
}

/** Most milliseconds of a read: a dead connection must not block the driver. */
const readMilliseconds = 5000;

/** Most finished rollouts in a record. */
const endedLimit = 20;

/**
 * A driver's access to the record. Writes are refused as soon as another driver has a higher epoch, so a driver that
 * wakes from sleep does nothing.
 */
export class RolloutStore {
  readonly of: RecordedService;
  readonly epoch: number;
  /** The entry that was last read or written; undefined before the first. */
  latest: Entry | undefined;

  private constructor(of: RecordedService, record: RolloutRecord) {
    this.of = of;
    const rollout = rolloutIn(of.service, record);
    this.epoch = rollout?.epoch ?? 0;
    this.latest = rollout && { rollout, verdict: record.verdicts[rollout.release] };
  }

  /**
   * Opens a rollout. An open rollout is superseded, and its driver stops at its next access to the record.
   *
   * @param begin creates the rollout, given the epoch; it may throw, depending on the record
   * @throws what `begin` throws; UserError if the record cannot be read
   */
  static async open(
    of: RecordedService,
    begin: (epoch: number, before: RolloutRecord) => Rollout,
  ): Promise<RolloutStore> {
    const record = await change(of, (before) => {
      const epoch = epochAfter(before);
      const rollout = begin(epoch, before);
      const former = rolloutIn(of.service, before);
      const rest = former ? withEnded(before, supersededBy(rollout, former)) : before;
      return { ...raised(rest), epoch, open: rollout };
    });
    return new RolloutStore(of, record);
  }

  /**
   * Takes over the open rollout.
   *
   * @param found checks the open rollout and returns it; it may throw
   * @throws what `found` throws; UserError if the rollout cannot be understood
   */
  static async takeOver(of: RecordedService, found: (rollout: Rollout | undefined) => Rollout): Promise<RolloutStore> {
    const record = await change(of, (before) => {
      const epoch = epochAfter(before);
      const { stoppedReason: _, ...rollout } = found(rolloutIn(of.service, before));
      return { ...raised(before), epoch, open: { ...rollout, epoch } };
    });
    return new RolloutStore(of, record);
  }

  /**
   * Reads the record.
   *
   * @throws Superseded if another driver has taken over; RecordGone if the record was deleted; ApiError or UserError if
   * it cannot be read
   */
  async read(): Promise<Entry> {
    const { of } = this;
    const reading = await within(of.api, readMilliseconds, (api) => readRecord({ ...of, api }));
    if (reading.kind === "unreadable") throw unreadable(of, reading);
    const rollout = this.own(reading.kind === "read" ? reading.record : undefined);
    this.latest = {
      rollout,
      verdict: reading.kind === "read" ? reading.record.verdicts[rollout.release] : undefined,
    };
    return this.latest;
  }

  /** Changes the rollout. @throws as `read` does */
  async write(to: (before: Rollout) => Rollout): Promise<Rollout> {
    const { open, verdicts } = await change(this.of, (before) => {
      return { ...before, open: to(this.own(before)) };
    });
    const rollout = open as Rollout;
    this.latest = { rollout, verdict: verdicts[rollout.release] };
    return rollout;
  }

  /**
   * Ends the rollout. A rollout that a person has paused or is rolling back meanwhile is not promoted and stays open.
   *
   * @param replacedBy release id -> id of the release that replaces it from now on
   * @returns whether it has ended
   */
  async close(ended: Ended, replacedBy: Readonly<Record<string, string>> = {}): Promise<boolean> {
    const { open } = await change(this.of, (before) => {
      // An earlier attempt closed it, but its answer was lost.
      if (before.open === undefined && before.ended?.[0] && isSame(before.ended[0], ended)) return before;
      const { rollbackRequested, paused } = this.own(before);
      if (ended.outcome === "promoted" && (rollbackRequested ?? paused)) return before;
      const { open: _, ...rest } = withEnded(before, ended);
      // The release that the tracks run now is no longer replaced: it may have been undone before.
      const { [ended.outcome === "promoted" ? ended.release : ended.from]: __, ...others } = before.replacedBy ?? {};
      return { ...rest, replacedBy: { ...others, ...replacedBy } };
    });
    return open === undefined;
  }

  private own(record: RolloutRecord | undefined): Rollout {
    const rollout = record && rolloutIn(this.of.service, record);
    if (rollout?.epoch === this.epoch) return rollout;
    const { service, namespace } = this.of;
    if (rollout) {
      throw new Superseded(
        `Another driver has taken over the rollout of ${service}: run gray status to see its state.`,
      );
    }
    if ((record?.epoch ?? 0) < this.epoch) {
      throw new RecordGone(
        `The record ${recordName(service)} in namespace ${namespace} no longer has this rollout, probably because it was deleted, so gray changes nothing else: if you have a copy of this ConfigMap, restore it and run gray resume; if not, start again with gray rollout.`,
      );
    }
    throw new Superseded(`The rollout of ${service} has ended: run gray history to see how.`);
  }
}

/**
 * Records a person's decision on the open rollout, regardless of its driver.
 *
 * @param to computes the rollout and the verdicts from those in the record
 * @throws what `to` throws; UserError if the rollout cannot be understood
 */
export async function recordDecision(
  of: RecordedService,
  to: (rollout: Rollout | undefined, record: RolloutRecord) => Partial<Pick<RolloutRecord, "open" | "verdicts">>,
): Promise<void> {
  await change(of, (before) => ({ ...before, ...to(rolloutIn(of.service, before), before) }));
}

function withEnded(before: RolloutRecord, ended: Ended): RolloutRecord {
  return { ...before, ended: [ended, ...(before.ended ?? [])].slice(0, endedLimit) };
}

/**
 * Whether both are the end of the same rollout. Their texts are not compared, because writing truncates a text to its limit.
 */
function isSame(a: Ended, b: Ended): boolean {
  return a.release === b.release && a.began === b.began && a.ended === b.ended && a.outcome === b.outcome;
}

function supersededBy({ by, release }: Rollout, { release: former, from, began, by: begunBy }: Rollout): Ended {
  const ended = new Date().toISOString();
  const reason = `${by} started the rollout of ${release}`;
  return { release: former, from, began, ended, by: begunBy, outcome: "superseded", reason };
}

function epochAfter({ epoch = 0, open }: RolloutRecord): number {
  return Math.max(epoch, open?.epoch ?? 0) + 1;
}

function change(of: RecordedService, to: (before: RolloutRecord) => RolloutRecord) {
  return changeRecord(of, (before) => {
    const after = to(before);
    if (after.open === undefined || after.open === before.open) return after;
    return { ...after, open: written(of.service, after.open as Rollout) };
  });
}
