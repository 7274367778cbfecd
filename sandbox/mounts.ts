/** What is mounted, and how to be rid of it. */
import { readFileSync } from "node:fs";
import { attempt } from "./command.ts";
import { Problem } from "./problem.ts";

/** Mount points at or below a folder, as /proc/<pid>/mountinfo lists them: innermost and latest last. */
export function mountsBelow(folder: string, mountinfo: string): string[] {
  return mountinfo
    .split("\n")
    .map((line) => line.split(" ")[4])
    .filter((point) => point !== undefined)
    .map((point) => point.replace(/\\([0-7]{3})/g, (_, octal: string) => String.fromCharCode(Number.parseInt(octal, 8))))
    .filter((point) => point === folder || point.startsWith(`${folder}/`));
}

export function readMounts(): string {
  return readFileSync("/proc/self/mountinfo", "utf8");
}

export function isMounted(point: string): boolean {
  return mountsBelow(point, readMounts()).includes(point);
}

export function unmountBelow(folder: string): void {
  const points = mountsBelow(folder, readMounts()).reverse();
  for (const point of points) {
    if (!attempt("umount", [point]).ok) attempt("umount", ["-l", point]);
  }
  const left = mountsBelow(folder, readMounts());
  if (left.length > 0) throw new Problem(`cannot unmount ${left.join(", ")}: see who uses it with \`fuser -m\``);
}
