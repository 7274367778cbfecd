/** Kernel settings that kubelet changes for the whole machine: noted before it starts, put back by `down`. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { hasCode, readIfThere, readJson, writeFile } from "./file.ts";
import type { Places } from "./places.ts";

/** From kubelet's setupKernelTunables. */
const TUNABLES = [
  "vm/overcommit_memory",
  "vm/panic_on_oom",
  "kernel/panic",
  "kernel/panic_on_oops",
  "kernel/keys/root_maxkeys",
  "kernel/keys/root_maxbytes",
];

/** In the run folder: a reboot brings the kernel's own values back, and `up` notes them anew. */
function notePath(at: Places): string {
  return join(at.run, "tunables.json");
}

export function noteTunables(at: Places): void {
  if (readJson(notePath(at)) !== undefined) return;
  const values = TUNABLES.map((name) => [name, (readIfThere(`/proc/sys/${name}`) ?? "").trim()]);
  writeFile(notePath(at), JSON.stringify(Object.fromEntries(values)));
}

export function restoreTunables(at: Places): void {
  const noted = readJson(notePath(at));
  if (typeof noted !== "object" || noted === null) return;
  for (const name of TUNABLES) {
    const value: unknown = Reflect.get(noted, name);
    if (typeof value !== "string" || value === "" || value === readIfThere(`/proc/sys/${name}`)?.trim()) continue;
    try {
      writeFileSync(`/proc/sys/${name}`, value);
    } catch (error) {
      if (!hasCode(error, "EACCES", "EROFS", "ENOENT")) throw error; // then kubelet could not change it either
    }
  }
}
