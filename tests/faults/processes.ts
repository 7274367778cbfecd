import { type ChildProcess, spawn } from "node:child_process";
import { chmodSync, existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import type { IncomingMessage } from "node:http";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { changeRecord } from "../../record/record-store.ts";
import { byEvidence } from "../../record/verdict-merge.ts";
import { requestOf } from "../fake/api-server.ts";
import { direct } from "../fake/direct.ts";
import { stashOf } from "../fake/gray.ts";
import { chanceOf } from "./chance.ts";
import { reason } from "./driver.ts";
import type { Event, FaultEvent, TimelineEvent } from "./events.ts";
import { FaultyProxy } from "./faulty-proxy.ts";
import { type Decision, type History, releases } from "./history.ts";
import { rolloutOf } from "./person.ts";
import { cluster, namespace, paths, Site, service, sparesCut, webOf } from "./site.ts";
import { fateOf } from "./weather.ts";

/** What befalls a process of `gray`. */
const signals = ["SIGKILL", "SIGSTOP", "SIGTERM", "SIGHUP", "hung plugin", "closed stdout"] as const;
/** Milliseconds after which a history is over whatever it came to. */
const patience = 120_000;
const root = join(import.meta.dirname, "..", "..");

/** A process of `gray` that is still there. */
interface Running {
  readonly child: ChildProcess;
  readonly name: string;
  epoch: number | undefined;
  /** It was asked to end by a signal. Its exit code alone does not tell that from a rollout that holds. */
  isStopped?: boolean;
}

/** Lives through a history in real time: each driver and each decision is a process of `gray`, and so is Pulumi's stand-in. */
export async function playProcesses(history: History): Promise<readonly Event[]> {
  const play = await Play.begin(history);
  try {
    return await play.toTheEnd();
  } finally {
    await play.end();
  }
}

class Play {
  readonly #history: History;
  readonly #began = Date.now();
  readonly #events: Event[] = [];
  readonly #folder = mkdtempSync(join(tmpdir(), "gray-faults-"));
  readonly #running = new Map<string, Running>();
  readonly #timers = new Set<NodeJS.Timeout>();
  readonly #counts = new Map<string, number>();
  readonly #sent = new WeakMap<IncomingMessage, number>();
  #site!: Site;
  #proxy!: FaultyProxy;
  #processes = 0;
  #faults = 0;

  private constructor(history: History) {
    this.#history = history;
  }

  static async begin(history: History): Promise<Play> {
    const play = new Play(history);
    const time = { now: () => play.#now(), after: (ms: number, run: () => void) => play.#after(ms, run) };
    play.#site = await Site.start(history, time, (event) => play.#tell(event));
    play.#proxy = await FaultyProxy.start(play.#around());
    play.#writeFolder();
    await changeRecord(webOf(direct(play.#site.api)), (before) => ({
      ...before,
      epoch: 1,
      open: rolloutOf(history, releases.b, releases.a, "carol")(1, before),
    }));
    return play;
  }

  async toTheEnd(): Promise<readonly Event[]> {
    const { decisions, calm, evidence, seed } = this.#history;
    this.#gray("resume");
    for (const { at, decision } of decisions) if (decision !== "supersede") this.#after(at, () => this.#gray(decision));
    for (const { at, verdict } of evidence[releases.b] ?? []) this.#after(at, () => void this.#judge(verdict));
    const chance = chanceOf(seed, "signals");
    for (let i = chance.whole(1, 3); i > 0; i--) {
      const [fault, lasts] = [chance.pick(signals), chance.pick([1000, 5000, 18_000])];
      this.#after(chance.whole(1500, calm), () => this.#befallsDriver(fault, lasts));
    }
    await sleep(calm);
    for (let resumes = 0; this.#now() < patience && this.#isOpen(); ) {
      await sleep(200);
      if (this.#running.size > 0) continue;
      const last = this.#events.findLast((event) => event.kind === "driver" && event.is !== "driving");
      const holds = last?.kind === "driver" && last.end === "held";
      if (holds || resumes++ === 3) break;
      this.#gray("resume");
    }
    await sleep(500);
    return this.#events;
  }

  async end(): Promise<void> {
    for (const timer of this.#timers) clearTimeout(timer);
    for (const { child } of this.#running.values()) {
      child.kill("SIGCONT");
      child.kill("SIGKILL");
    }
    await this.#proxy.stop();
    await this.#site.stop();
    rmSync(this.#folder, { recursive: true, force: true });
  }

  #now(): number {
    return Date.now() - this.#began;
  }

  #after(milliseconds: number, run: () => void): void {
    const timer = setTimeout(() => {
      this.#timers.delete(timer);
      run();
    }, milliseconds);
    this.#timers.add(timer);
  }

  #tell(event: TimelineEvent): void {
    if (event.kind === "record") this.#takesOver(event.by, event.after?.open?.epoch, event.before?.open?.epoch);
    this.#events.push({ at: this.#now(), ...event } as Event);
  }

  /** Who raises the epoch drives from there on. */
  #takesOver(by: string, after: number | undefined, before: number | undefined): void {
    const running = this.#running.get(by);
    if (running === undefined || after === undefined || after === before) return;
    running.epoch = after;
    this.#events.push({ at: this.#now(), kind: "driver", by, is: "driving", epoch: after });
    this.#events.push({ at: this.#now(), kind: "looks", by, release: releases.b });
  }

  #isOpen(): boolean {
    return JSON.parse(this.#site.api.objects.get(paths.record)?.data.record).open !== undefined;
  }

  /** Requests begin with the name of who sends them, as the server's address in its kubeconfig does. */
  #around() {
    const who = ({ url = "" }: IncomingMessage) => {
      const [, by = "", epoch] = /^\/as\/([^/]+?)(?:\.(\d+))?\//.exec(url) ?? [];
      return { by, epoch: epoch === undefined ? this.#running.get(by)?.epoch : Number(epoch) };
    };
    const ownPath = ({ url = "" }: IncomingMessage) => url.replace(/^\/as\/[^/]+/, "");
    return {
      fate: (request: IncomingMessage) => {
        const { by } = who(request);
        const [path = ""] = ownPath(request).split("?");
        const method = request.method ?? "GET";
        const key = `${by} ${method} ${path}`;
        const nth = (this.#counts.get(key) ?? 0) + 1;
        this.#counts.set(key, nth);
        this.#sent.set(request, this.#now());
        const { seed, storms } = this.#history;
        return fateOf(seed, storms, { by, method, path, nth, at: this.#now() });
      },
      ask: async (request: IncomingMessage, body: Buffer) => {
        const from = { ...who(request), sent: this.#sent.get(request) ?? 0 };
        const own = Object.assign(Object.create(request), { url: ownPath(request) });
        const answer = this.#site.serve(requestOf(own, body.toString()), from);
        if ("stream" in answer) throw new Error("the site has no streams");
        const { status, body: said } = answer;
        const isText = typeof said === "string";
        const headers = { "content-type": isText ? "text/plain" : "application/json" };
        return { status, headers, body: isText ? said : JSON.stringify(said) };
      },
      wait: async (_: IncomingMessage, milliseconds: number) => {
        if (milliseconds === Number.POSITIVE_INFINITY) return;
        await sleep(milliseconds);
      },
      befalls: (request: IncomingMessage, fault: FaultEvent["fault"]) => {
        const { by, epoch } = who(request);
        return this.#fault(by, epoch, fault, sparesCut(by, ownPath(request)));
      },
      answered: () => {},
    };
  }

  /** What a process of `gray` finds: a project, a `pulumi`, a credential plugin. */
  #writeFolder(): void {
    const script = (name: string, ...lines: string[]) => {
      writeFileSync(join(this.#folder, name), ["#!/bin/sh", ...lines, ""].join("\n"));
      chmodSync(join(this.#folder, name), 0o755);
    };
    const resources = [stashOf(service, { namespace, cluster })];
    writeFileSync(join(this.#folder, "Pulumi.yaml"), "name: gray-release\nruntime: nodejs\n");
    writeFileSync(join(this.#folder, "stack.json"), JSON.stringify({ version: 3, deployment: { resources } }));
    script(
      "pulumi",
      `here=${this.#folder}`,
      'case "$1" in',
      'stack) cat "$here/stack.json";;',
      `up) exec "${process.execPath}" "${join(import.meta.dirname, "pulumi-stand-in.ts")}" "$@";;`,
      "esac",
    );
    script(
      "plugin",
      // As long as the fault lasts: one that hung on would take its 30 s, in which its driver can do nothing.
      `while [ -e "${this.#folder}/hangs-$1" ]; do sleep 0.1; done`,
      "end=$(date -u -d '+12 seconds' +%Y-%m-%dT%H:%M:%SZ)",
      'printf \'{"kind":"ExecCredential","apiVersion":"client.authentication.k8s.io/v1","status":{"token":"t","expirationTimestamp":"%s"}}\' "$end"',
    );
  }

  #kubeconfig(name: string): string {
    const path = join(this.#folder, `kubeconfig-${name}`);
    const exec = {
      apiVersion: "client.authentication.k8s.io/v1",
      command: join(this.#folder, "plugin"),
      args: [name],
      interactiveMode: "Never",
    };
    const config = {
      ...{ apiVersion: "v1", kind: "Config", "current-context": "fake" },
      clusters: [{ name: "fake", cluster: { server: `${this.#proxy.url}/as/${name}` } }],
      users: [{ name: "fake", user: { exec } }],
      contexts: [{ name: "fake", context: { cluster: "fake", user: "fake" } }],
    };
    writeFileSync(path, JSON.stringify(config));
    return path;
  }

  #gray(decision: Exclude<Decision, "supersede">): void {
    const name = `driver-${++this.#processes}`;
    const why = `${name} says so`;
    const drives = decision !== "pause" && decision !== "approve";
    const args = [
      decision,
      ...(decision === "approve" ? [releases.b] : []),
      ...(decision === "resume" ? [] : ["--reason", why]),
      ...(drives ? ["--via", "pods"] : []),
      "--json",
    ];
    const { GRAY_WEBHOOK: _, ...env } = process.env;
    const child = spawn(process.execPath, [join(root, "cli", "gray.ts"), ...args], {
      cwd: this.#folder,
      env: {
        ...env,
        KUBECONFIG: this.#kubeconfig(name),
        PATH: `${this.#folder}${delimiter}${process.env.PATH}`,
        GRAY_FAULTS_SEED: String(this.#history.seed),
        GRAY_FAULTS_CALM: String(this.#began + this.#history.calm),
        NODE_COMPILE_CACHE: join(root, "node_modules/.cache/compiled"),
      },
      stdio: ["ignore", "pipe", "pipe"],
    });
    const running: Running = { child, name, epoch: undefined };
    this.#running.set(name, running);
    if (decision !== "resume" || this.#now() > 0) {
      this.#tell({ kind: "decision", by: name, decision, is: "asked", reason: why });
    }
    let said = "";
    let complained = "";
    child.stdout?.setEncoding("utf8").on("data", (text) => {
      said += text;
    });
    child.stderr?.setEncoding("utf8").on("data", (text) => {
      complained += text;
    });
    child.once("close", (code, signal) => {
      this.#running.delete(name);
      if (signal === "SIGKILL") return;
      const lines = said.split("\n").flatMap((line) => (line.startsWith("{") ? [JSON.parse(line)] : []));
      const end = lines.findLast(({ kind }) => kind === "end");
      const reason = lines.findLast(({ kind }) => kind === "hold")?.reason?.replace(/^[^:]+: holding: /, "");
      if (!drives && code === 0) this.#tell({ kind: "decision", by: name, decision, is: "acknowledged", reason: why });
      const how = lines.some(({ kind }) => kind === "driven")
        ? "driven"
        : (end?.end ?? (running.isStopped && code === 4 ? "stopped" : endOf(code, complained)));
      const open = JSON.parse(this.#site.api.objects.get(paths.record)?.data.record).open;
      const held = open?.paused?.reason ?? open?.stoppedReason?.reason ?? reason;
      const why2 = how === "held" ? heldReason(open, held) : (end?.reason ?? complained.trim().split("\n").at(-1));
      this.#tell({ kind: "driver", by: name, is: "ended", end: how, reason: why2 ?? `${code ?? signal}` });
    });
  }

  async #judge(verdict: "good" | "bad" | "undecided"): Promise<void> {
    if (verdict === "undecided") return;
    this.#tell({ kind: "evidence", release: releases.b, verdict });
    const at = new Date().toISOString();
    await changeRecord(webOf(direct(this.#site.api)), (before) => {
      const known = before.verdicts[releases.b];
      if (before.open === undefined || (verdict === "good" && known !== undefined)) return before;
      const one = { verdict, by: byEvidence, reason: reason(verdict), at };
      return { ...before, verdicts: { ...before.verdicts, [releases.b]: one } };
    });
  }

  #befallsDriver(fault: (typeof signals)[number], lasts: number): void {
    const driving = [...this.#running.values()].filter(({ epoch }) => epoch !== undefined);
    const latest = driving.toSorted((one, two) => (two.epoch ?? 0) - (one.epoch ?? 0))[0];
    if (latest === undefined) {
      // It comes as soon as somebody drives.
      if (this.#now() < patience / 2) this.#after(100 + lasts / 10, () => this.#befallsDriver(fault, lasts));
      return;
    }
    const { child, name: by, epoch } = latest;
    const done = this.#fault(by, epoch, fault, false);
    if (fault === "hung plugin") {
      const file = join(this.#folder, `hangs-${by}`);
      writeFileSync(file, "");
      this.#after(lasts, () => {
        if (existsSync(file)) rmSync(file);
        done();
      });
    } else if (fault === "closed stdout") {
      child.stdout?.destroy();
      done();
    } else if (fault === "SIGSTOP") {
      child.kill("SIGSTOP");
      this.#tell({ kind: "driver", by, is: "stopped" });
      this.#after(lasts, () => {
        child.kill("SIGCONT");
        done();
        if (this.#running.has(by)) this.#tell({ kind: "driver", by, is: "going on" });
      });
    } else {
      if (fault === "SIGKILL") this.#tell({ kind: "driver", by, is: "killed" });
      else latest.isStopped = true;
      child.kill(fault);
      done();
    }
  }

  #fault(by: string, epoch: number | undefined, fault: FaultEvent["fault"], spares: boolean): () => void {
    const about = { kind: "fault", by, epoch, fault, id: String(++this.#faults), sparesCut: spares } as const;
    this.#tell({ ...about, is: "on" });
    let isOver = false;
    return () => {
      if (!isOver) this.#tell({ ...about, is: "over" });
      isOver = true;
    };
  }
}

/** What a process came to that did not say so: its standard output may have been closed. */
function endOf(code: number | null, complained: string): string {
  if (/Another driver has taken over|has ended: run gray history/.test(complained)) return "superseded";
  if (/drives the rollout/.test(complained)) return "driven";
  return { 0: "promoted", 3: "undone", 4: "held" }[code ?? 1] ?? "error";
}

function heldReason(open: { paused?: { by: string } } | undefined, reason: string | undefined): string | undefined {
  return open?.paused ? `${open.paused.by} paused it: ${reason}` : reason;
}
