import { spawnSync } from "node:child_process";
import { join } from "node:path";
import type { AddOn } from "../sandbox/add-ons.ts";
import { sandboxEnvironment } from "../sandbox/env.ts";
import { places } from "../sandbox/places.ts";

/**
 * Starts the sandbox, or finds it running, and makes its cluster and tools those of this process and its children.
 *
 * @param addOns what it has to have; they stay with it
 */
export function enterSandbox(addOns: readonly AddOn[] = []): void {
  const gray = join(import.meta.dirname, "../cli/checkout.ts");
  const options = addOns.map((name) => `--${name}`);
  const { status } = spawnSync(process.execPath, [gray, "sandbox", "up", ...options], {
    stdio: ["ignore", "inherit", "inherit"],
  });
  // It has said why in one sentence.
  if (status !== 0) process.exit(1);
  Object.assign(process.env, sandboxEnvironment(places()));
}
