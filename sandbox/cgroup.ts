/**
 * The control group that holds every process of the sandbox: components, containerd's shims, pods. Membership is inherited
 * and cannot be lost, so this is how `down` finds all of them and no others.
 */
import { existsSync, mkdirSync, readdirSync, rmdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { readIfThere } from "./file.ts";
import { readMounts } from "./mounts.ts";
import { CGROUP } from "./places.ts";
import { Problem } from "./problem.ts";

const ROOT = "/sys/fs/cgroup";

/** One folder per hierarchy: one in cgroup v2; in v1 one for each controller, and where v2 is there besides, its one too. */
export function hierarchies(mountinfo: string = readMounts()): string[] {
  if (existsSync(join(ROOT, "cgroup.controllers"))) return [ROOT];
  const mounted = mountinfo
    .split("\n")
    .filter((line) => / - cgroup2? /.test(line))
    .map((line) => line.split(" ")[4])
    .filter((point) => point !== undefined);
  if (mounted.length === 0)
    throw new Problem(
      `no control groups are mounted at ${ROOT}, and the sandbox's pods need them: mount them, or use another machine or a cluster of your own`,
    );
  return mounted;
}

/** Where membership is kept: the only hierarchy of v2, `pids` in v1. */
function tracking(): string {
  const all = hierarchies();
  return all.find((folder) => folder.endsWith("/pids")) ?? all[0] ?? ROOT;
}

/** Makes the group of all pods, which kubelet expects to find, in every hierarchy. */
export function ensureCgroups(): void {
  for (const hierarchy of hierarchies()) {
    const folder = join(hierarchy, CGROUP);
    mkdirSync(folder, { recursive: true });
    if (hierarchy !== ROOT) continue;
    // v2: controllers reach the children only where the parent passes them on.
    const controllers = (readIfThere(join(ROOT, "cgroup.controllers")) ?? "").trim().split(/\s+/).filter(Boolean);
    for (const parent of [ROOT, folder]) {
      for (const controller of controllers) writeFileSync(join(parent, "cgroup.subtree_control"), `+${controller}`);
    }
  }
}

/** The file that a process writes its pid to in order to join the group of one component. */
export function componentMembers(component: string): string {
  const folder = join(tracking(), CGROUP, "components", component);
  mkdirSync(folder, { recursive: true });
  return join(folder, "cgroup.procs");
}

/** What a command line begins with for its process to be in the group of one component from its first moment on, so that no child escapes. */
export function joining(component: string): string[] {
  return ["/bin/sh", "-c", 'echo $$ >"$1" && shift && exec "$@"', "sh", componentMembers(component)];
}

/** Every process of the sandbox. */
export function members(): number[] {
  return membersOf(join(tracking(), CGROUP));
}

/** Those that are in pods. */
export function podProcesses(): number[] {
  return membersOf(join(tracking(), CGROUP, "kubepods"));
}

function membersOf(folder: string): number[] {
  const own = (readIfThere(join(folder, "cgroup.procs")) ?? "").split("\n").filter(Boolean).map(Number);
  return [...own, ...subfolders(folder).flatMap((entry) => membersOf(join(folder, entry)))];
}

/** Ends every process of the sandbox. Repeats because a dying parent may still have started another. */
export async function killMembers(): Promise<void> {
  for (let round = 0; round < 200; round++) {
    const alive = members();
    if (alive.length === 0) return;
    for (const pid of alive) {
      try {
        process.kill(pid, "SIGKILL");
      } catch {
        // ended by itself meanwhile
      }
    }
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Problem(
    `these processes of the sandbox do not end: ${members().join(", ")}; see what they wait for with \`ps -o pid,stat,wchan,args -p ${members().join()}\`, and restart the machine if their STAT is D`,
  );
}

export function removeCgroups(): void {
  const remove = (folder: string) => {
    for (const entry of subfolders(folder)) remove(join(folder, entry));
    rmdirSync(folder);
  };
  for (const hierarchy of hierarchies()) {
    const folder = join(hierarchy, CGROUP);
    if (existsSync(folder)) remove(folder);
  }
}

function subfolders(folder: string): string[] {
  if (!existsSync(folder)) return [];
  return readdirSync(folder, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map((entry) => entry.name);
}
