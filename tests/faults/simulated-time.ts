import { AsyncLocalStorage } from "node:async_hooks";
import http from "node:http";
import { syncBuiltinESMExports } from "node:module";
import os from "node:os";
import timers, { setImmediate as turn } from "node:timers/promises";
import type { Chance } from "./chance.ts";

/** A process in simulated time. What it began belongs to it: timers, requests, chance. */
export interface Actor {
  readonly name: string;
  /** How far its machine's time of day is off, in milliseconds. */
  readonly skew: number;
  readonly chance: Chance;
  /** Until when it is stopped, in simulated milliseconds. */
  stoppedUntil: number;
  /** Nothing of it happens any more. */
  dead: boolean;
  /** Which driver's effects are its own. */
  epoch?: number;
}

interface Timer {
  due: number;
  readonly order: number;
  readonly owner: Actor | undefined;
  readonly run: () => void;
}

/** Turns of the event loop without anything under way, after which nothing more happens by itself. */
const quietTurns = 3;
/** The same where whole answers are there that nobody has read: nobody wants them. */
const unreadTurns = 25;
const header = "x-simulated";

/**
 * Time that goes on when nothing is left to be done, for code that asks Node for it: timers, the time of day, time limits of signals
 * and the machine's uptime. Code that runs in no actor has the real time, HTTP servers and the test runner among it.
 *
 * A request that an actor has sent is under way until its answer is read, and time stands still, except while it is held: then it is
 * the network that lets it wait.
 */
export class SimulatedTime {
  /** Milliseconds since the beginning. */
  now = 0;
  readonly #began: number;
  readonly #actors = new AsyncLocalStorage<Actor>();
  #timers: Timer[] = [];
  #order = 0;
  /** Requests whose answers were not read yet. */
  readonly #underWay = new Map<string, "moves" | "held" | "answered">();
  #requests = 0;
  /** Grows with everything that happens. */
  #activity = 0;
  readonly #restore: (() => void)[] = [];

  /** @param began the time of day at the beginning, in milliseconds since the epoch */
  constructor(began: number) {
    this.#began = began;
    this.#install();
  }

  /** Runs something as a process. */
  as<T>(actor: Actor, run: () => T): T {
    return this.#actors.run(actor, run);
  }

  /** Who runs this very code. */
  get running(): Actor | undefined {
    return this.#actors.getStore();
  }

  /** After some time, also if the actor is stopped or dead. */
  after(milliseconds: number, run: () => void): void {
    this.#add(milliseconds, undefined, () => this.#actors.exit(run));
  }

  sleep(milliseconds: number): Promise<void> {
    return new Promise((woken) => this.after(milliseconds, woken));
  }

  /** Who has sent a request, and under which number it is under way. */
  sender(headers: http.IncomingHttpHeaders): { readonly actor: string; readonly id: string; readonly epoch?: number } {
    const [actor = "nobody", id = "", epoch] = String(headers[header] ?? "").split("/");
    return { actor, id, ...(epoch !== undefined && epoch !== "" && { epoch: Number(epoch) }) };
  }

