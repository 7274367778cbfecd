import { mkdtempSync, rmSync } from "node:fs";
import type { IncomingMessage } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Track } from "../../components/traffic.ts";
import { Unreachable } from "../../kubernetes/api-error.ts";
import { connect } from "../../kubernetes/client.ts";
import type { Cluster } from "../../kubernetes/cluster.ts";
import { findAccess } from "../../kubernetes/kubeconfig.ts";
import { requestOf } from "../fake/api-server.ts";
import { Backend } from "./backend.ts";
import { chanceOf } from "./chance.ts";
import { begin, type Process } from "./driver.ts";
import type { Event, FaultEvent, TimelineEvent } from "./events.ts";
import { type Around, FaultyProxy } from "./faulty-proxy.ts";
import { type History, type ProcessFault, releases } from "./history.ts";
import { decide, rolloutOf } from "./person.ts";
import { type Actor, SimulatedTime } from "./simulated-time.ts";
import { paths, Site, sparesCut } from "./site.ts";
import { fateOf } from "./weather.ts";

/** Milliseconds after which a history is over whatever it came to. */
const patience = 900_000;
/** Milliseconds for which a driver that only waits for a person is looked at. */
const holding = 20_000;
/** Milliseconds after which a credential plugin that hangs is given up; the product's own limit is for real plugins. */
const pluginPatience = 30_000;

/** A process of a history that is still there. */
interface Running {
  readonly process: Process;
  readonly children: Set<{ readonly actor: Actor; readonly over: AbortController }>;
  readonly over: AbortController;
  pluginHangsUntil: number;
}

