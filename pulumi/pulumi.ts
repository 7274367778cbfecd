/** Runs Pulumi's command line on a stack, and turns its failures into sentences. */

import { oneLine } from "../border/foreign-text.ts";
import { UserError } from "../components/user-error.ts";
import { type Child, type Ended, runChild } from "./child.ts";
import { Progress } from "./engine-events.ts";
import { assertNodeOnPath } from "./node-on-path.ts";
import { isDead, locksIn, removeLock, type StackLock } from "./stack-lock.ts";

/** A run of Pulumi on one stack. */
export interface Run {
  /** Name of the stack. */
  readonly stack: string;
  /** Folder of the project. */
  readonly folder: string;
  /** Environment variables in addition to those of this process. @default none */
  readonly env?: Readonly<Record<string, string>>;
  /** Interrupts the run. Pulumi saves its state and releases the lock if it ends in time. @default none */
  readonly signal?: AbortSignal;
  /** Gets one line for each object as it begins to change, such as `Deployment web updating`. @default none */
  readonly report?: (line: string) => void;
  /** Called for each of Pulumi's events, also for those that are not reported. @default none */
  readonly progressed?: () => void;
}

/** A run failed. The message says why in one sentence. */
export class PulumiFailure extends UserError {
  /**
   * `interrupted`: by the run's signal. `locked`: another process holds the stack, and nothing was changed. `failed`: Pulumi, the
   * program or a resource reported an error, and some objects may have been changed.
   */
  readonly kind: "interrupted" | "locked" | "failed";

  constructor(kind: PulumiFailure["kind"], sentence: string) {
    super(sentence);
    this.kind = kind;
  }
}

/** The refresh could not reach the cluster with the provider in the state. The program has not run. */
class RefreshFailed extends PulumiFailure {}

/**
 * Updates a stack with `pulumi up`. It refreshes the state first, because an earlier run may have been killed. Objects that such a run
 * created and that are in no state are taken over (gate/owner.ts). Earlier versions wrote a kubeconfig or context into the
 * state; if that is not on this machine, the refresh fails, and the update runs without it. The program's provider then replaces the
 * one in the state.
 *
 * If a dead process of this machine left a lock on a disk of this machine, the lock is removed. No other lock is.
 *
 * @throws PulumiFailure
 * @example await up({ stack: "canary", folder: process.cwd(), report: console.log });
 */
export async function up(run: Run): Promise<void> {
  const update = ["up", "--yes", "--skip-preview"];
  try {
    await follow(run, [...update, "--refresh"]);
  } catch (error) {
    if (!(error instanceof RefreshFailed)) throw error;
    await follow(run, [...update, "--refresh=false"]);
  }
}

/**
 * Deletes what a stack holds, with `pulumi destroy`. Its warnings are not reported: the provider for Kubernetes prints each Warning Event of the
 * objects that it deletes, also old ones.
 *
 * @throws PulumiFailure
 * @example await destroy({ stack: "canary", folder: ".", report: console.log });
 */
export async function destroy(run: Run): Promise<void> {
  await follow(run, ["destroy", "--yes", "--skip-preview"]);
}

/** A resource in the state of a stack; the fields used here. Secrets are encrypted. */
export interface Resource {
  readonly type: string;
  readonly urn: string;
  readonly parent?: string;
  /** URN and id of the provider that deploys it. */
  readonly provider?: string;
  readonly inputs?: Readonly<Record<string, unknown>>;
  readonly outputs?: Readonly<Record<string, unknown>>;
}

/** The resources in the state of a stack. @throws PulumiFailure */
export async function resources(run: Run): Promise<readonly Resource[]> {
  const exported = JSON.parse(await runOrThrow(run, ["stack", "export"]));
  return exported.deployment?.resources ?? [];
}

