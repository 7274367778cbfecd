/** A home for Pulumi of the sandbox's own: local backend, own passphrase; the user's ~/.pulumi is never touched. */
import { randomBytes } from "node:crypto";
import { existsSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import { SECRET, writeFile } from "./file.ts";
import type { Places } from "./places.ts";

export function ensurePulumiHome(at: Places): void {
  mkdirSync(home(at), { recursive: true, mode: 0o700 });
  mkdirSync(backend(at), { recursive: true, mode: 0o700 });
  if (!existsSync(passphraseFile(at))) writeFile(passphraseFile(at), `${randomBytes(24).toString("base64url")}\n`, SECRET);
}

/** What makes a Pulumi CLI use that home. Without the official CLI there is nowhere to get plugins from, so none is looked for. */
export function pulumiEnvironment(at: Places, official: boolean): Record<string, string> {
  return {
    PULUMI_HOME: home(at),
    PULUMI_BACKEND_URL: `file://${backend(at)}`,
    PULUMI_CONFIG_PASSPHRASE_FILE: passphraseFile(at),
    PULUMI_SKIP_UPDATE_CHECK: "true",
    ...(official ? {} : { PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION: "true" }),
  };
}

function home(at: Places): string {
  return join(at.state, "pulumi", "home");
}

function backend(at: Places): string {
  return join(at.state, "pulumi", "stacks");
}

function passphraseFile(at: Places): string {
  return join(at.state, "pulumi", "passphrase");
}
