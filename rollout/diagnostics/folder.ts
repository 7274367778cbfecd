/** The folder of diagnostics on this machine. */
import { mkdir, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { nameInPath, pathOf } from "../../border/path.ts";
import type { DiagnosticFile } from "../../record/diagnostics-store.ts";

/** Writes the files into a new folder and returns its path. If the folder exists, it creates one beside it. */
export async function writeFolder(
  folder: string,
  names: readonly string[],
  files: readonly DiagnosticFile[],
): Promise<string> {
  const made = await makeFolder(join(folder, pathOf(...names)));
  await Promise.all(
    files.map(({ name, text }) => writeFile(join(made, nameInPath(name)), text, { flag: "wx", mode: 0o600 })),
  );
  return made;
}

async function makeFolder(path: string): Promise<string> {
  await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  for (let place = 1; ; place++) {
    const made = place === 1 ? path : `${path}-${place}`;
    try {
      await mkdir(made, { mode: 0o700 });
      return made;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
    }
  }
}
