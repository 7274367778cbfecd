/** Reads config files, and names the ConfigMaps that contain them. */
import { isUtf8 } from "node:buffer";
import { readdirSync, readFileSync, statSync } from "node:fs";
import { basename, join } from "node:path";
import type { asset } from "@pulumi/pulumi";
import { contentHash } from "./canonical.ts";
import { UserError } from "./user-error.ts";

/**
 * The content of a file: its text, or its bytes in base64 if it is no UTF-8 text. A ConfigMap has the former in `data`, the latter in
 * `binaryData`.
 *
 * @example
 * ```ts
 * const truststore: FileContent = { base64: readFileSync("truststore.p12", "base64") };
 * ```
 */
export type FileContent = string | { readonly base64: string };

/**
 * Files by name.
 *
 * @example
 * ```ts
 * const files: Files = { "app.conf": "level = info\n" };
 * ```
 */
export type Files = Record<string, FileContent>;

/**
 * Files that a release has together in one ConfigMap, mounted as files, as environment variables, or both.
 *
 * @example
 * ```ts
 * const set: FileSet = { files: filesIn("config/fop-gate"), mountPath: "/etc/fop-gate" };
 * ```
 */
export interface FileSet {
  /**
   * The files, for example from {@link filesIn} or {@link file}, or assets of Pulumi: FileAsset or StringAsset. At most 1 MiB with their
   * names.
   */
  readonly files: Readonly<Record<string, FileContent | asset.Asset>>;
  /** The folder in the containers where the files are mounted. Required without `env`. @default not mounted */
  readonly mountPath?: string;
  /**
   * Whether each file is an environment variable of its name, whose value is the text of the file. An `env` of the container with the same
   * name takes precedence.
   * @default false
   */
  readonly env?: boolean;
  /** Names of the containers that use it. @default the first container */
  readonly containers?: readonly string[];
}

/** The maximum size of a ConfigMap (core/v1 ConfigMap: data must not exceed 1 MiB). */
const maxBytes = 1_048_576;

/**
 * Reads all files of a folder, without subfolders. Symbolic links are followed.
 *
 * @throws UserError if the folder or a file cannot be read, or if the folder contains no file
 * @example
 * ```ts
 * const configFiles = { config: { files: filesIn("config/fop-gate"), mountPath: "/etc/fop-gate" } };
 * ```
 */
export function filesIn(folder: string): Files {
  const names = reading(folder, () => readdirSync(folder).sort()).filter((name) => {
    const path = join(folder, name);
    return reading(path, () => statSync(path).isFile());
  });
  if (names.length === 0)
    throw new UserError(
      `The config folder ${folder} contains no file: add the files, or remove the file set from the program.`,
    );
  return Object.fromEntries(names.flatMap((name) => Object.entries(file(join(folder, name)))));
}

/**
 * Reads one file, byte for byte. Its key is the file's own name, without the folder.
 *
 * @throws UserError if the file cannot be read
 * @example
 * ```ts
 * const files = file("config/log/applog.conf"); // { "applog.conf": "..." }
 * ```
 */
export function file(path: string): Files {
  return { [basename(path)]: contentOf(reading(path, () => readFileSync(path))) };
}

/**
 * The file sets with their assets read.
 *
 * @throws UserError if an asset cannot be read, or is neither a FileAsset nor a StringAsset
 * @example
 * ```ts
 * const sets = await readAssets({ config: { files: { "a.conf": new pulumi.asset.FileAsset("a.conf") }, mountPath: "/etc/web" } });
 * ```
 */
export async function readAssets(
  sets: Readonly<Record<string, FileSet>>,
): Promise<Record<string, FileSet & { readonly files: Files }>> {
  const read = async ([set, fileSet]: [string, FileSet]) => {
    const files = Object.entries(fileSet.files).map(
      async ([name, content]) => [name, await contentOfAsset(`configFiles.${set}.files.${name}`, content)] as const,
    );
    return [set, { ...fileSet, files: Object.fromEntries(await Promise.all(files)) }] as const;
  };
  return Object.fromEntries(await Promise.all(Object.entries(sets).map(read)));
}

