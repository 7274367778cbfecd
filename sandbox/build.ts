/**
 * Builds one tool from its published Go module: pinned by go.mod, checked by go.sum, static. An interrupted build goes on
 * where it was, because Go caches what it has compiled.
 */
import { spawn } from "node:child_process";
import {
  copyFileSync,
  createWriteStream,
  mkdirSync,
  readdirSync,
  renameSync,
  rmSync,
  statfsSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { basename, dirname, join } from "node:path";
import { cachedFolder } from "./cache.ts";
import { attempt, run } from "./command.ts";
import { readIfThere } from "./file.ts";
import type { Places } from "./places.ts";
import { Problem } from "./problem.ts";
import type { Build, Tool } from "./tool.ts";
import { atLeast, parseVersion } from "./version.ts";

/** containerd's own go.mod asks for it. */
const GO = atLeast("1.26.8");
/** Go's module and build caches for all the tools take about 13 GB; one tool alone up to 5 GB. */
const DISK_GIGABYTES = 6;

const GO_ENVIRONMENT = { CGO_ENABLED: "0", GOFLAGS: "-trimpath -buildvcs=false -mod=readonly", GOWORK: "off" };

export function requireGo(): void {
  const said = attempt("go", ["env", "GOVERSION"]);
  const version = said.ok ? parseVersion(said.output) : undefined;
  if (version && GO.holds(version)) return;
  throw new Problem(
    `${version ? `Go here is ${said.output.trim()}` : "there is no Go here"}, and building the sandbox's tools needs ${GO.text}: ` +
      "install it from your system's packages or go.dev, or do without the sandbox: point KUBECONFIG at any cluster (kind will do) " +
      "and install the official Pulumi CLI",
  );
}

export async function buildTool(tool: Tool, at: Places): Promise<void> {
  const build = tool.build;
  if (!build) throw new Error(`${tool.name} is not built`);
  const target = cachedFolder(tool, at);
  const shelf = dirname(target);
  mkdirSync(shelf, { recursive: true });
  requireDisk(shelf);
  removeDrafts(shelf);
  const draft = join(shelf, `.draft-${basename(target)}`);
  const bin = join(draft, "bin");
  mkdirSync(bin, { recursive: true });
  const module = join(at.checkout, build.module);
  const log = join(shelf, "build.log");
  const flags = goFlags(build, module, draft);
  for (const [command, source] of Object.entries(build.commands)) {
    await goBuild(tool.name, module, [...flags, "-o", join(bin, command), source], log);
  }
  for (const [link, command] of Object.entries(build.links ?? {})) symlinkSync(command, join(bin, link));
  if (build.share) copyFiles(join(moduleFolder(build.share.from, module), build.share.folder), join(draft, "share"));
  rmSync(target, { recursive: true, force: true });
  renameSync(draft, target);
}

function goFlags(build: Build, module: string, draft: string): string[] {
  const flags: string[] = [];
  if (build.tags) flags.push("-tags", build.tags);
  if (build.ldflags) flags.push("-ldflags", build.ldflags);
  if (build.embed) {
    // An overlay shows Go files in a folder where they are not: the checkout stays as it is.
    const from = moduleFolder(build.embed.from, module);
    const replace = Object.fromEntries(
      Object.entries(build.embed.files).map(([name, source]) => [join(module, name), join(from, source)]),
    );
    const overlay = join(draft, "overlay.json");
    writeFileSync(overlay, JSON.stringify({ Replace: replace }));
    flags.push("-overlay", overlay);
  }
  return flags;
}

function moduleFolder(path: string, module: string): string {
  const env = { ...process.env, ...GO_ENVIRONMENT };
  run("go", ["mod", "download", path], { cwd: module, env });
  return run("go", ["list", "-m", "-f", "{{.Dir}}", path], { cwd: module, env }).trim();
}

/** Not the folder itself: in Go's cache it is read-only. */
function copyFiles(from: string, to: string): void {
  mkdirSync(to, { recursive: true });
  for (const name of readdirSync(from)) copyFileSync(join(from, name), join(to, name));
}

function goBuild(name: string, module: string, args: readonly string[], log: string): Promise<void> {
  const output = createWriteStream(log);
  return new Promise((resolve, reject) => {
    const child = spawn("go", ["build", ...args], {
      cwd: module,
      env: { ...process.env, ...GO_ENVIRONMENT },
      stdio: ["ignore", "pipe", "pipe"],
    });
    child.stdout.pipe(output, { end: false });
    child.stderr.pipe(output, { end: false });
    child.on("error", reject);
    child.on("close", (code, killer) => {
      output.end(() => {
        if (code === 0) return resolve();
        const said = (readIfThere(log) ?? "").trim().split("\n").slice(-3).join(" / ");
        reject(new Problem(`building ${name} failed (${killer ?? `exit ${code}`}): ${said}; all of it is in ${log}`));
      });
    });
  });
}

function requireDisk(folder: string): void {
  const disk = statfsSync(folder);
  const free = (disk.bavail * disk.bsize) / 2 ** 30;
  if (free < DISK_GIGABYTES) {
    throw new Problem(
      `${folder} has ${free.toFixed(1)} GB free and a build needs ${DISK_GIGABYTES}: free some, or set XDG_CACHE_HOME and GOCACHE to a larger disk`,
    );
  }
}

/** What a killed build left; the caller holds the lock, so none is in use. */
function removeDrafts(shelf: string): void {
  for (const name of readdirSync(shelf)) {
    if (name.startsWith(".draft-")) rmSync(join(shelf, name), { recursive: true, force: true });
  }
}
