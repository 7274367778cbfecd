/**
 * Where to get each tool that the sandbox and the demo need (tools.ts): from PATH when a fitting one is there, else from
 * the cache, else built from its published Go module.
 */
import { existsSync } from "node:fs";
import { delimiter, join, sep } from "node:path";
import { buildTool, requireGo } from "./build.ts";
import { cachedBin, cachedShare, isCached } from "./cache.ts";
import { attempt } from "./command.ts";
import { withLock } from "./lock.ts";
import type { Places } from "./places.ts";
import { Problem } from "./problem.ts";
import { runStages, type Stage } from "./progress.ts";
import { commandsOf, type OnPath, type Tool } from "./tool.ts";
import { KUBECTL, ON_DEMAND, TOOLS } from "./tools.ts";
import { parseVersion } from "./version.ts";

/** Where each tool is, or is to be. */
export interface Found {
  readonly tool: Tool;
  readonly from: "PATH" | "cache" | "checkout" | "build";
  /** The folder with its commands; for a tool from PATH, that of its first command. */
  readonly folder: string;
}

/** Looks, and changes nothing. */
export function findTools(at: Places, path: string = process.env.PATH ?? ""): Found[] {
  const folders = foreignFolders(path, at);
  const found = TOOLS.map((tool) => findTool(tool, at, folders));
  // The official CLI installs the plugins that a program asks for by itself.
  return hasOfficialPulumi(found) ? found.filter((one) => one.tool.part !== "pulumi" || one.from === "PATH") : found;
}

/** Those of {@link ON_DEMAND} that bring these commands. Looks, and changes nothing. */
export function findOnDemand(commands: readonly string[], at: Places): Found[] {
  const wanted = ON_DEMAND.filter((tool) => commandsOf(tool).some((command) => commands.includes(command)));
  return wanted.map((tool) => findTool(tool, at, []));
}

/** The user has a Pulumi CLI of their own, and it will do. */
export function hasOfficialPulumi(found: readonly Found[]): boolean {
  return found.some((one) => one.tool.name === "pulumi" && one.from === "PATH");
}

function findTool(tool: Tool, at: Places, folders: readonly string[]): Found {
  const onPath = tool.onPath && lookOnPath(tool.onPath, folders);
  if (onPath) return { tool, from: "PATH", folder: onPath };
  if (tool.folder) return { tool, from: "checkout", folder: join(at.checkout, tool.folder) };
  return { tool, from: isCached(tool, at) ? "cache" : "build", folder: cachedBin(tool, at) };
}

/** PATH without our own folders: after `eval "$(gray sandbox env)"` our tools must not pass for the user's. */
export function foreignFolders(path: string, at: Places): string[] {
  const own = [at.cache, at.state, at.checkout].map((root) => join(root, sep));
  return path
    .split(delimiter)
    .filter((folder) => folder !== "" && !own.some((root) => `${folder}${sep}`.startsWith(root)));
}

/** The folder of the first command, where all are there and the version fits. */
export function lookOnPath(wanted: OnPath, folders: readonly string[]): string | undefined {
  const homes = wanted.commands.map((command) => folders.find((folder) => existsSync(join(folder, command))));
  const home = homes[0];
  if (home === undefined || homes.includes(undefined)) return undefined;
  if (!wanted.version) return home;
  const said = attempt(join(home, wanted.commands[0]), wanted.version.args);
  const version = parseVersion(said.output);
  return version && wanted.version.fits.holds(version) ? home : undefined;
}

/** One stage for each tool that must be built. Several set-ups at once build one after the other. */
export function buildStages(found: readonly Found[], at: Places): Stage[] {
  const missing = found.filter((one) => one.from === "build").map((one) => one.tool);
  return missing.map((tool) => ({
    title: `build ${tool.name} ${tool.version}`,
    expectSeconds: tool.expectSeconds,
    run: async (say) => {
      requireGo();
      await withLock(
        join(at.cache, "tools", "lock"),
        async () => {
          if (!isCached(tool, at)) await buildTool(tool, at);
        },
        { onWait: (holder) => say(`process ${holder.pid} is building; waiting for it`) },
      );
    },
  }));
}

/** The absolute path of a command of {@link ON_DEMAND}; its tool is built first where it is not there yet. */
export async function onDemandCommand(command: string, at: Places): Promise<string> {
  const found = findOnDemand([command], at);
  await runStages(buildStages(found, at));
  return commandPath(found, command);
}

/** The folder with the files that the tool of a command of {@link ON_DEMAND} brings beside its commands. */
export function onDemandShare(command: string, at: Places): string {
  const [found] = findOnDemand([command], at);
  if (found === undefined) throw new Error(`no tool on demand brings ${command}`);
  return cachedShare(found.tool, at);
}

/** The absolute path of a command among the found tools. */
export function commandPath(found: readonly Found[], command: string): string {
  for (const one of found) {
    const path = join(one.folder, command);
    if (commandsOf(one.tool).includes(command) && existsSync(path)) return path;
  }
  throw new Problem(`${command} is not there yet: run \`npm run sandbox -- up\``);
}

/** The folders of ours that belong on a user's PATH, before theirs. */
export function toolFolders(found: readonly Found[], theirs: readonly string[]): string[] {
  const kubectlIsThere = lookOnPath(KUBECTL, theirs) !== undefined;
  return found
    .filter((one) => one.from !== "PATH" && one.tool.part !== "pulumi")
    .filter((one) => !(one.tool.name === "kube" && kubectlIsThere))
    .map((one) => one.folder);
}
