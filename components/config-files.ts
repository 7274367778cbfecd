/** Reads config files, and names the ConfigMaps that contain them. */
import { readdirSync, readFileSync } from "node:fs";
import { basename, join } from "node:path";
import { contentHash } from "./canonical.ts";
import { UserError } from "./user-error.ts";

/**
 * Files by name. The value is the content of the file.
 *
 * @example
 * ```ts
 * const files: Files = { "app.conf": "level = info\n" };
 * ```
 */
export type Files = Record<string, string>;

/**
 * Files that a release mounts together as one ConfigMap.
 *
 * @example
 * ```ts
 * const set: FileSet = { files: filesIn("config/fop-gate"), mountPath: "/etc/fop-gate" };
 * ```
 */
export interface FileSet {
  /** The files, for example from {@link filesIn} or {@link file}. At most 1 MiB with their names. */
  readonly files: Files;
  /** The folder in the containers where the files are mounted. */
  readonly mountPath: string;
  /** Names of the containers that mount it. @default the first container */
  readonly containers?: readonly string[];
}

/** The maximum size of a ConfigMap (core/v1 ConfigMap: data must not exceed 1 MiB). */
const maxBytes = 1_048_576;

/**
 * Reads all regular files of a folder, without subfolders.
 *
 * @throws UserError if the folder cannot be read or contains no file
 * @example
 * ```ts
 * const configFiles = { config: { files: filesIn("config/fop-gate"), mountPath: "/etc/fop-gate" } };
 * ```
 */
export function filesIn(folder: string): Files {
  const names = reading(folder, () =>
    readdirSync(folder, { withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => entry.name)
      .sort(),
  );
  if (names.length === 0)
    throw new UserError(
      `The config folder ${folder} contains no file: add the files, or remove the file set from the program.`,
    );
  return Object.assign({}, ...names.map((name) => file(join(folder, name))));
}

/**
 * Reads one file. Its key is the file's own name, without the folder.
 *
 * @throws UserError if the file cannot be read
 * @example
 * ```ts
 * const files = file("config/log/applog.conf"); // { "applog.conf": "..." }
 * ```
 */
export function file(path: string): Files {
  return { [basename(path)]: reading(path, () => readFileSync(path, "utf8")) };
}

/**
 * The name of the ConfigMap with this content: `<service>-<set>-<hash>`. Other content has another name. So a ConfigMap never
 * changes under a running pod, and an older release still has its own files.
 *
 * @example
 * ```ts
 * configMapName("web", "config", { "app.conf": "a = 1" }) // "web-config-" and 10 hex digits
 * ```
 */
export function configMapName(service: string, set: string, files: Files): string {
  return `${service}-${set}-${contentHash(files, 10)}`;
}

/**
 * Checks that the files fit into one ConfigMap.
 *
 * @throws UserError if they exceed 1 MiB
 * @example assertFits("config", filesIn("config/fop-gate"))
 */
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