async function contentOfAsset(at: string, content: FileContent | asset.Asset): Promise<FileContent> {
  if (!isAsset(content)) return content;
  // The program may have another copy of the SDK than this package, so `instanceof` would fail.
  const { text, path } = content as Partial<asset.StringAsset & asset.FileAsset>;
  if (text !== undefined) return text;
  if (path !== undefined) {
    const found = await path;
    return contentOf(reading(found, () => readFileSync(found)));
  }
  throw new UserError(
    `${at} is an asset whose content may change between two runs: download the file first and use a FileAsset.`,
  );
}

function contentOf(bytes: Buffer): FileContent {
  return isUtf8(bytes) ? bytes.toString("utf8") : { base64: bytes.toString("base64") };
}

/**
 * The files as a ConfigMap has them.
 *
 * @example
 * configMapData({ "a.conf": "x", "a.bin": { base64: "AAE=" } }) // { data: { "a.conf": "x" }, binaryData: { "a.bin": "AAE=" } }
 */
export function configMapData(files: Files): {
  data?: Record<string, string>;
  binaryData?: Record<string, string>;
} {
  // By entries, because a file may have the name __proto__.
  const entries = Object.entries(files);
  const texts = Object.fromEntries(
    entries.flatMap(([name, content]) => (typeof content === "string" ? [[name, content]] : [])),
  );
  const binaries = Object.fromEntries(
    entries.flatMap(([name, content]) => (typeof content === "string" ? [] : [[name, content.base64]])),
  );
  const hasBinaries = Object.keys(binaries).length > 0;
  return {
    ...((!hasBinaries || Object.keys(texts).length > 0) && { data: texts }),
    ...(hasBinaries && { binaryData: binaries }),
  };
}

/**
 * The files of a ConfigMap: the inverse of {@link configMapData}.
 *
 * @example filesOf({ data: { "a.conf": "x" } }) // { "a.conf": "x" }
 */
export function filesOf({
  data = {},
  binaryData = {},
}: {
  readonly data?: Readonly<Record<string, string>>;
  readonly binaryData?: Readonly<Record<string, string>>;
}): Files {
  const binaries = Object.entries(binaryData).map(([name, base64]) => [name, { base64 }] as const);
  return Object.fromEntries([...Object.entries(data), ...binaries]);
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
 * @example assertFits("web", "config", filesIn("config/web"))
 */
export function assertFits(service: string, set: string, files: Files): void {
  const bytes = Object.entries(files).reduce(
    (sum, [name, content]) => sum + Buffer.byteLength(name) + bytesOf(content),
    0,
  );
  if (bytes > maxBytes) {
    throw new UserError(
      `${service}: the config files of "${set}" are ${bytes} bytes together and a ConfigMap holds at most ${maxBytes} (1 MiB): split them into several file sets or ship them in the image.`,
    );
  }
}

/**
 * Whether a value is an asset of Pulumi, of any copy of the SDK (SDK: asset/asset.ts). `gray` does not load the SDK.
 *
 * @example isAsset(new pulumi.asset.StringAsset("a = 1")) // true
 */
export function isAsset(value: unknown): value is asset.Asset {
  return (value as { readonly __pulumiAsset?: unknown } | undefined | null)?.__pulumiAsset === true;
}

/**
 * Checks that no file is an asset, which only {@link readAssets} can read.
 *
 * @throws Error if one is
 * @example assertRead("config", { "app.conf": "a = 1" })
 */
export function assertRead(set: string, files: FileSet["files"]): asserts files is Files {
  const unread = Object.entries(files).find(([, content]) => isAsset(content));
  if (unread) throw new Error(`the asset configFiles.${set}.files.${unread[0]} has not been read`);
}

function bytesOf(content: FileContent): number {
  return typeof content === "string" ? Buffer.byteLength(content) : Buffer.byteLength(content.base64, "base64");
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
