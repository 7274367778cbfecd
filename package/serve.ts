/** Serves the Pulumi package: its schema, and the component for programs in every language. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { provider } from "@pulumi/pulumi";
import { construct } from "./construct.ts";

/** Answers Pulumi's calls until Pulumi ends the process. */
export function serve(): Promise<void> {
  const schema = readFileSync(join(import.meta.dirname, "schema.json"), "utf8");
  const { version } = JSON.parse(schema) as { version: string };
  return provider.main({ version, schema, construct, cancel: interrupt }, process.argv.slice(2));
}

/** The first ^C: ends the waiting of the hooks (gate/interruptible.ts), as it does in a program. */
async function interrupt(): Promise<void> {
  process.emit("SIGINT");
}
