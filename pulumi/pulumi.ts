import { oneLine } from "../border/foreign-text.ts";
import { UserError } from "../components/user-error.ts";
import { type Child, type Ended, runChild } from "./child.ts";
import { Progress } from "./engine-events.ts";
import { assertNodeOnPath } from "./node-on-path.ts";
import { isDead, locksIn, type StackLock, takeAway } from "./stack-lock.ts";

/** A run of Pulumi on one stack. */
export interface Run {
  readonly stack: string;
  /** Folder of the project. */
  readonly folder: string;
  /** Variables besides those of this process. */
  readonly env?: Readonly<Record<string, string>>;
  /** Ends it, gracefully if it can: the state is saved and the lock released. */
  readonly signal?: AbortSignal;
  /** Gets one line for each change of an object, as it begins: `Deployment web updating`. */
  readonly report?: (line: string) => void;
}

/** Why a run came to nothing, in one sentence. */
export class PulumiFailure extends UserError {
  /**
   * `interrupted`: by our signal. `locked`: somebody else holds the stack, and nothing was done. `failed`: Pulumi, the program or
   * a resource says why, and part of it may be done.
   */
  readonly kind: "interrupted" | "locked" | "failed";

  constructor(kind: PulumiFailure["kind"], sentence: string) {
    super(sentence);
    this.kind = kind;
  }
}

/** The refresh came to no cluster by the provider that the state holds; the program has not run. */
class Unread extends PulumiFailure {}

/**
 * Brings a stack to what its program says. What the cluster holds is looked at first, because a run before may have been killed.
 * What such a run was creating, and no state holds, is taken over (gate/owner.ts). Where the state leads to the cluster by a
 * kubeconfig or context that is not here, as earlier versions wrote it, that look fails, and the program runs without it: its
 * provider takes the place of the one in the state.
 *
 * A lock that a dead process of this machine left on a disk of this machine is taken away; no other ever is.
 *
 * @throws PulumiFailure
 */
export async function up(run: Run): Promise<void> {
  const update = ["up", "--yes", "--skip-preview"];
  try {
    await follow(run, [...update, "--refresh"]);
  } catch (error) {
    if (!(error instanceof Unread)) throw error;
    await follow(run, [...update, "--refresh=false"]);
  }
}

/** The outputs of a stack, secrets blanked. @throws PulumiFailure */
export async function outputs(run: Run): Promise<unknown> {
  return JSON.parse(await must(run, ["stack", "output", "--json"]));
}

/** Runs a command that tells how it goes by events. */
async function follow(run: Run, args: readonly string[]): Promise<void> {
  let progress = new Progress();
  const onLine = (line: string) => {
    const said = progress.read(line);
    if (said !== undefined) run.report?.(said);
  };
  const ended = await pastDeadLocks(() => {
    progress = new Progress();
    return pulumi([...args, "--json", ...about(run)], { ...run, onLine });
  });
  if (ended.code === 0) return;
  const failure = failed(run, args, ended, progress.failure);
  throw progress.isUnread ? new Unread(failure.kind, failure.message) : failure;
}

/** Runs a command that has to succeed. @returns what it printed */
async function must(run: Run, args: readonly string[]): Promise<string> {
  const ended = await pastDeadLocks(() => pulumi([...args, ...about(run)], run));
  if (ended.code !== 0) throw failed(run, args, ended);
  return ended.stdout;
}

/** Tries once more if nothing but locks of dead processes was in the way. */
async function pastDeadLocks(attempt: () => Promise<Ended>): Promise<Ended> {
  const ended = await attempt();
  const locks = locksIn(ended.stderr);
  if (locks.length === 0 || !locks.every((lock) => isDead(lock))) return ended;
  return locks.map(takeAway).every(Boolean) ? attempt() : ended;
}

function about({ stack }: Run): string[] {
  return ["--non-interactive", "--stack", stack];
}

/** Commands that run the program, or a policy pack. */
const running: readonly (string | undefined)[] = ["up", "preview", "policy"];

/** Any pulumi command, to its end and whatever comes of it. @throws Refusal if there is no pulumi, or no Node for what it would run */
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

/** The last error that Pulumi printed, without the word that says that it is one; else its last line. */
export function lastError(said: string): string | undefined {
  const lines = said.trim().split("\n").filter(Boolean);
  const line = lines.findLast((each) => each.startsWith("error:")) ?? lines.at(-1);
  return line && oneLine(line.replace(/^error: /, ""));
}

function failed(run: Run, args: readonly string[], { code, stderr }: Ended, why?: string): PulumiFailure {
  const { stack, signal } = run;
  const command = `pulumi ${args.filter((arg) => !arg.startsWith("-")).join(" ")} --stack ${stack}`;
  if (signal?.aborted) return new PulumiFailure("interrupted", `${command} was interrupted.`);
  const locks = locksIn(stderr);
  const cancel = `run pulumi cancel --stack ${stack}, which does not end it`;
  if (locks.length > 0) {
    const holders = locks.map(holderOf).join(" and ");
    return new PulumiFailure(
      "locked",
      `Stack ${stack} is locked by ${holders}: wait for it to end, or, once ps -p <pid> there shows that it is dead, ${cancel}.`,
    );
  }
  if (stderr.includes("[409] Conflict")) {
    return new PulumiFailure(
      "locked",
      `Another update of stack ${stack} is in progress: wait for it to end, or, once you have seen that it is dead, ${cancel}.`,
    );
  }
  return new PulumiFailure(
    "failed",
    why ?? `${command} says: ${lastError(stderr) ?? `it ended with ${code} and no word`}`,
  );
}

function holderOf({ holder, pid, since }: StackLock): string {
  return `${holder} (pid ${pid}) since ${since}`;
}
