#!/usr/bin/env node
/** The `gray` command as the package installs it. */
import { isTooOld, oldestNode } from "../components/node-version.ts";

const { versions, execPath } = process;
if (isTooOld(versions.node)) {
  console.error(
    `gray: it needs Node.js ${oldestNode} or newer, and ${execPath} is ${versions.node}: install Node.js 24.`,
  );
  process.exit(1);
}
// Imported only now: an older Node may end at what they import, and would not say why.
const { guardOutput } = await import("./output/output.ts");
const { runGray } = await import("./main.ts");
guardOutput();
await runGray();
