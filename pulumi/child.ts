/** Runs a command that ends with this process, together with everything that it started, even if this process is killed. */

import { spawn } from "node:child_process";
import { randomUUID } from "node:crypto";
import { closeSync, openSync, readSync, unlinkSync } from "node:fs";
import type { Socket } from "node:net";
import { constants, tmpdir } from "node:os";
import { join } from "node:path";
import { StringDecoder } from "node:string_decoder";
import { temporaryFolder } from "./temporary-folder.ts";

/** A command to run. */
export interface Child {
  /** Name of the command, looked up in PATH. */
  readonly command: string;
  readonly args: readonly string[];
  /** Working directory. @default that of this process */
  readonly folder?: string;
  /** Environment variables in addition to those of this process. @default none */
  readonly env?: Readonly<Record<string, string>>;
  /** Ends the command: SIGINT, a second SIGINT after `patience`, SIGKILL after twice that time. @default none */
  readonly signal?: AbortSignal;
  /** Whole seconds between the first SIGINT and the second. @default 5 */
  readonly patience?: number;
  /** Gets each line of standard output within 0.1 s; `stdout` of the result is then empty. @default none */
  readonly onLine?: (line: string) => void;
}

/** The result of a command. */
export interface Ended {
  /** Its exit code, by the shell's convention: 127 if there is no such command, above 128 if a signal ended it. */
  readonly code: number;
  /** Empty if `onLine` was given. */
  readonly stdout: string;
  readonly stderr: string;
}

/** Milliseconds between two reads of the output for new lines. */
const pollMilliseconds = 100;

/**
 * A shell script that starts a guard in the background, where a shell ignores SIGINT, and then becomes the command (`exec`). The guard
 * waits until descriptor 3 is closed. Only this process holds its other end: it closes the descriptor, or the kernel does when this
 * process dies. Then the guard
 *
 * 1. sends SIGINT to the command's process group, twice if needed, and gives it time to end;
 * 2. kills all other processes of the session. Pulumi's plugins have process groups of their own, and would live on for up to five
 *    minutes after Pulumi was killed. Only Linux reports the session of a process; elsewhere only the process group is killed.
 *
 * A zombie counts as ended: in a container whose process 1 reaps no children it would stay for ever.
 */
const guard = `
patience=$1
shift
{
  trap '' HUP TERM
  exec </dev/null >/dev/null 2>&1
  read -r _ <&3
  self=
  [ -r /proc/self/stat ] && read -r self _ </proc/self/stat
  look() {
    all= group=
    if [ -z "$self" ]; then
      kill -0 $$ && all=$$ group=$$
      return
    fi
    set +f
    lines=$(exec cat /proc/[0-9]*/stat)
    set -f
    IFS='
'
    for line in $lines; do
      IFS=' '
      pid=\${line%% *}
      set -- \${line##*) }
      [ "$4" = $$ ] && [ "$1" != Z ] && [ "$pid" != "$self" ] && [ "$2" != "$self" ] || continue
      all="$all $pid"
      [ "$3" = $$ ] && group=$$
    done
  }
  await() {
    tenths=$1
    look
    while [ "$group" ] && [ "$tenths" -gt 0 ]; do
      sleep 0.1
      tenths=$((tenths - 1))
      look
    done
  }
  interrupt() {
    kill -s INT -- -$$
    await "$1"
  }
  interrupt $((patience * 10))
  [ "$group" ] && interrupt $((patience * 20))
  tries=50
  while [ "$all" ] && [ "$tries" -gt 0 ]; do
    kill -s KILL $all
    sleep 0.1
    tries=$((tries - 1))
    look
  done
} &
exec "$@" 3<&-
`;

/**
 * Runs a command to its end, whatever its exit code.
 *
 * @throws UserError if there is no folder for temporary files, Error if the shell cannot be started
 * @example const { code, stdout } = await runChild({ command: "pulumi", args: ["version"] });
 */
export async function runChild(child: Child): Promise<Ended> {
  const { command, args, folder, env, signal, patience = 5, onLine } = child;
  if (signal?.aborted) return { code: 130, stdout: "", stderr: "" };
  // Files, not pipes: if this process is killed, a write to a pipe would end the command by SIGPIPE before it has saved its state.
  const temporary = temporaryFolder();
  const [stdout, stderr] = [openNameless(temporary), openNameless(temporary)];
  const output = new Output(stdout);
  const poll = onLine && (() => output.lines().forEach(onLine));
  const polling = poll && setInterval(poll, pollMilliseconds);
  try {
    const code = await new Promise<number>((ended, failed) => {
      const shell = spawn("/bin/sh", ["-c", guard, "guard", String(patience), command, ...args], {
        ...(folder !== undefined && { cwd: folder }),
        env: { ...process.env, ...(temporary !== tmpdir() && { TMPDIR: temporary }), ...env },
        detached: true,
        stdio: ["ignore", stdout, stderr, "pipe"],
      });
      const lifeline = shell.stdio[3] as Socket | undefined;
      const end = () => lifeline?.end();
      lifeline?.on("error", () => {}).resume();
      signal?.addEventListener("abort", end, { once: true });
      shell.once("error", failed);
      shell.once("exit", end);
      // The guard closes the lifeline when no process is left.
      shell.once("close", (code, by) => {
        signal?.removeEventListener("abort", end);
        ended(code ?? 128 + (constants.signals[by ?? "SIGKILL"] ?? 0));
      });
    });
    poll?.();
    return { code, stdout: onLine ? "" : output.rest(), stderr: new Output(stderr).rest() };
  } finally {
    clearInterval(polling);
    for (const file of [stdout, stderr]) closeSync(file);
  }
}

/** Opens a file without a name, which is deleted when the last process closes it. No other user can read it. */
function openNameless(folder: string): number {
  const path = join(folder, `gray-${randomUUID()}`);
  const file = openSync(path, "wx+", 0o600);
  unlinkSync(path);
  return file;
}

/** Reads a file while the command still writes it; each read continues where the last one ended. */
class Output {
  readonly #file: number;
  readonly #decoder = new StringDecoder("utf8");
  readonly #chunk = Buffer.allocUnsafe(1 << 16);
  #position = 0;
  #begun = "";

  constructor(file: number) {
    this.#file = file;
  }

  /** The text written since the last read. */
  rest(): string {
    const parts: string[] = [];
    for (;;) {
      const length = readSync(this.#file, this.#chunk, 0, this.#chunk.length, this.#position);
      if (length === 0) return parts.join("");
      this.#position += length;
      parts.push(this.#decoder.write(this.#chunk.subarray(0, length)));
    }
  }

  /** The lines completed since the last read. */
  lines(): string[] {
    const lines = (this.#begun + this.rest()).split("\n");
    this.#begun = lines.pop() ?? "";
    return lines;
  }
}
