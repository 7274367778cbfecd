/**
 * A process inside the sandbox that belongs to the process that started it and ends with it: a test's Prometheus, a controller
 * that a benchmark is made beside. `down` ends it too.
 */
import { spawn } from "node:child_process";
import { closeSync, openSync } from "node:fs";
import { joining } from "./cgroup.ts";
import { readIfThere, SECRET } from "./file.ts";
import { systemCommand } from "./host.ts";
import { networkNamespacePath } from "./places.ts";
import { Problem } from "./problem.ts";

export interface Guest {
  /** @throws Problem with its last lines, if it has ended */
  mustLive(): void;
  diagnostics(): string;
  /** Resolves when it is gone. */
  end(signal: NodeJS.Signals): Promise<void>;
}

/** @param log the file that takes what it says */
export function startGuest(
  name: string,
  command: readonly string[],
  log: string,
  env: NodeJS.ProcessEnv = process.env,
): Guest {
  const [shell = "", ...args] = joining(name);
  const output = openSync(log, "a", SECRET);
  const child = spawn(shell, [...args, systemCommand("nsenter"), `--net=${networkNamespacePath()}`, "--", ...command], {
    stdio: ["ignore", output, output],
    cwd: "/",
    env,
  });
  closeSync(output);
  let living = true;
  const ended = new Promise<void>((resolve) => {
    const done = () => {
      living = false;
      resolve();
    };
    child.once("error", done);
    child.once("exit", done);
  });
  const diagnostics = () => (readIfThere(log) ?? "").trim().split("\n").slice(-4).join("\n  ");
  return {
    mustLive() {
      if (!living) throw new Problem(`${name} has ended; its last lines are\n  ${diagnostics()}`);
    },
    diagnostics,
    async end(signal) {
      if (living) child.kill(signal);
      await ended;
    },
  };
}
