import { execFileSync } from "node:child_process";
import { join } from "node:path";

const gray = join(import.meta.dirname, "../cli/checkout.ts");

/** Starts the sandbox, or finds it running, and makes its cluster and tools those of this process and its children. */
export function enterSandbox(): void {
  execFileSync(process.execPath, [gray, "sandbox", "up"], { stdio: ["ignore", "inherit", "inherit"] });
  const text = execFileSync(process.execPath, [gray, "sandbox", "env", "--json"], { encoding: "utf8" });
  Object.assign(process.env, JSON.parse(text));
}