  /** The network lets a request wait, or lets it go on, or has brought all of its answer. */
  on(id: string, is: "held" | "moves" | "answered"): void {
    if (this.#underWay.has(id)) this.#underWay.set(id, is);
    this.#activity++;
  }

  /** Goes on until something holds. @throws Error if it does not within a time */
  async until(holds: () => boolean, milliseconds: number): Promise<boolean> {
    const end = this.now + milliseconds;
    for (;;) {
      await this.#settled();
      if (holds()) return true;
      const next = this.#timers.reduce<Timer | undefined>(earlier, undefined);
      if (next === undefined || next.due > end) {
        this.now = Math.max(this.now, end);
        return holds();
      }
      this.#timers = this.#timers.filter((timer) => timer !== next);
      this.now = Math.max(this.now, next.due);
      const { owner } = next;
      if (owner?.dead) continue;
      if (owner && owner.stoppedUntil > this.now) {
        this.#timers.push({ ...next, due: owner.stoppedUntil });
        continue;
      }
      next.run();
    }
  }

  end(): void {
    for (const restore of this.#restore.reverse()) restore();
    syncBuiltinESMExports();
  }

  /** Until nothing more happens without time going on. */
  async #settled(): Promise<void> {
    let seen = -1;
    for (let quiet = 0, enough = quietTurns; quiet < enough; ) {
      await turn();
      const all = [...this.#underWay.values()];
      enough = all.includes("answered") ? unreadTurns : quietTurns;
      const isQuiet = !all.includes("moves") && seen === this.#activity && !usesFiles();
      quiet = isQuiet ? quiet + 1 : 0;
      seen = this.#activity;
    }
  }

  #add(milliseconds: number, owner: Actor | undefined, run: () => void): Timer {
    const timer = { due: this.now + Math.max(0, milliseconds), order: this.#order++, owner, run };
    this.#timers.push(timer);
    this.#activity++;
    return timer;
  }

  #drop(timer: Timer | undefined): void {
    this.#timers = this.#timers.filter((each) => each.order !== timer?.order);
  }

  #install(): void {
    this.#installTimers();
    this.#installClocks();
    const { request } = http;
    const start = (...args: unknown[]): http.ClientRequest => {
      const actor = this.running;
      // biome-ignore lint/suspicious/noExplicitAny: one of the many forms of http.request, the one of send.ts
      if (actor === undefined) return (request as any)(...args);
      const id = String(++this.#requests);
      const [url, options, answered] = args as [URL, http.RequestOptions, () => void];
      const headers = { ...(options.headers as object), [header]: `${actor.name}/${id}/${actor.epoch ?? ""}` };
      this.#underWay.set(id, "moves");
      const sent = request(url, { ...options, headers }, answered);
      sent.once("close", () => {
        this.#underWay.delete(id);
        this.#activity++;
      });
      return sent;
    };
    http.request = start as typeof http.request;
    this.#restore.push(() => {
      http.request = request;
    });
    syncBuiltinESMExports();
  }

  #installTimers(): void {
    const { setTimeout: slept } = timers;
    const real = { setTimeout, clearTimeout, setInterval, clearInterval, timeout: AbortSignal.timeout };
    const own = new WeakSet<object>();
    const handleOf = (add: () => Timer) => {
      let timer = add();
      const handle = {
        timer: () => timer,
        again: () => {
          timer = add();
        },
        stopped: false,
        ref: () => handle,
        unref: () => handle,
        hasRef: () => true,
        refresh: () => {
          this.#drop(timer);
          timer = add();
          return handle;
        },
      };
      own.add(handle);
      return handle;
    };
    const begin = (
      actor: Actor,
      repeats: boolean,
      run: (...args: unknown[]) => void,
      milliseconds = 0,
      ...args: unknown[]
    ) => {
      const handle = handleOf(() =>
        this.#add(milliseconds, actor, () =>
          this.#actors.run(actor, () => {
            if (repeats && !handle.stopped) handle.again();
            run(...args);
          }),
        ),
      );
      return handle;
    };
    const end = (handle: unknown) => {
      if (typeof handle !== "object" || handle === null || !own.has(handle)) return false;
      const ours = handle as ReturnType<typeof begin>;
      ours.stopped = true;
      this.#drop(ours.timer());
      return true;
    };
    type Begin = typeof setTimeout;
    type End = typeof clearTimeout;
    const patch = (repeats: boolean, start: Begin): Begin =>
      ((run: () => void, milliseconds?: number, ...args: unknown[]) => {
        const actor = this.running;
        return actor ? begin(actor, repeats, run, milliseconds, ...args) : start(run, milliseconds, ...(args as []));
      }) as unknown as Begin;
    const unpatch = (stop: End): End =>
      ((handle: Parameters<End>[0]) => {
        if (!end(handle)) stop(handle);
      }) as End;
    globalThis.setTimeout = patch(false, real.setTimeout);
    globalThis.setInterval = patch(true, real.setInterval as Begin) as unknown as typeof setInterval;
    globalThis.clearTimeout = unpatch(real.clearTimeout);
    globalThis.clearInterval = unpatch(real.clearInterval as End);
    timers.setTimeout = ((milliseconds: number, value: unknown, options: { signal?: AbortSignal } = {}) => {
      const actor = this.running;
      if (actor === undefined) return slept(milliseconds, value, options);
      const { signal } = options;
      return new Promise((woken, failed) => {
        if (signal?.aborted) return failed(aborted(signal));
        const timer = this.#add(milliseconds, actor, () => {
          signal?.removeEventListener("abort", ended);
          this.#actors.run(actor, () => woken(value as never));
        });
        const ended = () => {
          this.#drop(timer);
          failed(aborted(signal));
        };
        signal?.addEventListener("abort", ended, { once: true });
      });
    }) as typeof timers.setTimeout;
    AbortSignal.timeout = (milliseconds) => {
      const actor = this.running;
      if (actor === undefined) return real.timeout(milliseconds);
      const over = new AbortController();
      const reason = new DOMException("The operation was aborted due to timeout", "TimeoutError");
      this.#add(milliseconds, actor, () => this.#actors.run(actor, () => over.abort(reason)));
      return over.signal;
    };
    this.#restore.push(() => {
      Object.assign(globalThis, {
        setTimeout: real.setTimeout,
        clearTimeout: real.clearTimeout,
        setInterval: real.setInterval,
        clearInterval: real.clearInterval,
      });
      AbortSignal.timeout = real.timeout;
      timers.setTimeout = slept;
    });
  }

  #installClocks(): void {
    const { Date: RealDate } = globalThis;
    const { random } = Math;
    const { uptime } = os;
    const today = () => this.#began + this.now + (this.running?.skew ?? 0);
    const isReal = () => this.running === undefined;
    class SimulatedDate extends RealDate {
      constructor(...args: [] | [number | string | Date]) {
        super(...((args.length === 0 && !isReal() ? [today()] : args) as [number]));
      }
      static override now(): number {
        return isReal() ? RealDate.now() : today();
      }
    }
    globalThis.Date = SimulatedDate as DateConstructor;
    Math.random = () => this.running?.chance.share() ?? random();
    os.uptime = () => (isReal() ? uptime() : 1000 + this.now / 1000);
    this.#restore.push(() => {
      globalThis.Date = RealDate;
      Math.random = random;
      os.uptime = uptime;
    });
  }
}

/** Files are read and written by threads, which no turn waits for. */
/** Whether a file is read, written or closed right now. Closing one has a name of its own. */
function usesFiles(): boolean {
  return process.getActiveResourcesInfo().some((resource) => resource.startsWith("FSReq") || resource === "CloseReq");
}

function earlier(first: Timer | undefined, timer: Timer): Timer {
  if (first === undefined || timer.due < first.due) return timer;
  return timer.due === first.due && timer.order < first.order ? timer : first;
}

function aborted(signal: AbortSignal | undefined): Error {
  return Object.assign(new DOMException("The operation was aborted", "AbortError"), { cause: signal?.reason });
}
