/** A plugin must not outlive the Pulumi CLI that started it, not even one that was killed without a word. */
import { fstatSync } from "node:fs";

/**
 * The CLI holds the other end of a plugin's standard input and never writes to it, so its end is the CLI's end. (Watching
 * the parent's pid instead misses a CLI that ended before this process had a look.)
 */
export function endWithParent(end: () => void): void {
  if (!fstatSync(0).isFIFO()) return; // started by hand
  process.stdin.on("close", end);
  process.stdin.resume();
}
