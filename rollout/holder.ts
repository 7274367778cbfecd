/** Identifies the process that drives a rollout, and finds out whether it has ended. */
import { randomUUID } from "node:crypto";
import { readFileSync, readlinkSync } from "node:fs";
import { hostname } from "node:os";

/** A process that drives a rollout; unique across machines and time. */
export interface Holder {
  /** The machine's name, for people. */
  readonly host: string;
  readonly pid: number;
  /**
   * When it started, in clock ticks since the machine booted (/proc/<pid>/stat, field 22), because pids are used again.
   */
  readonly started: string;
  /** The scope of its pid: one boot of one machine, and one pid namespace in it, because each container has its own. */
  readonly machine: string;
}

let own: Holder | undefined;

/** This process. The value never changes. */
export function thisProcess(): Holder {
  const { pid } = process;
  own ??= { host: hostname(), pid, started: readStat(pid)?.started ?? "0", machine: readMachine() };
  return own;
}

/**
 * Whether a process is known to have ended.
 *
 * 1. A process of another machine may be alive; this process is alive.
 * 2. It has ended if no process has its pid, or if the process with its pid started at another time.
 * 3. It has ended if it is a zombie, whose parent has not collected it yet.
 */
export function isGone({ pid, started, machine }: Holder): boolean {
  const here = thisProcess();
  if (machine !== here.machine || (pid === here.pid && started === here.started)) return false;
  if (!exists(pid)) return true;
  const stat = readStat(pid);
  return stat !== undefined && (stat.started !== started || stat.state === "Z");
}

/** A holder for the user, as the beginning of a sentence. */
export function showHolder({ host, pid }: Holder): string {
  return `Process ${pid} on ${host}`;
}

/** Without /proc the scope is unknown; a random one makes every other process count as alive. */
function readMachine(): string {
  try {
    const boot = readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim();
    return `${boot}.${readlinkSync("/proc/self/ns/pid").replace(/\D/g, "")}`;
  } catch {
    return randomUUID();
  }
}

/** Asks the kernel, because /proc may be mounted so that it hides other users' processes. */
function exists(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code !== "ESRCH";
  }
}

/** The fields after the name in /proc/<pid>/stat. The name is in brackets and may contain any character. */
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
