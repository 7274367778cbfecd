import { oneLine } from "../border/foreign-text.ts";
import { leaseDefaults } from "../components/defaults.ts";
import { serviceLabel } from "../components/names.ts";
import { UserError } from "../components/user-error.ts";
import { backoff } from "../kubernetes/backoff.ts";
import { ApiError, type Cluster } from "../kubernetes/cluster.ts";
import { type Clock, machineClock } from "./clock.ts";
import { isGone, showHolder, thisProcess } from "./holder.ts";
import {
  acquisition,
  identityOf,
  type LeaseObject,
  type LeaseObservation,
  type LeaseSpec,
  lasting,
  parseIdentity,
} from "./lease-acquisition.ts";

/** Whose rollout it is for. */
export interface Leased {
  readonly api: Cluster;
  readonly namespace: string;
  readonly service: string;
}

/** Whoever has the lease of a rollout, as others see it. */
export interface Driver {
  /** At the beginning of a sentence. */
  readonly name: string;
  /** Of the lease: another one at each renewal. */
  readonly version: string | undefined;
  /** When it was renewed last, by the clock of whoever has it; RFC 3339. For people: nothing is decided by it. */
  readonly renewed: string | undefined;
  /** For how many milliseconds it lasts after a renewal. */
  readonly lasts: number;
  /** Whether its process is known to be dead. */
  readonly gone: boolean;
}

/** Milliseconds before it is asked for again where somebody else wrote it in between. */
const overtakenPauses = { first: 20, most: 1000 };

/** Who has the lease; undefined where nobody has it. */
export async function readDriver({ api, namespace, service }: Leased): Promise<Driver | undefined> {
  const found = await api.get<LeaseObject>(pathOf(namespace, service));
  const identity = found?.spec?.holderIdentity;
  if (!found || !identity) return undefined;
  const holder = parseIdentity(identity);
  return {
    name: show(found.spec),
    version: found.metadata.resourceVersion,
    renewed: found.spec?.renewTime?.replace(/\.\d+/, ""),
    lasts: lasting(found.spec),
    gone: holder !== undefined && isGone(holder),
  };
}

/** Takes the lease away with everything else of a service. */
export async function deleteLease({ api, namespace, service }: Leased): Promise<void> {
  await api.delete(pathOf(namespace, service));
}

/** Somebody alive drives the rollout. */
export class Driven extends UserError {
  /** At the beginning of a sentence. */
  readonly who: string;

  constructor(who: string, sentence: string) {
    super(sentence);
    this.who = who;
  }
}

/**
 * The sign that one process drives the rollout of a service: the Lease `<service>-rollout`, renewed for as long as it does.
 *
 * It tells who is alive, and no more. Whoever holds it may be stopped between its last look and an effect; that two drivers
 * never both act is the work of the record's epoch, which whoever takes the lease raises.
 */
export class Lease {
  /** Aborts, with a Refusal, when it was not renewed for as long as it lasts, or somebody else has it; for good. */
  readonly lost: AbortSignal;
  private readonly losing = new AbortController();
  private readonly releasing = new AbortController();
  private readonly of: Leased;
  private readonly note: (sentence: string) => void;
  private readonly clock: Clock;
  /** As it was last read or written; undefined where somebody deleted it. */
  private object: LeaseObject | undefined;
  private readonly spec: LeaseSpec;
  /** When the latest renewal was sent. Nobody can have seen it earlier, so nobody else takes the lease before it has run out. */
  private renewed: number;
  /** Why it could not be renewed since then. */
  private trouble: string | undefined;
  private readonly keeping: Promise<void>;
  private released: Promise<void> | undefined;

