import type { Cluster } from "../kubernetes/cluster.ts";
import { within } from "../kubernetes/within.ts";
import { Superseded } from "../record/epoch.ts";
import {
  changeRecord,
  type Ended,
  type RolloutRecord,
  raised,
  readRecord,
  recordName,
  unreadable,
  type Verdict,
} from "../record/record.ts";
import { type Rollout, rolloutIn, written } from "./rollout.ts";

/** Whose record it is. */
export interface RecordAddress {
  readonly api: Cluster;
  /** UID of the cluster. */
  readonly cluster: string;
  readonly namespace: string;
  readonly service: string;
}

/** The record that the rollout was in does not stand any more: nothing says what is to become of it. */
export class RecordGone extends Superseded {}

/** What the record says of a rollout and of its release. */
export interface Entry {
  readonly rollout: Rollout;
  /** Of the release that is rolled out. */
  readonly verdict: Verdict | undefined;
}

/** Milliseconds that a read of the record may take: a connection that is dead must not make the driver deaf. */
const readMilliseconds = 5000;

/** Rollouts that a record remembers once they have ended. */
const endedLimit = 20;

/**
 * One driver's hand on the record: whatever it writes is refused as soon as another driver has a higher epoch, so that one
 * that slept does nothing on waking.
 */
export class RolloutStore {
  readonly of: RecordAddress;
  readonly epoch: number;
  /** What was last read or written; undefined before that. */
  latest: Entry | undefined;

  private constructor(of: RecordAddress, record: RolloutRecord) {
    this.of = of;
    const rollout = rolloutIn(of.service, record);
    this.epoch = rollout?.epoch ?? 0;
    this.latest = rollout && { rollout, verdict: record.verdicts[rollout.release] };
  }

  /**
   * Opens a rollout. One that is open ends with that, and its driver with its next word to the record.
   *
   * @param begin what it is, given the epoch; may refuse by what the record says
   */
  static async open(
    of: RecordAddress,
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

  /** Takes over the rollout that is open. @throws Refusal by `found`, or if it cannot be understood */
  static async takeOver(of: RecordAddress, found: (rollout: Rollout | undefined) => Rollout): Promise<RolloutStore> {
    const record = await change(of, (before) => {
      const epoch = epochAfter(before);
      const { stoppedReason: _, ...rollout } = found(rolloutIn(of.service, before));
      return { ...raised(before), epoch, open: { ...rollout, epoch } };
    });
    return new RolloutStore(of, record);
  }

  /** @throws Superseded; Refusal if the record cannot be read, or the cluster does not answer */
  async read(): Promise<Entry> {
    const { api, namespace, service, cluster } = this.of;
    const reading = await within(api, readMilliseconds, (limited) => readRecord(limited, namespace, service, cluster));
    if (reading.kind === "unreadable") throw unreadable(namespace, service, reading.why);
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
   * Ends the rollout. One that a person holds or takes back by now is not promoted, and stays open.
   *
   * @param instead which release runs in the place of which from now on, where that changes
   * @returns whether it has ended
   */
  async close(ended: Ended, replacedBy: Readonly<Record<string, string>> = {}): Promise<boolean> {
    const { open } = await change(this.of, (before) => {
      // It was closed already, and the answer was lost.
      if (before.open === undefined && before.ended?.[0] && isSame(before.ended[0], ended)) return before;
      const { rollbackRequested, paused } = this.own(before);
      if (ended.outcome === "promoted" && (rollbackRequested ?? paused)) return before;
      const { open: _, ...rest } = withEnded(before, ended);
      // What the tracks run now stands for itself: it may have been undone in former times.
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
      throw new Superseded(`The rollout of ${service} is driven by somebody else now: gray status says how it stands.`);
    }
    if ((record?.epoch ?? 0) < this.epoch) {
      throw new RecordGone(
        `The record ${recordName(service)} in namespace ${namespace} knows nothing of this rollout any more, as if it was deleted, and nothing else is changed: restore it and run gray resume.`,
      );
    }
    throw new Superseded(`The rollout of ${service} is over: gray history says how it ended.`);
  }
}

/**
 * A person's word on the rollout that is open, whoever drives it.
 *
 * @param to what the record says of the rollout and of verdicts from then on
 * @throws what `to` throws; Refusal if the rollout cannot be understood
 */
export async function recordDecision(
  of: RecordAddress,
  to: (rollout: Rollout | undefined, record: RolloutRecord) => Partial<Pick<RolloutRecord, "open" | "verdicts">>,
): Promise<void> {
  await change(of, (before) => ({ ...before, ...to(rolloutIn(of.service, before), before) }));
}

function withEnded(before: RolloutRecord, ended: Ended): RolloutRecord {
  return { ...before, ended: [ended, ...(before.ended ?? [])].slice(0, endedLimit) };
}

/** Whether both are the end of the same rollout. The texts are not compared: what is written is cut to its bounds. */
function isSame(a: Ended, b: Ended): boolean {
  return a.release === b.release && a.began === b.began && a.ended === b.ended && a.outcome === b.outcome;
}

function supersededBy({ by, release }: Rollout, { release: former, from, began, by: begunBy }: Rollout): Ended {
  const ended = new Date().toISOString();
  const reason = `${by} began that of ${release}`;
  return { release: former, from, began, ended, by: begunBy, outcome: "superseded", reason };
}

function epochAfter({ epoch = 0, open }: RolloutRecord): number {
  return Math.max(epoch, open?.epoch ?? 0) + 1;
}

function change({ api, namespace, service, cluster }: RecordAddress, to: (before: RolloutRecord) => RolloutRecord) {
  return changeRecord(api, namespace, service, cluster, (before) => {
    const after = to(before);
    if (after.open === undefined || after.open === before.open) return after;
    return { ...after, open: written(service, after.open as Rollout) };
  });
}
