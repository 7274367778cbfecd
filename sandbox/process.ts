/**
 * Processes that outlive the command that started them: recorded by pid, start time and boot, so that a pid that was
 * reused is never mistaken for ours.
 */
import { spawn } from "node:child_process";
import { closeSync, mkdirSync, openSync, readFileSync, renameSync, statSync } from "node:fs";
import { constants, getPriority, setPriority } from "node:os";
import { dirname } from "node:path";
import { hasCode, readIfThere } from "./file.ts";
import { Problem } from "./problem.ts";

/** One process for certain: pids are reused, (pid, start, boot) is not. */
export interface Identity {
  readonly pid: number;
  /** Clock ticks since boot, field 22 of /proc/<pid>/stat. */
  readonly start: string;
  readonly boot: string;
}

export function bootId(): string {
  return readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim();
}

/** Undefined where no such process lives; a zombie does not live. */
export function identify(pid: number): Identity | undefined {
  const stat = readIfThere(`/proc/${pid}/stat`);
  return stat === undefined ? undefined : parseStat(pid, stat, bootId());
}

/** The command name in field 2 may hold blanks and parentheses; the fields behind its last ")" are plain. */
export function parseStat(pid: number, stat: string, boot: string): Identity | undefined {
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  const [state, start] = [fields[0], fields[19]];
  if (start === undefined || state === "Z" || state === "X") return undefined;
  return { pid, start, boot };
}

export function lives(known: Identity): boolean {
  const now = identify(known.pid);
  return now !== undefined && now.start === known.start && now.boot === known.boot;
}

export function isIdentity(value: unknown): value is Identity {
  if (typeof value !== "object" || value === null) return false;
  const { pid, start, boot } = value as Partial<Record<keyof Identity, unknown>>;
  return typeof pid === "number" && typeof start === "string" && typeof boot === "string";
}

const LOG_LIMIT_BYTES = 16 << 20;

/** Starts a process of its own session that writes to the log file; a log grown large is put aside first. */
export function startDetached(
  command: string,
  args: readonly string[],
  log: string,
  env: NodeJS.ProcessEnv = process.env,
): Identity {
  mkdirSync(dirname(log), { recursive: true });
  try {
    if (statSync(log).size > LOG_LIMIT_BYTES) renameSync(log, `${log}.1`);
  } catch (error) {
    if (!hasCode(error, "ENOENT")) throw error;
  }
  const output = openSync(log, "a", 0o600);
  try {
    const child = spawn(command, args, { detached: true, stdio: ["ignore", output, output], env, cwd: "/" });
    child.on("error", () => {}); // reported below: there is no pid
    child.unref();
    const identity = child.pid === undefined ? undefined : identify(child.pid);
    if (identity === undefined)
      throw new Problem(`${command} did not start: see why in ${log}, then run \`npm run sandbox -- up\` again`);
    raise(identity.pid);
    return identity;
  } finally {
    closeSync(output);
  }
}

/** `nice gray sandbox up` is about building its tools, not about the cluster, which outlives it. */
function raise(pid: number): void {
  if (getPriority() <= constants.priority.PRIORITY_NORMAL) return;
  try {
    setPriority(pid, constants.priority.PRIORITY_NORMAL);
  } catch {
    // without CAP_SYS_NICE it stays as nice as we are
  }
}

/** Asks a process to end and, after a while, makes it. */
export async function stop(known: Identity, patienceSeconds = 10): Promise<void> {
  signal(known, "SIGTERM");
  for (let tenths = 0; lives(known); tenths++) {
    if (tenths === patienceSeconds * 10) signal(known, "SIGKILL");
    if (tenths > patienceSeconds * 10 + 50)
      throw new Problem(
        `process ${known.pid} does not end, even by SIGKILL: see what it waits for with \`ps -o pid,stat,wchan,args -p ${known.pid}\`, and restart the machine if its STAT is D`,
      );
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

function signal(known: Identity, name: NodeJS.Signals): void {
  if (!lives(known)) return;
  try {
    process.kill(known.pid, name);
  } catch (error) {
    if (!hasCode(error, "ESRCH")) throw error;
  }
}
