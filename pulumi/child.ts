import { spawn } from "node:child_process";
import { randomUUID } from "node:crypto";
import { closeSync, openSync, readSync, unlinkSync } from "node:fs";
import type { Socket } from "node:net";
import { constants, tmpdir } from "node:os";
import { join } from "node:path";
import { StringDecoder } from "node:string_decoder";
import { temporaryFolder } from "./temporary-folder.ts";

/** A command that does not outlive this process, nor does anything that it starts. */
export interface Child {
  readonly command: string;
  readonly args: readonly string[];
  readonly folder?: string;
  /** Variables besides those of this process. */
  readonly env?: Readonly<Record<string, string>>;
  /** Ends it: SIGINT, a second SIGINT after `patience`, SIGKILL after that time twice more. */
  readonly signal?: AbortSignal;
  /** Whole seconds between SIGINT and the next. @default 5 */
  readonly patience?: number;
  /** Gets each line of its standard output, at most a tenth of a second later; it is then not kept. */
  readonly onLine?: (line: string) => void;
}

/** What a command came to. */
export interface Ended {
  /** Its exit code, by the shell's convention: 127 if there is no such command, above 128 if a signal ended it. */
  readonly code: number;
  /** Empty if lines were asked for. */
  readonly stdout: string;
  readonly stderr: string;
}

/** Milliseconds between two looks for new lines. */
const pollMilliseconds = 100;

/**
 * Becomes the command, and leaves a guard behind in the background, where a shell ignores SIGINT. The guard waits for the
 * end of descriptor 3, whose other end only our process holds: we close it, or the kernel does when we die. Then the guard
 *
 * 1. sends SIGINT to the command's process group, twice if need be, and gives it time to end by itself;
 * 2. kills whatever is left of the session: plugins of Pulumi have process groups of their own, and live on for up to five
 *    minutes when Pulumi is killed. Only Linux says who belongs to a session; elsewhere the process group has to do.
 *
 * A zombie counts as ended: where process 1 reaps nobody, as in many a container, it stays one for ever.
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

/** Runs a command to its end. @throws Refusal if there is no folder for temporary files, Error if it cannot be started */
export async function runChild(child: Child): Promise<Ended> {
  const { command, args, folder, env, signal, patience = 5, onLine } = child;
  if (signal?.aborted) return { code: 130, stdout: "", stderr: "" };
  // Files, not pipes: when we are killed, a write to a pipe would end the command by SIGPIPE before it has put its things in order.
  const temporary = temporaryFolder();
  const [stdout, stderr] = [openNameless(temporary), openNameless(temporary)];
  const output = new Output(stdout);
  const look = onLine && (() => output.lines().forEach(onLine));
  const looking = look && setInterval(look, pollMilliseconds);
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
      // The guard closes the lifeline when nothing is left.
      shell.once("close", (code, by) => {
        signal?.removeEventListener("abort", end);
        ended(code ?? 128 + (constants.signals[by ?? "SIGKILL"] ?? 0));
      });
    });
    look?.();
    return { code, stdout: onLine ? "" : output.rest(), stderr: new Output(stderr).rest() };
  } finally {
    clearInterval(looking);
    for (const file of [stdout, stderr]) closeSync(file);
  }
}

/** A file that goes with whoever has it open. Only its owner could read it, and not even by name. */
function openNameless(folder: string): number {
  const path = join(folder, `gray-${randomUUID()}`);
  const file = openSync(path, "wx+", 0o600);
  unlinkSync(path);
  return file;
}

/** What a file holds, read on from where it was read to while somebody writes it. */
class Output {
  readonly #file: number;
  readonly #decoder = new StringDecoder("utf8");
  readonly #chunk = Buffer.allocUnsafe(1 << 16);
  #position = 0;
  #begun = "";

  constructor(file: number) {
    this.#file = file;
  }

  /** What was written since. */
  rest(): string {
    const parts: string[] = [];
    for (;;) {
      const length = readSync(this.#file, this.#chunk, 0, this.#chunk.length, this.#position);
      if (length === 0) return parts.join("");
      this.#position += length;
      parts.push(this.#decoder.write(this.#chunk.subarray(0, length)));
    }
  }

  /** The lines that were completed since. */
  lines(): string[] {
    const lines = (this.#begun + this.rest()).split("\n");
    this.#begun = lines.pop() ?? "";
    return lines;
  }
}