  private constructor(of: Leased, note: (sentence: string) => void, clock: Clock, object: LeaseObject, sent: number) {
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
   * Takes the lease, or takes it over from whoever is dead, looking on for as long as it takes to know that.
   *
   * @param note what a person is to know, now and as long as it is held: a wait, a takeover, trouble with renewing it
   * @throws Refusal naming who drives, if it is alive
   */
  static async take(of: Leased, note: (sentence: string) => void, clock: Clock = machineClock): Promise<Lease> {
    const identity = identityOf(thisProcess());
    let seen: LeaseObservation | undefined;
    for (let overtaken = 0; ; ) {
      const found = await of.api.get<LeaseObject>(pathOf(of.namespace, of.service));
      const now = clock.now();
      const first = seen === undefined;
      seen ??= { version: found?.metadata.resourceVersion, at: now };
      const next = acquisition(found, seen, now, isGone);
      if (next.kind === "leave") throw drivenBy(of, found?.spec);
      if (next.kind === "wait") {
        const { milliseconds } = next;
        const limit = seconds(milliseconds);
        if (first) note(`${show(found?.spec)} has the lease of ${nameOf(of)}: waiting ${limit} for a sign of life.`);
        await clock.sleep(Math.min(milliseconds, leaseDefaults.retrySeconds * 1000));
        continue;
      }
      try {
        const lease = new Lease(of, note, clock, await write(of, found, taken(found?.spec, identity)), now);
        if (found?.spec?.holderIdentity)
          note(`${show(found.spec)} drove ${nameOf(of)} and shows no sign of life: taking over.`);
        return lease;
      } catch (error) {
        if (!isOvertaken(error, found)) throw error;
        if (++overtaken > 1) await clock.sleep(backoff(overtaken - 1, overtakenPauses));
      }
    }
  }

  /**
   * Takes it again after it was lost: at once where nobody else has had it meanwhile, as after a silence of the cluster.
   *
   * @throws as `take` does
   */
  async again(): Promise<Lease> {
    const { of, note, clock, spec } = this;
    await this.keeping;
    const found = await of.api.get<LeaseObject>(pathOf(of.namespace, of.service));
    const now = clock.now();
    if (found?.spec?.holderIdentity === spec.holderIdentity) {
      try {
        const lease = new Lease(
          of,
          note,
          clock,
          await write(of, found, taken(found?.spec, spec.holderIdentity ?? "")),
          now,
        );
        note(`The lease of ${nameOf(of)} was taken by nobody else: going on.`);
        return lease;
      } catch (error) {
        if (!isOvertaken(error, found)) throw error;
      }
    }
    return Lease.take(of, note, clock);
  }

  /**
   * For right before an effect: asks the clock, not the cluster.
   *
   * @throws Refusal if it was lost or given back, or has run out, as while the process was stopped
   */
  assertHeld(): void {
    if (this.released) throw new UserError(`The lease of ${nameOf(this.of)} was given back: take it again.`);
    if (!this.lost.aborted && this.left() <= 0) this.runOut();
    this.lost.throwIfAborted();
  }

  /** Gives it back, so that the next one need not wait. Never throws: what cannot be given back runs out by itself. */
  release(): Promise<void> {
    this.released ??= this.giveBack();
    return this.released;
  }

  private async giveBack(): Promise<void> {
    this.releasing.abort();
    await this.keeping;
    if (this.lost.aborted) return;
    const { holderIdentity, ...nobodys } = this.spec;
    try {
      await this.inTime(leaseDefaults.renewSeconds * 1000, (api) => this.writeAgain(api, nobodys));
    } catch (error) {
      this.note(`The lease of ${nameOf(this.of)} could not be given back (${reason(error)}): it runs out by itself.`);
    }
  }

  /** Renews it until it is lost or given back. Never throws. */
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
        this.reportTrouble(reason(error));
        pause = leaseDefaults.retrySeconds;
      }
    }
  }

  /** Lets it run out by a timer of its own, whatever any call does. */
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
    if (this.trouble !== undefined) this.note(`The lease of ${nameOf(this.of)} could be renewed now.`);
    this.trouble = undefined;
  }

  /**
   * Writes it over what it was. Where it is not that any more, it looks: a write may have been done though no answer came,
   * and what was deleted is still its own until somebody else makes it.
   */
  private async writeAgain(api: Cluster, spec: LeaseSpec): Promise<void> {
    const of = { ...this.of, api };
    try {
      this.object = await write(of, this.object, spec);
      return;
    } catch (error) {
      if (!isOvertaken(error, this.object)) throw error;
    }
    const found = await api.get<LeaseObject>(pathOf(of.namespace, of.service));
    if (found && found.spec?.holderIdentity !== this.spec.holderIdentity) {
      this.losing.abort(takenBy(of, found.spec));
      return;
    }
    this.object = found;
    if (found || spec.holderIdentity) this.object = await write(of, found, spec);
  }

  /** Works with an API whose calls end after some milliseconds, or with the signal. */
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
      // Not only by the signal: what a call waits for may not hear it.
      await Promise.race([
        work(this.of.api.until(ended ? AbortSignal.any([limit.signal, ended]) : limit.signal)),
        over,
      ]);
    } finally {
      over.catch(() => {});
      done.abort();
    }
  }

  /** Milliseconds for which nobody else can have it. */
  private left(): number {
    return this.renewed + lasting(this.spec) - this.clock.now();
  }

  private runOut(): void {
    const why = this.trouble ?? "the process or its machine was stopped";
    this.losing.abort(
      new UserError(
        `The lease of ${nameOf(this.of)} was not renewed for ${seconds(lasting(this.spec))} (${why}), so that somebody else may drive it by now: nothing more is done here. See gray status; gray resume goes on.`,
      ),
    );
  }

  private reportTrouble(trouble: string): void {
    if (this.trouble === undefined) {
      const most = seconds(Math.max(0, this.left()));
      this.note(`The lease of ${nameOf(this.of)} could not be renewed (${trouble}): trying again for ${most} at most.`);
    }
    this.trouble = trouble;
  }
}

