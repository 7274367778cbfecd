/** Serves the Pulumi package: its schema, and the component for programs in every language. */
import { provider } from "@pulumi/pulumi";
import { construct } from "./construct.ts";
import schema from "./schema.json" with { type: "json" };

/** Answers Pulumi's calls until Pulumi ends the process. */
export function serve(): Promise<void> {
  const served: provider.Provider = {
    version: schema.version,
    schema: JSON.stringify(schema),
    construct,
    cancel: interrupt,
  };
  return provider.main(served, process.argv.slice(2));
}

/** The first ^C: ends the waiting of the hooks (gate/interruptible.ts), as it does in a program. */
async function interrupt(): Promise<void> {
  process.emit("SIGINT");
}
