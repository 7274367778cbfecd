import { readFileSync } from "node:fs";
import { hostname } from "node:os";

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
 * Whether the process that took a lock is certainly gone. It is, if the lock lies on a disk of this machine, was taken on
 * this machine, and no process has its number. A bucket may be shared by machines that have the same name.
 */
export function isDead({ url, host, pid }: StackLock): boolean {
  return url.startsWith("file:") && host === hostname() && !lives(pid);
}

/** A zombie does not live: nobody reaps the children of a dead parent where process 1 does not. */
function lives(pid: number): boolean {
  try {
    process.kill(pid, 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code !== "ESRCH";
  }
  try {
    return !/^\d+ \(.*\) Z/s.test(readFileSync(`/proc/${pid}/stat`, "utf8"));
  } catch {
    return true;
  }
}
