/** The Lease of a rollout: shows that one process drives it, and is renewed for as long as it does. */

import { leaseDefaults } from "../components/defaults.ts";
import { clauseOf, UserError } from "../components/user-error.ts";
import { backoff } from "../kubernetes/backoff.ts";
import type { Cluster } from "../kubernetes/cluster.ts";
import type { LeaseObject, LeaseSpec } from "../kubernetes/objects/lease.ts";
import type { ServiceHandle } from "../kubernetes/service-handle.ts";
import { type Clock, machineClock } from "./clock.ts";
import { drivenBy, nameOf, takenBy } from "./driven.ts";
import { isGone, thisProcess } from "./holder.ts";
import { acquisition, identityOf, type LeaseObservation, lasting } from "./lease-acquisition.ts";
import { isOvertaken, leasePath, microTime, showLeaseHolder, taken, writeLease } from "./lease-object.ts";

/** Milliseconds before it is read again after another process wrote it in between. */
const overtakenPauses = { first: 20, most: 1000 };

/**
 * The Lease `<service>-rollout`, which shows that one process drives the rollout of a service. It is renewed for as
 * long as the process drives.
 *
 * It only shows that its holder is alive. The holder may be stopped between its last check and an effect. That two
 * drivers never both act is ensured by the record's epoch, which each new holder raises.
 */
export class Lease {
  /** Aborts, with a UserError, when it has expired or another process has it; for good. */
  readonly lost: AbortSignal;
  private readonly losing = new AbortController();
  private readonly releasing = new AbortController();
  private readonly of: ServiceHandle;
  private readonly note: (sentence: string) => void;
  private readonly clock: Clock;
  /** The Lease as it was last read or written; undefined if it was deleted. */
  private object: LeaseObject | undefined;
  private readonly spec: LeaseSpec;
  /**
   * When the latest renewal was sent. No process can have seen the renewal earlier, so none takes the lease before it
   * has expired.
   */
  private renewed: number;
  /** Why renewals have failed since then. */
  private trouble: string | undefined;
  private readonly keeping: Promise<void>;
  private released: Promise<void> | undefined;

  private constructor(
    of: ServiceHandle,
    note: (sentence: string) => void,
    clock: Clock,
    object: LeaseObject,
    sent: number,
  ) {
    this.of = of;
    this.note = note;
    this.clock = clock;
    this.object = object;
    this.spec = object.spec ?? {};
    this.renewed = sent;
    this.lost = this.losing.signal;
    const ended = AbortSignal.any([this.lost, this.releasing.signal]);
    this.keeping = this.keep(ended);
    void this.expire(ended);
  }

  /**
   * Acquires the Lease, also from a dead holder, after watching it for as long as needed to know that.
   *
   * @param note receives notes for the user for as long as the Lease is held: a wait, a takeover, failed renewals
   * @throws Driven, which names the driver, if a live one has it
   */
  static async take(of: ServiceHandle, note: (sentence: string) => void, clock: Clock = machineClock): Promise<Lease> {
    const identity = identityOf(thisProcess());
    let seen: LeaseObservation | undefined;
    for (let overtaken = 0; ; ) {
      const found = await of.api.get(leasePath(of));
      const now = clock.now();
      const first = seen === undefined;
      seen ??= { version: found?.metadata.resourceVersion, at: now };
      const next = acquisition(found, seen, now, isGone);
      if (next.kind === "leave") throw drivenBy(of, found?.spec);
      if (next.kind === "wait") {
        const { milliseconds } = next;
        const limit = seconds(milliseconds);
        if (first)
          note(
            `${showLeaseHolder(found?.spec)} has the lease of ${nameOf(of)}: waiting up to ${limit} to see whether it is still alive.`,
          );
        await clock.sleep(Math.min(milliseconds, leaseDefaults.retrySeconds * 1000));
        continue;
      }
      try {
        const lease = new Lease(of, note, clock, await writeLease(of, found, taken(found?.spec, identity)), now);
        if (found?.spec?.holderIdentity)
          note(`${showLeaseHolder(found.spec)} drove ${nameOf(of)} and has stopped renewing its lease: taking over.`);
        return lease;
      } catch (error) {
        if (!isOvertaken(error, found)) throw error;
        if (++overtaken > 1) await clock.sleep(backoff(overtaken - 1, overtakenPauses));
      }
    }
  }

  /**
   * Acquires it again after it was lost. It does so at once if no other process has had it meanwhile, for example after
   * the cluster was unavailable.
   *
   * @throws as `take` does
   */
  async again(): Promise<Lease> {
    const { of, note, clock, spec } = this;
    await this.keeping;
    for (let overtaken = 0; ; ) {
      const found = await of.api.get(leasePath(of));
      const now = clock.now();
      if (found?.spec?.holderIdentity !== spec.holderIdentity) break;
      try {
        const written = await writeLease(of, found, taken(found?.spec, spec.holderIdentity ?? ""));
        note(`No other process took the lease of ${nameOf(of)} meanwhile: continuing.`);
        return new Lease(of, note, clock, written, now);
      } catch (error) {
        // A renewal of this process that was given up may still arrive.
        if (!isOvertaken(error, found)) throw error;
        if (++overtaken > 1) await clock.sleep(backoff(overtaken - 1, overtakenPauses));
      }
    }
    return Lease.take(of, note, clock);
  }

