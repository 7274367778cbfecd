import { setTimeout as sleep } from "node:timers/promises";
import type { Track } from "../../components/traffic.ts";
import { decideAdmission, frontHeld } from "../../gate/gate.ts";
import type { Cluster, Operation } from "../../kubernetes/cluster.ts";
import { isComplete, readDeployment, releaseOf, runs } from "../../live/live.ts";
import { readAllRoutes } from "../../live/traffic/modes.ts";
import { largestWeight } from "../../live/traffic/share.ts";
import { PulumiFailure } from "../../pulumi/pulumi.ts";
import { type RecordReading, stableReleases, withStableHistory } from "../../record/record.ts";
import { changeRecord, readRecord } from "../../record/record-store.ts";
import type { Chance } from "./chance.ts";
import type { TimelineEvent } from "./events.ts";
import { type History, releases } from "./history.ts";
import type { Actor } from "./simulated-time.ts";
import { canaryReplicas, paths, rulesAt, selectorAt, service, stableReplicas, webOf } from "./site.ts";

/** One run of `pulumi up`. */
export interface UpArgs {
  /** Its own process. */
  readonly actor: Actor;
  readonly api: Cluster;
  /** Which track's stack it is. */
  readonly track: Track;
  readonly epoch: number;
  /** Ends it, in good order. */
  readonly signal: AbortSignal;
}

/** The longest time that a roll may take, in milliseconds. */
const rollMilliseconds = 30_000;

/**
 * Pulumi with the state of both stacks: `up` reads what the program would, asks the gate as the program and its hooks do, and writes
 * one object after the other.
 */
export class Backend {
  readonly #history: History;
  readonly #tell: (event: TimelineEvent) => void;
  readonly #isCalm: () => boolean;
  /** Who holds each stack. */
  readonly #locks = new Map<Track, Actor>();

  constructor(history: History, isCalm: () => boolean, tell: (event: TimelineEvent) => void) {
    this.#history = history;
    this.#isCalm = isCalm;
    this.#tell = tell;
  }

  /** @throws PulumiFailure */
  async up(args: UpArgs): Promise<void> {
    const { actor, track, signal } = args;
    const holder = this.#locks.get(track);
    // A lock that a dead process left is taken away.
    if (holder && !holder.dead) throw new PulumiFailure("locked", `Stack ${track} is locked by ${holder.name}.`);
    this.#locks.set(track, actor);
    try {
      await this.#run(args);
    } catch (error) {
      if (signal.aborted) {
        // It puts its state in order first.
        await sleep(actor.chance.whole(50, 300));
        throw new PulumiFailure("interrupted", `pulumi up --stack ${track} was interrupted.`);
      }
      if (error instanceof PulumiFailure) throw error;
      throw new PulumiFailure("failed", (error as Error).message);
    } finally {
      if (this.#locks.get(track) === actor) this.#locks.delete(track);
    }
  }

  async #run({ actor, api, track, epoch, signal }: UpArgs): Promise<void> {
    const { chance } = actor;
    await step(chance, signal);
    const record = await readRecord(webOf(api));
    if (record.kind !== "read" || record.record.open === undefined) throw new Error("no rollout is open");
    const { open } = record.record;
    if (open.epoch !== epoch) throw new Error(`the rollout of ${open.release} is driven by another driver`);
    const release = open.runs?.[track] ?? releases.a;
    const fails = !this.#isCalm() && chance.is(this.#history.failingUps);
    const failure = fails ? chance.whole(0, 2) : undefined;
    const changes =
      track === "stable"
        ? [() => this.#deploy(api, track, epoch, release, undefined)]
        : await this.#canary(api, epoch, release, open.weight ?? this.#history.ownWeight);
    for (const [i, change] of changes.entries()) {
      if (i === failure) this.#fail(actor, epoch);
      await step(chance, signal);
      await change();
      await this.#rolled(api, track, release, signal);
    }
    if (failure !== undefined) this.#fail(actor, epoch);
    if (track !== "stable") return;
    const now = await readRecord(webOf(api));
    if (stableReleases(now)[0] === release) return;
    await changeRecord(webOf(api), (before) => withStableHistory(before, release));
  }

  #fail(actor: Actor, epoch: number): never {
    const reason = "the provider had a bad moment";
    this.#tell({ kind: "failed up", by: actor.name, epoch, reason });
    throw new PulumiFailure("failed", reason);
  }

