/**
 * The cache of built tools: <cache>/tools/<tool>/<version>-<key>/bin, where the key is a hash of everything that decides
 * what is built. A folder is there whole or not at all.
 */
import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join, relative } from "node:path";
import type { Places } from "./places.ts";
import { type Build, commandsOf, type Tool } from "./tool.ts";

export function cachedBin(tool: Tool, at: Places): string {
  return join(cachedFolder(tool, at), "bin");
}

/** Where the files of `share` are. */
export function cachedShare(tool: Tool, at: Places): string {
  return join(cachedFolder(tool, at), "share");
}

export function cachedFolder(tool: Tool, at: Places): string {
  if (!tool.build) throw new Error(`${tool.name} is not built`);
  const key = recipeKey(tool.build, readSources(join(at.checkout, tool.build.module)), process.arch);
  return join(at.cache, "tools", tool.name, `${tool.version}-${key}`);
}

export function isCached(tool: Tool, at: Places): boolean {
  const bin = cachedBin(tool, at);
  return tool.build !== undefined && commandsOf(tool).every((command) => existsSync(join(bin, command)));
}

/** 12 hex digits over the build's flags and its sources (relative path -> content). */
export function recipeKey(build: Build, sources: ReadonlyMap<string, string>, architecture: string): string {
  const hash = createHash("sha256");
  const { commands, tags, ldflags, links, embed, share } = build;
  hash.update(JSON.stringify([architecture, commands, tags, ldflags, links, embed, ...(share ? [share] : [])]));
  for (const path of [...sources.keys()].sort()) hash.update(JSON.stringify([path, sources.get(path)]));
  return hash.digest("hex").slice(0, 12);
}

/** go.mod, go.sum and Go sources; tests do not change what is built. */
function readSources(module: string): Map<string, string> {
  const sources = new Map<string, string>();
  for (const entry of readdirSync(module, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile() || !/\.go$|^go\.(mod|sum)$/.test(entry.name) || entry.name.endsWith("_test.go")) continue;
    const path = join(entry.parentPath, entry.name);
    sources.set(relative(module, path), readFileSync(path, "utf8"));
  }
  return sources;
}
