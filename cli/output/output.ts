import { createInterface } from "node:readline";
import type { Readable } from "node:stream";

/**
 * Makes standard output and standard error safe to print on, for the whole life of the process:
 *
 * 1. Output that cannot be written, because its reader has ended, its terminal is closed or its disk is full, ends no command: a
 *    driver goes on without it. A command that only shows something has to listen for the error itself.
 * 2. A terminal that takes no output (Ctrl-S) stops nothing: what is printed waits for it. Beyond some megabytes it is left out.
 * 3. In CI no printed line is a command to the CI system, whatever text of pods, logs or Pulumi is in it. Child processes that print for a
 *    person must not inherit our output there: see `printLines`.
 */
export function guardOutput(env: NodeJS.ProcessEnv = process.env): void {
  for (const stream of [process.stdout, process.stderr]) {
    stream.on("error", () => {});
    if (stream.isTTY) neverBlock(stream);
    if (!isCi(env)) continue;
    const write = stream.write.bind(stream) as (chunk: string | Uint8Array, ...rest: unknown[]) => boolean;
    stream.write = (chunk: string | Uint8Array, ...rest: unknown[]) =>
      write(typeof chunk === "string" ? withoutCommands(chunk) : chunk, ...rest);
  }
}

/** Bytes that wait for a terminal before more is left out; a driver prints so much in hours. */
const waitingBytes = 8 << 20;

/**
 * Node writes to a terminal synchronously, so that one that takes nothing stops the whole process, and has no public API to change
 * that. This calls what its own tty.WriteStream calls with true (lib/tty.js, Node 22 and 24; libuv's uv_stream_set_blocking). libuv
 * has opened the terminal anew for it, so that other processes on the terminal notice nothing.
 */
function neverBlock(stream: NodeJS.WriteStream): void {
  const { _handle: handle } = stream as unknown as { _handle?: { setBlocking?(isBlocking: boolean): number } };
  if (handle?.setBlocking?.(false) !== 0) return;
  const write = stream.write.bind(stream) as (chunk: string | Uint8Array, ...rest: unknown[]) => boolean;
  stream.write = (chunk: string | Uint8Array, ...rest: unknown[]) => {
    if (stream.writableLength <= waitingBytes) return write(chunk, ...rest);
    const taken = rest.at(-1);
    if (typeof taken === "function") process.nextTick(taken);
    return false;
  };
}

/** Variables by which CI systems say that they run a job. Not all of them set CI, and a job may have set that to nothing. */
const ciVariables = ["CI", "GITHUB_ACTIONS", "GITLAB_CI", "TF_BUILD", "TEAMCITY_VERSION"] as const;

export function isCi(env: NodeJS.ProcessEnv = process.env): boolean {
  return ciVariables.some((name) => (env[name] ?? "") !== "");
}

/** Prints what a child process prints in whole lines, so that no command to the CI system is hidden in two parts of one. */
export function printLines(from: Readable, to: NodeJS.WritableStream): void {
  createInterface({ input: from }).on("line", (line) => to.write(`${line}\n`));
}

/**
 * A text in which a CI system finds no command. A space parts what would be one, so that a person can still read it.
 *
 * - GitHub: `::name::` at the beginning of a line, spaces before it included, and `##[name]` anywhere (actions/runner,
 *   ActionCommand.cs). A line ends with `\r` too.
 * - Azure Pipelines: `##vso[name]` anywhere. TeamCity: `##teamcity[name]`.
 * - GitLab: `section_start:<time>:name` and `section_end:<time>:name`.
 */
export function withoutCommands(text: string): string {
  return text
    .replace(/^((?:[^\S\r\n]|\u0085)*):(?=:)/gm, "$1: ")
    .replace(/##(?=(?:vso|teamcity)?\[)/gi, "## ")
    .replace(/(section_(?:start|end)):(?=\d)/g, "$1 :");
}