  /** Pods before users where more of them come, users before pods where fewer do. */
  async #canary(api: Cluster, epoch: number, release: string, weight: number): Promise<(() => Promise<void>)[]> {
    const routes = this.#history.traffic === "gateway" ? await readAllRoutes(webOf(api)) : [];
    const front = await api.get<{ spec: { selector: { track?: string } } }>(paths.front);
    const former = largestWeight(routes) ?? (front?.spec.selector.track === "stable" ? 0 : this.#history.ownWeight);
    const [stable, canary] = await Promise.all([
      readDeployment(webOf(api), "stable"),
      readDeployment(webOf(api), "canary"),
    ]);
    const replicas = canaryReplicas(
      this.#history,
      weight,
      stable?.spec.replicas ?? stableReplicas,
      canary?.spec.replicas,
    );
    const pods = () => this.#deploy(api, "canary", epoch, release, replicas);
    const users = () => this.#send(api, epoch, weight);
    return weight > 0 && weight >= former ? [pods, users] : [users, pods];
  }

  async #deploy(
    api: Cluster,
    track: Track,
    epoch: number,
    release: string,
    replicas: number | undefined,
  ): Promise<void> {
    const [record, live, canary] = await Promise.all([
      readRecord(webOf(api)),
      readDeployment(webOf(api), track),
      readDeployment(webOf(api), "canary"),
    ]);
    const admission = decideAdmission({
      ...{ service, namespace: "dora-apps", track, release, record, epoch, stableHasHistory: true },
      live: releaseOf(live),
      complete: live !== undefined && isComplete(live),
      ran: stableReleases(record).slice(0, 1),
      canary: runs(canary, release) ? "available" : "not-available",
    });
    if (!admission.admitted) throw new Error(admission.sentence);
    if (live && live.spec.replicas !== replicas && replicas !== undefined) this.#assertOurs(record, epoch);
    const operations: Operation[] = [
      { op: "replace", path: "/spec/template/metadata/labels/release", value: release },
      ...(replicas === undefined ? [] : [{ op: "replace", path: "/spec/replicas", value: replicas } as const]),
    ];
    await api.patch(paths.deployment(track), operations);
  }

  async #send(api: Cluster, epoch: number, weight: number): Promise<void> {
    this.#assertOurs(await readRecord(webOf(api)), epoch);
    await api.patch(paths.front, [{ op: "replace", path: "/spec/selector", value: selectorAt(weight) }]);
    if (this.#history.traffic !== "gateway") return;
    this.#assertOurs(await readRecord(webOf(api)), epoch);
    await api.patch(paths.route, [{ op: "replace", path: "/spec/rules", value: rulesAt(weight) }]);
  }

  #assertOurs(record: RecordReading, epoch: number): void {
    const held = frontHeld({ service, namespace: "dora-apps" }, record, { epoch, breakGlass: undefined });
    if (held !== undefined) throw new Error(held);
  }

  async #rolled(api: Cluster, track: Track, release: string, signal: AbortSignal): Promise<void> {
    const end = Date.now() + rollMilliseconds;
    for (;;) {
      const live = await readDeployment(webOf(api), track);
      if (live && (releaseOf(live) !== release || isComplete(live))) return;
      if (Date.now() > end) throw new Error(`Deployment of ${track} did not come to run ${release} in time`);
      await sleep(500, undefined, { signal });
    }
  }
}

async function step(chance: Chance, signal: AbortSignal): Promise<void> {
  await sleep(chance.whole(50, 400), undefined, { signal });
}