export function leaseName(service: string): string {
  return `${service}-rollout`;
}

function pathOf(namespace: string, service?: string): string {
  const collection = `/apis/coordination.k8s.io/v1/namespaces/${namespace}/leases`;
  return service === undefined ? collection : `${collection}/${leaseName(service)}`;
}

/** Over what was read, or anew where there was none; @throws ApiError with 409 or 404 if somebody wrote in between. */
function write({ api, namespace, service }: Leased, found: LeaseObject | undefined, spec: LeaseSpec) {
  const object = {
    apiVersion: "coordination.k8s.io/v1",
    kind: "Lease",
    metadata: {
      ...found?.metadata,
      name: leaseName(service),
      namespace,
      labels: { ...found?.metadata.labels, app: service, [serviceLabel]: service },
    },
    spec,
  };
  return found
    ? api.replace<LeaseObject>(pathOf(namespace, service), object)
    : api.create<LeaseObject>(pathOf(namespace), object);
}

/** Where nothing was read, 404 says that there is no such namespace. */
function isOvertaken(error: unknown, found: LeaseObject | undefined): boolean {
  return error instanceof ApiError && (error.status === 409 || (error.status === 404 && found !== undefined));
}

/** What a lease is that somebody takes now. */
function taken(before: LeaseSpec | undefined, identity: string): LeaseSpec {
  const now = microTime();
  return {
    ...before,
    holderIdentity: identity,
    leaseDurationSeconds: leaseDefaults.durationSeconds,
    acquireTime: now,
    renewTime: now,
    leaseTransitions: before ? (before.leaseTransitions ?? 0) + 1 : 0,
  };
}

/** The time of day as Kubernetes has it in a Lease; with other than six digits it is refused. */
function microTime(): string {
  return new Date().toISOString().replace("Z", "000Z");
}

function drivenBy(of: Leased, spec: LeaseSpec | undefined): Driven {
  const since = spec?.acquireTime ? ` since ${spec.acquireTime.replace(/\.\d+/, "")}` : "";
  return new Driven(
    show(spec),
    `${show(spec)} drives ${nameOf(of)}${since}: wait until it has ended, or hold or end it with gray pause or gray abort, which work from any machine.`,
  );
}

function takenBy(of: Leased, spec: LeaseSpec | undefined): UserError {
  const who = spec?.holderIdentity ? `${show(spec)} drives` : "Nobody is to drive";
  return new UserError(
    `${who} ${nameOf(of)} now, its lease was taken from this process: nothing more is done here. See gray status.`,
  );
}

function nameOf({ namespace, service }: Leased): string {
  return `the rollout of ${service} in namespace ${namespace}`;
}

/** Who has a lease, at the beginning of a sentence. */
function show({ holderIdentity = "" }: LeaseSpec = {}): string {
  const holder = parseIdentity(holderIdentity);
  return oneLine(holder ? showHolder(holder) : `"${holderIdentity}"`);
}

function seconds(milliseconds: number): string {
  return `${Math.ceil(milliseconds / 1000)} s`;
}

/** An error within a sentence. */
function reason(error: unknown): string {
  return (error as Error).message.replace(/\.$/, "");
}
