import { readdirSync, readFileSync } from "node:fs";
import { basename, join } from "node:path";
import { contentHash } from "./canonical.ts";
import { UserError } from "./user-error.ts";

/** File name -> content. */
export type Files = Record<string, string>;

/** Files that a release mounts together as one ConfigMap. */
export interface FileSet {
  /** The files, e.g. from {@link filesIn} or {@link file}. */
  readonly files: Files;
  /** The folder in the containers that shows the files. */
  readonly mountPath: string;
  /** The containers that see it, by name. @default the first container */
  readonly containers?: readonly string[];
}

/** What the API server accepts in one ConfigMap (core/v1 ConfigMap: data must not exceed 1 MiB). */
const maxBytes = 1_048_576;

/**
 * All regular files of a folder, not those of folders in it.
 *
 * @example `{ files: filesIn("config/fop-gate"), mountPath: "/etc/fop-gate" }`
 * @throws Refusal if the folder cannot be read or holds no file
 */
export function filesIn(folder: string): Files {
  const names = reading(folder, () =>
    readdirSync(folder, { withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => entry.name)
      .sort(),
  );
  if (names.length === 0)
    throw new UserError(`The config folder ${folder} holds no file: put the files there or take the file set out.`);
  return Object.assign({}, ...names.map((name) => file(join(folder, name))));
}

/** One file under its own name. @throws Refusal if it cannot be read */
export function file(path: string): Files {
  return { [basename(path)]: reading(path, () => readFileSync(path, "utf8")) };
}

/**
 * The name of the ConfigMap with this content: `<service>-<set>-<hash>`. Other content is another name, so that a
 * ConfigMap never changes under a running pod and an older release finds its own files again.
 */
export function configMapName(service: string, set: string, files: Files): string {
  return `${service}-${set}-${contentHash(files, 10)}`;
}

/** @throws Refusal if the files do not fit into one ConfigMap */
export function assertFits(set: string, files: Files): void {
  const bytes = Object.entries(files).reduce(
    (sum, [name, text]) => sum + Buffer.byteLength(name) + Buffer.byteLength(text),
    0,
  );
  if (bytes > maxBytes) {
    throw new UserError(
      `The config files of "${set}" are ${bytes} bytes together and a ConfigMap holds at most ${maxBytes} (1 MiB): split them into several file sets or ship them in the image.`,
    );
  }
}

function reading<T>(path: string, read: () => T): T {
  try {
    return read();
  } catch (error) {
    const why =
      (error as NodeJS.ErrnoException).code === "ENOENT"
        ? "does not exist"
        : `cannot be read (${(error as Error).message})`;
    throw new UserError(`The config file ${path} ${why}: create it, or correct the path in the program.`);
  }
}
