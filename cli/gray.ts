#!/usr/bin/env node
/** The `gray` command as the package installs it. */
import { isTooOld, oldestNode } from "../components/node-version.ts";

const { versions, execPath } = process;
if (isTooOld(versions.node)) {
  console.error(
    `gray: Node.js ${oldestNode} or newer is required, but ${execPath} is ${versions.node}: install Node.js 24.`,
  );
  process.exit(1);
}
// Imported only now: on an older Node.js an import may fail before the check above has printed its message.
const { guardOutput } = await import("./output/output.ts");
const { runGray } = await import("./main.ts");
guardOutput();
await runGray();
