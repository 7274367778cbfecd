/** Reads the locks of stacks on a backend without a service, and tells whether the process that holds one has ended. */

import { readdirSync, readFileSync, readlinkSync, rmSync } from "node:fs";
import { hostname } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

/** A lock of a stack, with its holder, as Pulumi writes it on a backend without a service. */
export interface StackLock {
  /** Address of the lock's file or object. */
  readonly url: string;
  /** User and host, such as `root@build-1`. */
  readonly holder: string;
  readonly host: string;
  /** Process id on that host. */
  readonly pid: number;
  /** When it was acquired, by the holder's clock, in RFC 3339. */
  readonly since: string;
}

/** The locks that an error of Pulumi names; none if it is another error. Source: pkg/backend/diy/lock.go. */
export function locksIn(printed: string): StackLock[] {
  const [, list = ""] = /the stack is currently locked by \d+ lock\(s\).*\n((?: {2}.*\n?)+)/.exec(printed) ?? [];
  return [...list.matchAll(/^ {2}(\S+): created by (.+@(.+)) \(pid (\d+)\) at (\S+)$/gm)].map(
    ([, url = "", holder = "", host = "", pid, since = ""]) => ({ url, holder, host, pid: Number(pid), since }),
  );
}

/**
 * Whether the process that acquired a lock has certainly ended. A bucket may be shared by machines with the same name, and a container
 * may have the name of its machine without seeing the machine's processes.
 *
 * 1. The lock is on a disk of this machine, and was acquired on this machine.
 * 2. This process sees the machine's processes, or has a host name of its own.
 * 3. No visible process has the lock's process id, here or in a container.
 *
 * @param proc the kernel's process information (proc(5)). @default /proc
 */
export function isDead({ url, host, pid }: StackLock, proc = "/proc"): boolean {
  return url.startsWith("file:") && host === hostname() && seesAll(proc) && !isAlive(pid, proc);
}

/**
 * Removes this one lock. Unlike `pulumi cancel` it leaves a lock that another process acquires at the same moment.
 *
 * @returns whether the lock is removed; in a shared folder it may belong to another user
 */
export function removeLock({ url }: StackLock): boolean {
  try {
    rmSync(fileURLToPath(url), { force: true });
    return true;
  } catch {
    return false;
  }
}

/** The initial namespaces of a machine, which have the same numbers in every kernel (include/linux/proc_ns.h). */
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

/** A zombie is not alive: in a container whose process 1 reaps no children it stays for ever. */
function isAlive(pid: number, proc: string): boolean {
  try {
    process.kill(pid, 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code !== "ESRCH" || isAliveInContainer(pid, proc);
  }
  try {
    return !/^\d+ \(.*\) Z/s.test(readFileSync(join(proc, String(pid), "stat"), "utf8"));
  } catch {
    return true;
  }
}

/** Whether a process has this number in the namespace of a container (`NSpid` in proc(5)). */
function isAliveInContainer(pid: number, proc: string): boolean {
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
