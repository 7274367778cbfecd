import { readdirSync, readFileSync, readlinkSync, rmSync } from "node:fs";
import { hostname } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

/** Who holds a stack, as Pulumi writes it into the lock on a backend without a service. */
export interface StackLock {
  /** Where the lock lies. */
  readonly url: string;
  /** `root@build-1` */
  readonly holder: string;
  readonly host: string;
  readonly pid: number;
  /** When it was taken, by the holder's clock, in RFC 3339. */
  readonly since: string;
}

/** The locks of which Pulumi complains; none if it complains of something else. Source: pkg/backend/diy/lock.go. */
export function locksIn(said: string): StackLock[] {
  const [, list = ""] = /the stack is currently locked by \d+ lock\(s\).*\n((?: {2}.*\n?)+)/.exec(said) ?? [];
  return [...list.matchAll(/^ {2}(\S+): created by (.+@(.+)) \(pid (\d+)\) at (\S+)$/gm)].map(
    ([, url = "", holder = "", host = "", pid, since = ""]) => ({ url, holder, host, pid: Number(pid), since }),
  );
}

/**
 * Whether the process that took a lock is certainly gone. A bucket may be shared by machines that have the same name, and a
 * container may share the name of its machine and nothing of its processes.
 *
 * 1. The lock lies on a disk of this machine, and was taken on this machine.
 * 2. This process sees the machine's processes, or has a host name that is not the machine's.
 * 3. No process that it sees has the lock's number, here or in a container.
 *
 * @param proc where the kernel tells of processes (proc(5))
 */
export function isDead({ url, host, pid }: StackLock, proc = "/proc"): boolean {
  return url.startsWith("file:") && host === hostname() && seesAll(proc) && !lives(pid, proc);
}

/**
 * Takes a lock away, and no other: one that somebody takes at the same moment stays, unlike with `pulumi cancel`.
 *
 * @returns whether it is gone: a shared folder may be another user's
 */
export function takeAway({ url }: StackLock): boolean {
  try {
    rmSync(fileURLToPath(url), { force: true });
    return true;
  } catch {
    return false;
  }
}

/** The first namespaces of a machine, by their numbers in every kernel (include/linux/proc_ns.h). */
const first = { pid: "pid:[4026531836]", uts: "uts:[4026531838]" };

function seesAll(proc: string): boolean {
  try {
    const ownProcesses = readlinkSync(join(proc, "self/ns/pid")) !== first.pid;
    return !ownProcesses || readlinkSync(join(proc, "self/ns/uts")) !== first.uts;
  } catch {
    // Only Linux has namespaces.
    return true;
  }
}

/** A zombie does not live: nobody reaps the children of a dead parent where process 1 does not. */
function lives(pid: number, proc: string): boolean {
  try {
    process.kill(pid, 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code !== "ESRCH" || livesInContainer(pid, proc);
  }
  try {
    return !/^\d+ \(.*\) Z/s.test(readFileSync(join(proc, String(pid), "stat"), "utf8"));
  } catch {
    return true;
  }
}

/** Whether a process has this number in the namespace of a container (`NSpid` in proc(5)). */
function livesInContainer(pid: number, proc: string): boolean {
  const isIt = (other: string) => {
    try {
      const status = readFileSync(join(proc, other, "status"), "utf8");
      const [, numbers = ""] = /^NSpid:\s*(.*)$/m.exec(status) ?? [];
      return numbers.split(/\s+/).slice(1).includes(String(pid)) && !/^State:\s*Z/m.test(status);
    } catch {
      return false;
    }
  };
  try {
    return readdirSync(proc).some((name) => /^\d+$/.test(name) && isIt(name));
  } catch {
    return false;
  }
}