/** Lives through a history in simulated time. @returns everything that could be seen from outside, in order */
export async function play(history: History): Promise<readonly Event[]> {
  const time = new SimulatedTime(Date.UTC(2026, 0, 1));
  const events: Event[] = [];
  const tell = (event: TimelineEvent) => void events.push({ at: time.now, ...event } as Event);
  const site = await Site.start(history, { now: () => time.now, after: (ms, run) => time.after(ms, run) }, tell);
  const folder = mkdtempSync(join(tmpdir(), "gray-faults-"));
  const stage = new Stage(history, time, site, folder, tell);
  const proxy = await FaultyProxy.start(stage);
  const { warn } = console;
  console.warn = () => {};
  try {
    stage.enter(proxy.url);
    await stage.toTheEnd();
    return events;
  } finally {
    stage.end();
    time.end();
    console.warn = warn;
    await proxy.stop();
    await site.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Where processes run, and what lies between them and the API server. */
class Stage {
  readonly #history: History;
  readonly #time: SimulatedTime;
  readonly #site: Site;
  readonly #folder: string;
  readonly #tell: (event: TimelineEvent) => void;
  readonly #backend: Backend;
  readonly #running = new Map<string, Running>();
  readonly #actors = new Map<string, Actor>();
  /** How often each request was sent. */
  readonly #counts = new Map<string, number>();
  readonly #sent = new WeakMap<IncomingMessage, number>();
  #faults = 0;
  /** Since when the latest driver to say something waits for a person. */
  #holdsSince: number | undefined;
  #url = "";

  constructor(history: History, time: SimulatedTime, site: Site, folder: string, tell: (event: TimelineEvent) => void) {
    this.#history = history;
    this.#time = time;
    this.#site = site;
    this.#folder = folder;
    this.#tell = tell;
    this.#backend = new Backend(history, () => time.now >= history.calm, tell);
  }

  readonly fate = (request: IncomingMessage) => {
    const { actor: by } = this.#time.sender(request.headers);
    const path = (request.url ?? "/").split("?")[0] ?? "/";
    const method = request.method ?? "GET";
    const key = `${by} ${method} ${path}`;
    const nth = (this.#counts.get(key) ?? 0) + 1;
    this.#counts.set(key, nth);
    this.#sent.set(request, this.#time.now);
    return fateOf(this.#history.seed, this.#history.storms, { by, method, path, nth, at: this.#time.now });
  };

  readonly ask = async (request: IncomingMessage, body: Buffer) => {
    const { actor: by, epoch } = this.#time.sender(request.headers);
    const answer = this.#site.serve(requestOf(request, body.toString()), {
      by,
      epoch,
      sent: this.#sent.get(request) ?? 0,
    });
    if ("stream" in answer) throw new Error("the site has no streams");
    const { status, body: said } = answer;
    const isText = typeof said === "string";
    const headers = { "content-type": isText ? "text/plain" : "application/json" };
    return { status, headers, body: isText ? said : JSON.stringify(said) };
  };

  readonly wait = async (request: IncomingMessage, milliseconds: number): Promise<void> => {
    const { actor: name, id } = this.#time.sender(request.headers);
    const actor = this.#actors.get(name);
    if (milliseconds > 0) {
      this.#time.on(id, "held");
      if (milliseconds === Number.POSITIVE_INFINITY) return;
      await this.#time.sleep(milliseconds);
    }
    // Nobody is there to take the answer.
    while (actor && (actor.dead || actor.stoppedUntil > this.#time.now)) {
      this.#time.on(id, "held");
      if (actor.dead) await new Promise(() => {});
      await this.#time.sleep(actor.stoppedUntil - this.#time.now);
    }
    this.#time.on(id, "moves");
  };

  readonly answered = (request: IncomingMessage) => this.#time.on(this.#time.sender(request.headers).id, "answered");

  readonly befalls = (request: IncomingMessage, fault: Parameters<Around["befalls"]>[1]) => {
    const { actor: by, epoch } = this.#time.sender(request.headers);
    return this.#fault(by, epoch, fault, sparesCut(by, request.url ?? ""));
  };

  /** Begins the rollout, and has everything else come in its time. */
  enter(url: string): void {
    this.#url = url;
    const { decisions, scales, processFaults, evidence, leavesHolding } = this.#history;
    const rollout = rolloutOf(this.#history, releases.b, releases.a, "carol");
    this.#start("driver", leavesHolding, (process) => begin(process, rollout, false));
    for (const { at, decision, by } of decisions) {
      this.#time.after(at, () => this.#start("driver", true, (process) => decide(process, decision, by)));
    }
    for (const { at, replicas } of scales) this.#time.after(at, () => this.#site.scale(replicas));
    for (const { at, fault, lasts } of processFaults) this.#time.after(at, () => this.#befallsDriver(fault, lasts));
    for (const [release, all] of Object.entries(evidence)) {
      for (const { at, verdict } of all) this.#time.after(at, () => this.#tell({ kind: "evidence", release, verdict }));
    }
  }

  /** Until the rollout is over or holds; who finds it without a driver goes on with it, once all is calm. */
  async toTheEnd(): Promise<void> {
    await this.#time.until(() => false, this.#history.calm);
    const isOver = () => this.#running.size === 0;
    for (let resumes = 0; this.#time.now < patience; ) {
      await this.#time.until(isOver, 5000);
      if (this.#running.size > 0 && !this.#holdsForLong()) continue;
      if (!this.#isOpen() || resumes++ === 2) break;
      this.#start("driver", true, (process) => decide(process, "resume", "carol"));
    }
    // What is left under way may still do harm.
    await this.#time.until(() => false, 3000);
  }

  end(): void {
    for (const actor of this.#actors.values()) actor.dead = true;
  }

  /** Whether all that is there is a driver that waits for a person. */
  #holdsForLong(): boolean {
    return this.#running.size === 1 && this.#time.now - (this.#holdsSince ?? this.#time.now) > holding;
  }

  #isOpen(): boolean {
    const text = this.#site.api.objects.get(paths.record)?.data.record;
    return text !== undefined && JSON.parse(text).open !== undefined;
  }

  #actor(name: string, skew: number): Actor {
    const chance = chanceOf(this.#history.seed, name);
    const actor: Actor = { name, skew, chance, stoppedUntil: 0, dead: false };
    this.#actors.set(name, actor);
    return actor;
  }

  #start(kind: string, leavesHolding: boolean, run: (process: Process) => Promise<void>): void {
    const number = this.#actors.size + 1;
    const actor = this.#actor(`${kind}-${number}`, this.#history.skews[number % 40] ?? 0);
    const over = new AbortController();
    const children: Running["children"] = new Set();
    const process: Process = {
      actor,
      api: this.#client(actor),
      history: this.#history,
      now: () => this.#time.now,
      tell: (event) => {
        if (actor.dead) return;
        if (event.kind === "driver") this.#holdsSince = undefined;
        if (event.kind === "holds") this.#holdsSince = event.reason === undefined ? undefined : this.#time.now;
        this.#tell(event);
      },
      up: (track, epoch, signal) => this.#up(actor, children, track, epoch, signal),
      folder: this.#folder,
      leavesHolding,
      stopping: over.signal,
    };
    this.#running.set(actor.name, { process, children, over, pluginHangsUntil: 0 });
    void this.#time.as(actor, () => run(process)).then(() => this.#running.delete(actor.name));
  }

  #client(actor: Actor): Cluster {
    const kubeconfig = this.#site.api.kubeconfig.replace(this.#site.api.url, this.#url);
    const access = findAccess({ kubeconfig });
    return connect({ ...access, credentials: (signal) => this.#plugin(actor, access.credentials, signal) });
  }

  /** A credential plugin, which may hang. */
  async #plugin(actor: Actor, credentials: ReturnType<typeof findAccess>["credentials"], signal?: AbortSignal) {
    const until = this.#running.get(actor.name)?.pluginHangsUntil ?? 0;
    if (until > this.#time.now) {
      signal?.throwIfAborted();
      const limit = AbortSignal.timeout(Math.min(until - this.#time.now, pluginPatience));
      const ended = signal ? AbortSignal.any([signal, limit]) : limit;
      await new Promise<void>((woken) => ended.addEventListener("abort", () => woken(), { once: true }));
      signal?.throwIfAborted();
      if (until > this.#time.now) throw new Unreachable("The credential plugin gave no answer.");
    }
    return credentials(signal);
  }

  async #up(
    driver: Actor,
    children: Running["children"],
    track: Track,
    epoch: number,
    signal: AbortSignal,
  ): Promise<void> {
    const actor = this.#actor(`pulumi-${this.#actors.size + 1}`, driver.skew);
    actor.epoch = epoch;
    const over = new AbortController();
    const child = { actor, over };
    children.add(child);
    const end = () => over.abort();
    signal.addEventListener("abort", end, { once: true });
    if (signal.aborted) end();
    const run = this.#time.as(actor, () =>
      this.#backend.up({ actor, api: this.#client(actor), track, epoch, signal: over.signal }),
    );
    try {
      return await run;
    } finally {
      actor.dead = true;
      children.delete(child);
      signal.removeEventListener("abort", end);
      await this.#runs(driver);
    }
  }

  /** As soon as a process is not stopped; never where it is dead. */
  async #runs(actor: Actor): Promise<void> {
    while (actor.dead || actor.stoppedUntil > this.#time.now) {
      if (actor.dead) await new Promise(() => {});
      await this.#time.sleep(actor.stoppedUntil - this.#time.now);
    }
  }

  #befallsDriver(fault: ProcessFault, lasts: number): void {
    const driving = [...this.#running.values()].filter(({ process: { actor } }) => actor.epoch !== undefined);
    const latest = driving.toSorted((one, two) => (two.process.actor.epoch ?? 0) - (one.process.actor.epoch ?? 0))[0];
    if (latest === undefined) return;
    const { process, children, over } = latest;
    const { actor } = process;
    const by = actor.name;
    const done = this.#fault(by, actor.epoch, fault, false);
    if (fault === "SIGTERM") {
      this.#time.as(actor, () => over.abort());
      done();
      return;
    }
    if (fault === "hung plugin") {
      latest.pluginHangsUntil = this.#time.now + lasts;
      this.#time.after(lasts, done);
      return;
    }
    if (fault === "SIGSTOP") {
      actor.stoppedUntil = this.#time.now + lasts;
      this.#tell({ kind: "driver", by, is: "stopped" });
      this.#time.after(lasts, () => {
        done();
        if (!actor.dead) this.#tell({ kind: "driver", by, is: "going on" });
      });
      return;
    }
    this.#tell({ kind: "driver", by, is: "killed" });
    actor.dead = true;
    this.#running.delete(by);
    done();
    // Its guard ends what it had started.
    for (const child of children) {
      this.#time.after(100, () => this.#time.as(child.actor, () => child.over.abort()));
    }
  }

  #fault(by: string, epoch: number | undefined, fault: FaultEvent["fault"], sparesCut: boolean): () => void {
    const about = { kind: "fault", by, epoch, fault, id: String(++this.#faults), sparesCut } as const;
    this.#tell({ ...about, is: "on" });
    let isOver = false;
    return () => {
      if (!isOver) this.#tell({ ...about, is: "over" });
      isOver = true;
    };
  }
}
