import { spawn } from "node:child_process";

/** What a command came to. */
export interface Outcome {
  readonly code: number | null;
  /** Standard output and standard error as they came. */
  readonly output: string;
  readonly stdout: string;
}

/** A command under way. */
export interface Running {
  readonly pid: number;
  /** Standard output and standard error so far. */
  readonly soFar: () => string;
  readonly ended: Promise<Outcome>;
}

/** Starts a command in a process group of its own, so that a test can kill it with all its children. */
export function start(
  command: string,
  args: readonly string[],
  options: { cwd?: string; env?: NodeJS.ProcessEnv; input?: string } = {},
): Running {
  const child = spawn(command, args, {
    ...options,
    env: { ...process.env, ...options.env },
    detached: true,
    stdio: "pipe",
  });
  let output = "";
  let stdout = "";
  child.stdout.on("data", (chunk) => {
    output += chunk;
    stdout += chunk;
  });
  child.stderr.on("data", (chunk) => {
    output += chunk;
  });
  // A command that ends before it has read all of its input still says with its exit code what it came to.
  child.stdin.on("error", () => {});
  child.stdin.end(options.input ?? "");
  const ended = new Promise<Outcome>((done, failed) => {
    child.once("error", failed);
    child.once("close", (code) => done({ code, output, stdout }));
  });
  if (child.pid === undefined) throw new Error(`${command} did not start`);
  return { pid: child.pid, soFar: () => output, ended };
}

/** Runs a command to its end. */
export function run(...args: Parameters<typeof start>): Promise<Outcome> {
  return start(...args).ended;
}
