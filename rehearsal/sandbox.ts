import { execFileSync } from "node:child_process";
import { join } from "node:path";
import { sandboxEnvironment } from "../sandbox/env.ts";
import { places } from "../sandbox/places.ts";

/** Starts the sandbox, or finds it running, and makes its cluster and tools those of this process and its children. */
export function enterSandbox(): void {
  const gray = join(import.meta.dirname, "../cli/checkout.ts");
  execFileSync(process.execPath, [gray, "sandbox", "up"], { stdio: ["ignore", "inherit", "inherit"] });
  Object.assign(process.env, sandboxEnvironment(places()));
}
