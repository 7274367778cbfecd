/** What is mounted, and how to be rid of it. */
import { readFileSync } from "node:fs";
import { attempt } from "./command.ts";
import { Problem } from "./problem.ts";

/** All mount points, as /proc/<pid>/mountinfo lists them: innermost and latest last. */
export function mountPoints(mountinfo: string): string[] {
  return mountinfo
    .split("\n")
    .map((line) => line.split(" ")[4])
    .filter((point) => point !== undefined)
    .map((point) =>
      point.replace(/\\([0-7]{3})/g, (_, octal: string) => String.fromCharCode(Number.parseInt(octal, 8))),
    );
}

/** Strictly below: a folder that is a disk of its own is the user's doing, and stays mounted. */
export function mountsBelow(folder: string, mountinfo: string): string[] {
  return mountPoints(mountinfo).filter((point) => point.startsWith(`${folder}/`));
}

export function readMounts(): string {
  return readFileSync("/proc/self/mountinfo", "utf8");
}

export function isMounted(point: string): boolean {
  return mountPoints(readMounts()).includes(point);
}

export function unmount(point: string): void {
  if (!isMounted(point)) return;
  if (attempt("umount", [point]).ok || attempt("umount", ["-l", point]).ok) return;
  throw new Problem(`cannot unmount ${point}: see who uses it with \`fuser -m ${point}\``);
}

export function unmountBelow(folder: string): void {
  for (const point of mountsBelow(folder, readMounts()).reverse()) unmount(point);
}
