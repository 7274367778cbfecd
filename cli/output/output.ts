/** Output that neither ends nor blocks the process, and that is safe in CI. */
import { createInterface } from "node:readline";
import type { Readable } from "node:stream";

/**
 * Makes standard output and standard error safe to print on, for the whole life of the process:
 *
 * 1. A write error does not end the process, be it a reader that has ended, a closed terminal or a full disk: a driver goes on
 *    without output. A command that only prints has to listen for the error itself.
 * 2. A terminal that accepts no output (Ctrl-S) does not block the process: output waits in memory, and is dropped beyond some megabytes.
 * 3. In CI no printed line is a command to the CI system, whatever text of pods, logs or Pulumi it contains. There, child processes
 *    must not inherit our output: see `printLines`.
 *
 * @param env the environment that tells whether this is CI. @default that of the process
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

/** Bytes that wait for a terminal before further output is dropped. A driver takes hours to print that much. */
const waitingBytes = 8 << 20;

/**
 * Node writes to a terminal synchronously, so that a blocked terminal blocks the whole process, and it has no public API to change
 * that. This calls the method that its own tty.WriteStream calls with true (lib/tty.js, Node 22 and 24; libuv's
 * uv_stream_set_blocking). libuv has reopened the terminal for it, so that other processes on the terminal are not affected.
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

/** Variables that CI systems set for a job. Not all of them set CI, and a job may have emptied that. */
const ciVariables = ["CI", "GITHUB_ACTIONS", "GITLAB_CI", "TF_BUILD", "TEAMCITY_VERSION"] as const;

/** Whether this process runs in CI. @param env @default that of the process */
export function isCi(env: NodeJS.ProcessEnv = process.env): boolean {
  return ciVariables.some((name) => (env[name] ?? "") !== "");
}

/** Prints the output of a child process in whole lines: half a line could hide half a command to the CI system. */
export function printLines(from: Readable, to: NodeJS.WritableStream): void {
  createInterface({ input: from }).on("line", (line) => to.write(`${line}\n`));
}

/**
 * Disarms commands to a CI system with a space inside of them, which keeps the text readable.
 *
 * - GitHub: `::name::` at the start of a line or after spaces there, and `##[name]` anywhere (actions/runner,
 *   ActionCommand.cs). A `\r` ends a line too.
 * - Azure Pipelines: `##vso[name]` anywhere. TeamCity: `##teamcity[name]`.
 * - GitLab: `section_start:<time>:name` and `section_end:<time>:name`.
 */
export function withoutCommands(text: string): string {
  return text
    .replace(/^((?:[^\S\r\n]|\u0085)*):(?=:)/gm, "$1: ")
    .replace(/##(?=(?:vso|teamcity)?\[)/gi, "## ")
    .replace(/(section_(?:start|end)):(?=\d)/g, "$1 :");
}
