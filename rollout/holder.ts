import { randomUUID } from "node:crypto";
import { readFileSync, readlinkSync } from "node:fs";
import { hostname } from "node:os";

/** A process that drives a rollout, told apart from every other one, of all machines and all times. */
export interface Holder {
  /** The machine's name, for people. */
  readonly host: string;
  readonly pid: number;
  /** When it started, in clock ticks since the machine did (/proc/<pid>/stat, field 22), because pids are used again. */
  readonly started: string;
  /** Where its pid means anything: one boot of one machine, and there one pid namespace, as containers have their own. */
  readonly machine: string;
}

let own: Holder | undefined;

/** This process, which stays what it is for as long as it lives. */
export function thisProcess(): Holder {
  const { pid } = process;
  own ??= { host: hostname(), pid, started: readStat(pid)?.started ?? "0", machine: readMachine() };
  return own;
}

/**
 * Whether a process is known to be gone.
 *
 * 1. One of another machine may be alive: nobody can tell from here. This one is.
 * 2. It is gone where no process has its pid, or the one that has it started at another time.
 * 3. It is gone where it has ended and only its parent has not looked yet (a zombie).
 */
export function isGone({ pid, started, machine }: Holder): boolean {
  const here = thisProcess();
  if (machine !== here.machine || (pid === here.pid && started === here.started)) return false;
  if (!exists(pid)) return true;
  const stat = readStat(pid);
  return stat !== undefined && (stat.started !== started || stat.state === "Z");
}

/** A holder for people, at the beginning of a sentence. */
export function showHolder({ host, pid }: Holder): string {
  return `Process ${pid} on ${host}`;
}

/** Without /proc nobody can tell from where something is written; so whoever has this pid stays alive. */
function readMachine(): string {
  try {
    const boot = readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim();
    return `${boot}.${readlinkSync("/proc/self/ns/pid").replace(/\D/g, "")}`;
  } catch {
    return randomUUID();
  }
}

/** Asked of the kernel itself: /proc may be mounted so that it hides other people's processes. */
function exists(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code !== "ESRCH";
  }
}

/** What follows the name in /proc/<pid>/stat; the name is in brackets and may itself hold any character. */
function readStat(pid: number): { state: string; started: string } | undefined {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, "utf8");
    const fields = text.slice(text.lastIndexOf(")") + 2).split(" ");
    const [state, started] = [fields[0], fields[19]];
    return state === undefined || started === undefined ? undefined : { state, started };
  } catch {
    return undefined;
  }
}
