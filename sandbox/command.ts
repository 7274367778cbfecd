/** Runs a short command to its end. Long-lived processes are `process.ts`. */
import { spawnSync } from "node:child_process";
import { Problem } from "./problem.ts";

export interface CommandOptions {
  readonly input?: string;
  readonly env?: Readonly<Record<string, string | undefined>>;
  readonly cwd?: string;
}

export interface Result {
  readonly ok: boolean;
  readonly output: string;
  readonly errors: string;
}

/** The outcome, whatever it is. */
export function attempt(command: string, args: readonly string[], options: CommandOptions = {}): Result {
  const ended = spawnSync(command, args, {
    input: options.input ?? "",
    encoding: "utf8",
    maxBuffer: 64 << 20,
    ...(options.env ? { env: options.env } : {}),
    ...(options.cwd ? { cwd: options.cwd } : {}),
  });
  return {
    ok: ended.status === 0,
    output: ended.stdout ?? "",
    errors: ended.error ? ended.error.message : (ended.stderr ?? ""),
  };
}

/** The standard output; a failure is a Problem that quotes the command's own words. */
export function run(command: string, args: readonly string[], options: CommandOptions = {}): string {
  const result = attempt(command, args, options);
  if (!result.ok) {
    const said = (result.errors || result.output).trim().split("\n").slice(-3).join(" / ");
    throw new Problem(`${[command, ...args].join(" ")} failed: ${said || "it said nothing"}`);
  }
  return result.output;
}