/** Runs a command that reports its progress by events. */
async function follow(run: Run, args: readonly string[]): Promise<void> {
  let progress = new Progress();
  const onLine = (line: string) => {
    run.progressed?.();
    const printed = progress.read(line);
    if (printed !== undefined) run.report?.(printed);
  };
  const ended = await pastDeadLocks(() => {
    progress = new Progress();
    return pulumi([...args, "--json", ...stackArgs(run)], { ...run, onLine });
  });
  if (ended.code === 0) return;
  const failure = failed(run, args, ended, progress.failure);
  throw progress.refreshFailed ? new RefreshFailed(failure.kind, failure.message) : failure;
}

/** Runs a command. @returns its standard output @throws PulumiFailure if it fails */
async function runOrThrow(run: Run, args: readonly string[]): Promise<string> {
  const ended = await pastDeadLocks(() => pulumi([...args, ...stackArgs(run)], run));
  if (ended.code !== 0) throw failed(run, args, ended);
  return ended.stdout;
}

/** Removes the locks of dead processes and tries once more, if no other lock was in the way. */
async function pastDeadLocks(attempt: () => Promise<Ended>): Promise<Ended> {
  const ended = await attempt();
  const locks = locksIn(ended.stderr);
  if (locks.length === 0 || !locks.every((lock) => isDead(lock))) return ended;
  return locks.map(removeLock).every(Boolean) ? attempt() : ended;
}

function stackArgs({ stack }: Run): string[] {
  return ["--non-interactive", "--stack", stack];
}

/** Commands that run the program, or a policy pack. */
const running: readonly (string | undefined)[] = ["up", "preview", "policy"];

/**
 * Runs any pulumi command to its end, whatever its exit code.
 *
 * @throws UserError if `pulumi` is not on PATH, or the Node.js that would run the program is too old
 */
export async function pulumi(args: readonly string[], options: Omit<Child, "command" | "args"> = {}): Promise<Ended> {
  if (running.includes(args[0])) await assertNodeOnPath(options.env);
  const ended = await runChild({ ...options, command: "pulumi", args });
  if (ended.code === 127) {
    throw new UserError(
      'The pulumi command is not on PATH: install Pulumi, or use the sandbox\'s with eval "$(npm run -s sandbox -- env)".',
    );
  }
  return ended;
}

/** The last error that Pulumi printed, without the prefix `error:`; else its last line. Undefined if it printed nothing. */
export function lastError(printed: string): string | undefined {
  const lines = printed.trim().split("\n").filter(Boolean);
  const line = lines.findLast((each) => each.startsWith("error:")) ?? lines.at(-1);
  return line && oneLine(line.replace(/^error: /, ""));
}

function failed(run: Run, args: readonly string[], { code, stderr }: Ended, why?: string): PulumiFailure {
  const { stack, signal } = run;
  const command = `pulumi ${args.filter((arg) => !arg.startsWith("-")).join(" ")} --stack ${stack}`;
  if (signal?.aborted) return new PulumiFailure("interrupted", `${command} was interrupted.`);
  const locks = locksIn(stderr);
  const cancel = `run pulumi cancel --stack ${stack}, which removes the lock and does not end the process`;
  if (locks.length > 0) {
    const holders = locks.map(holderOf).join(" and ");
    return new PulumiFailure(
      "locked",
      `Stack ${stack} is locked by ${holders}: wait for it to end, or, if ps -p <pid> there shows that it has ended, ${cancel}.`,
    );
  }
  if (stderr.includes("[409] Conflict")) {
    return new PulumiFailure(
      "locked",
      `Another update of stack ${stack} is in progress: wait for it to end, or, if you have checked that it has ended, ${cancel}.`,
    );
  }
  return new PulumiFailure(
    "failed",
    why ?? `${command} failed: ${lastError(stderr) ?? `it ended with ${code} and printed no error`}`,
  );
}

function holderOf({ holder, pid, since }: StackLock): string {
  return `${holder} (pid ${pid}) since ${since}`;
}
