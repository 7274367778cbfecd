import { type ChildProcess, spawn } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";

/**
 * A terminal that runs a program, and that can stop accepting output as after Ctrl-S. It is a terminal of `script` (util-linux;
 * in Debian: bsdutils): while that process is stopped, nothing reads the output of the program.
 */
export class Terminal {
  readonly #script: ChildProcess;
  #shown = "";
  #failed: Error | undefined;

  private constructor(folder: string) {
    const command = `stty cols 80 rows 40; exec '${process.execPath}' program.mjs`;
    this.#script = spawn("script", ["--quiet", "--flush", "--command", command, "/dev/null"], {
      cwd: folder,
      stdio: ["pipe", "pipe", "inherit"],
    });
    this.#script.stdout?.setEncoding("latin1").on("data", (text) => {
      this.#shown += text;
    });
    this.#script.once("error", (error) => {
      this.#failed = new Error(`A terminal for this test is made by script of util-linux: ${error.message}`);
    });
  }

  /** Starts a program. @param program source of an ES module. @param folder in which it runs */
  static of(program: string, folder: string): Terminal {
    writeFileSync(join(folder, "program.mjs"), program);
    return new Terminal(folder);
  }

  /** The output so far; its lines end with `\r\n`. @throws Error if `script` is not installed */
  get shown(): string {
    if (this.#failed) throw this.#failed;
    return this.#shown;
  }

  pause(): void {
    this.#script.kill("SIGSTOP");
  }

  resume(): void {
    this.#script.kill("SIGCONT");
  }

  /** Closes the terminal, which ends the program. */
  close(): void {
    this.#script.kill("SIGKILL");
  }
}