  /**
   * Checks the Lease right before an effect, by the clock and without the cluster.
   *
   * @throws UserError if it was lost or released, or has expired, for example while the process was stopped
   */
  assertHeld(): void {
    if (this.released)
      throw new UserError(
        `This process no longer drives ${nameOf(this.of)}, so it changes nothing: drive it again with gray resume.`,
      );
    if (!this.lost.aborted && this.left() <= 0) this.runOut();
    this.lost.throwIfAborted();
  }

  /**
   * Releases it, so that the next driver need not wait. Never throws: a lease that cannot be released expires by
   * itself.
   */
  release(): Promise<void> {
    this.released ??= this.giveBack();
    return this.released;
  }

  private async giveBack(): Promise<void> {
    this.releasing.abort();
    await this.keeping;
    if (this.lost.aborted) return;
    const { holderIdentity, ...freed } = this.spec;
    try {
      await this.inTime(leaseDefaults.renewSeconds * 1000, (api) => this.writeAgain(api, freed));
    } catch (error) {
      this.note(`The lease of ${nameOf(this.of)} could not be released (${clauseOf(error)}): it expires by itself.`);
    }
  }

  /** Renews it until it is lost or released. Never throws. */
  private async keep(ended: AbortSignal): Promise<void> {
    let pause: number = leaseDefaults.renewSeconds;
    for (;;) {
      await this.clock.sleep(Math.max(0, Math.min(pause * 1000, this.left())), ended);
      if (ended.aborted) return;
      const left = this.left();
      if (left <= 0) return this.runOut();
      try {
        await this.inTime(Math.min(left, leaseDefaults.renewSeconds * 1000), (api) => this.renew(api), ended);
        pause = leaseDefaults.renewSeconds;
      } catch (error) {
        if (ended.aborted) return;
        this.reportTrouble(clauseOf(error));
        pause = leaseDefaults.retrySeconds;
      }
    }
  }

  /** Expires it with a separate timer, because a renewal may hang. */
  private async expire(ended: AbortSignal): Promise<void> {
    while (!ended.aborted) {
      const left = this.left();
      if (left <= 0) return this.runOut();
      await this.clock.sleep(left, ended);
    }
  }

  private async renew(api: Cluster): Promise<void> {
    const sent = this.clock.now();
    await this.writeAgain(api, { ...this.spec, renewTime: microTime() });
    if (this.lost.aborted) return;
    this.renewed = sent;
    if (this.trouble !== undefined) this.note(`The lease of ${nameOf(this.of)} is renewed again.`);
    this.trouble = undefined;
  }

  /**
   * Replaces the Lease. On a conflict it reads the Lease again: an earlier write may have succeeded although its answer
   * was lost, and a deleted Lease still belongs to this process until another one creates it.
   */
  private async writeAgain(api: Cluster, spec: LeaseSpec): Promise<void> {
    const of = { ...this.of, api };
    try {
      this.object = await writeLease(of, this.object, spec);
      return;
    } catch (error) {
      if (!isOvertaken(error, this.object)) throw error;
    }
    const found = await api.get(leasePath(of));
    if (found && found.spec?.holderIdentity !== this.spec.holderIdentity) {
      this.losing.abort(takenBy(of, found.spec));
      return;
    }
    this.object = found;
    if (found || spec.holderIdentity) this.object = await writeLease(of, found, spec);
  }

  /** Calls the API with a time limit. */
  private async inTime(
    milliseconds: number,
    work: (api: Cluster) => Promise<void>,
    ended?: AbortSignal,
  ): Promise<void> {
    const limit = new AbortController();
    const done = new AbortController();
    const late = new UserError(`no answer within ${seconds(milliseconds)}`);
    const over = this.clock.sleep(milliseconds, done.signal).then(() => {
      limit.abort(late);
      throw late;
    });
    try {
      // A race, because a pending call may ignore the signal.
      await Promise.race([
        work(this.of.api.until(ended ? AbortSignal.any([limit.signal, ended]) : limit.signal)),
        over,
      ]);
    } finally {
      over.catch(() => {});
      done.abort();
    }
  }

  /** Milliseconds for which no other process can acquire it. */
  private left(): number {
    return this.renewed + lasting(this.spec) - this.clock.now();
  }

  private runOut(): void {
    const why = this.trouble ?? "the process or its machine was stopped";
    this.losing.abort(
      new UserError(
        `The lease of ${nameOf(this.of)} was not renewed for ${seconds(lasting(this.spec))} (${why}), so another process may drive it now: this one stops. Run gray status to see who drives, or gray resume to continue.`,
      ),
    );
  }

  private reportTrouble(trouble: string): void {
    if (this.trouble === undefined) {
      const most = seconds(Math.max(0, this.left()));
      this.note(
        `The lease of ${nameOf(this.of)} could not be renewed (${trouble}): trying again for ${most} at most, after which this process stops driving.`,
      );
    }
    this.trouble = trouble;
  }
}

function seconds(milliseconds: number): string {
  return `${Math.ceil(milliseconds / 1000)} s`;
}
