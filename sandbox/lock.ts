/**
 * A lock file that names its holder. A dead holder's lock is taken over.
 *
 * 1. A lock is put in place whole (written aside, then hard-linked), so no reader ever sees half of one.
 * 2. A lock whose holder lives is waited for.
 * 3. A dead holder's lock is moved aside, and only counts as removed if what was moved is what was judged dead.
 */
import { linkSync, mkdirSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { hasCode, readIfThere, readJson } from "./file.ts";
import { Problem } from "./problem.ts";
import { type Identity, identify, isIdentity, lives } from "./process.ts";

export interface LockOptions {
  /** Called once when somebody else holds the lock. */
  readonly onWait?: (holder: Identity) => void;
  readonly waitSeconds?: number;
}

export async function withLock<T>(path: string, work: () => Promise<T>, options: LockOptions = {}): Promise<T> {
  const mine = identify(process.pid);
  if (mine === undefined)
    throw new Problem("/proc cannot be read, and the sandbox needs it: use Linux with /proc mounted");
  mkdirSync(dirname(path), { recursive: true });
  await acquire(path, mine, options);
  try {
    return await work();
  } finally {
    rmSync(path, { force: true });
  }
}

async function acquire(path: string, mine: Identity, options: LockOptions): Promise<void> {
  const deadline = Date.now() + (options.waitSeconds ?? 3600) * 1000;
  let told = false;
  while (!tryAcquire(path, mine)) {
    const holder = readJson(path);
    if (!isIdentity(holder) || !lives(holder)) {
      breakLock(path, holder);
      continue;
    }
    if (Date.now() > deadline)
      throw new Problem(
        `${path} is held by process ${holder.pid} (another \`npm run sandbox\`): wait until it has ended, or end it with \`kill ${holder.pid}\`, then try again`,
      );
    if (!told) options.onWait?.(holder);
    told = true;
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
}

function tryAcquire(path: string, mine: Identity): boolean {
  const draft = `${path}.${mine.pid}.new`;
  writeFileSync(draft, JSON.stringify(mine));
  try {
    linkSync(draft, path);
    return true;
  } catch (error) {
    if (hasCode(error, "EEXIST")) return false;
    throw error;
  } finally {
    rmSync(draft, { force: true });
  }
}

function breakLock(path: string, judged: unknown): void {
  const aside = `${path}.${process.pid}.dead`;
  try {
    renameSync(path, aside);
  } catch (error) {
    if (hasCode(error, "ENOENT")) return;
    throw error;
  }
  const moved = readIfThere(aside);
  if (moved !== undefined && moved !== JSON.stringify(judged) && isIdentity(readJson(aside))) {
    // Somebody took it over between the look and the move: give it back.
    try {
      linkSync(aside, path);
    } catch (error) {
      if (!hasCode(error, "EEXIST")) throw error;
    }
  }
  rmSync(aside, { force: true });
}
