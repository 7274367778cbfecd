/**
 * A home for Pulumi of the sandbox's own: local backend, own passphrase, and, where there is no official CLI, our CLI with
 * its plugins laid out as an installation has them (so that it does not warn of each on every run). The user's ~/.pulumi
 * is never touched.
 */
import { randomBytes } from "node:crypto";
import {
  copyFileSync,
  existsSync,
  linkSync,
  mkdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
} from "node:fs";
import { dirname, join } from "node:path";
import { EXECUTABLE, hasCode, SECRET, writeFile } from "./file.ts";
import type { Places } from "./places.ts";
import { quote } from "./shell.ts";
import { commandPath, type Found, hasOfficialPulumi } from "./toolchain.ts";

export function ensurePulumiHome(at: Places, found: readonly Found[]): void {
  const official = hasOfficialPulumi(found);
  for (const folder of [home(at, official), backend(at), temporary(at)])
    mkdirSync(folder, { recursive: true, mode: 0o700 });
  if (!existsSync(passphraseFile(at)))
    writeFile(passphraseFile(at), `${randomBytes(24).toString("base64url")}\n`, SECRET);
  if (official) return;
  // The CLI looks for the language host beside its own real file, so a symbolic link to the cache would not do.
  placeFile(commandPath(found, "pulumi"), join(pulumiFolder(at), "pulumi"));
  placeLink(commandPath(found, "pulumi-language-nodejs"), join(pulumiFolder(at), "pulumi-language-nodejs"));
  for (const [name, npm] of [
    ["kubernetes", "@pulumi/kubernetes"],
    ["random", "@pulumi/random"],
  ] as const) {
    // Filed under the version that the program asks for, and reports it, since Pulumi warns of another one at every run.
    const version = installedVersion(at, npm);
    const folder = join(home(at, official), "plugins", `resource-${name}-v${version}`);
    const environment = { TMPDIR: temporary(at), SANDBOX_WANTED_VERSION: version };
    placePlugin(commandPath(found, `pulumi-resource-${name}`), join(folder, `pulumi-resource-${name}`), environment);
  }
}

/** What makes a Pulumi CLI use that home. Without the official CLI there is nowhere to get plugins from, so none is looked for. */
export function pulumiEnvironment(at: Places, official: boolean): Record<string, string> {
  return {
    PULUMI_HOME: home(at, official),
    PULUMI_BACKEND_URL: `file://${backend(at)}`,
    PULUMI_CONFIG_PASSPHRASE_FILE: passphraseFile(at),
    PULUMI_SKIP_UPDATE_CHECK: "true",
    ...(official ? {} : { PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION: "true" }),
  };
}

/** The folder of our CLI, for PATH. */
export function pulumiFolder(at: Places): string {
  return join(at.state, "pulumi", "bin");
}

/** The official CLI has a home of its own: in ours its stand-ins are filed under the versions of the official plugins. */
function home(at: Places, official: boolean): string {
  return join(at.state, "pulumi", official ? "home-official" : "home");
}

function backend(at: Places): string {
  return join(at.state, "pulumi", "stacks");
}

/** Where plugins put temporary files: the Kubernetes one leaves a copy of the kubeconfig there on each start. */
function temporary(at: Places): string {
  return join(at.state, "pulumi", "tmp");
}

/**
 * It outlives `down`: `pulumi stack init` writes a salt that fits it into Pulumi.<stack>.yaml, and the next sandbox must
 * still fit that file.
 */
function passphraseFile(at: Places): string {
  return join(at.cache, "passphrase");
}

function installedVersion(at: Places, npm: string): string {
  return JSON.parse(readFileSync(join(at.checkout, "node_modules", npm, "package.json"), "utf8")).version;
}

function placeLink(source: string, target: string): void {
  mkdirSync(dirname(target), { recursive: true });
  rmSync(target, { force: true });
  symlinkSync(source, target);
}

function placePlugin(source: string, target: string, environment: Readonly<Record<string, string>>): void {
  const set = Object.entries(environment).map(([name, value]) => `${name}=${quote(value)}`);
  writeFile(target, `#!/bin/sh\n${set.join(" ")} exec ${quote(source)} "$@"\n`, EXECUTABLE);
}

/** A hard link, or a copy where source and target are on different disks. */
function placeFile(source: string, target: string): void {
  const [wanted, there] = [statSync(source), statSync(target, { throwIfNoEntry: false })];
  if (there?.size === wanted.size && there.mtimeMs === wanted.mtimeMs) return;
  mkdirSync(dirname(target), { recursive: true });
  rmSync(target, { force: true });
  try {
    linkSync(source, target);
  } catch (error) {
    if (!hasCode(error, "EXDEV", "EPERM")) throw error;
    copyFileSync(source, target);
    utimesSync(target, wanted.atime, wanted.mtime);
  }
}
