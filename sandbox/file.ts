/** Files that are either wholly the old ones or wholly the new ones, with the mode that their content deserves. */
import { chmodSync, mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";

/** Only root reads it: keys, passphrases, kubeconfigs. */
export const SECRET = 0o600;
export const PUBLIC = 0o644;
export const EXECUTABLE = 0o755;

/** Writes the file unless it holds just that already; says whether it wrote. */
export function writeFile(path: string, content: string, mode: number = PUBLIC): boolean {
  if (readIfThere(path) === content) {
    chmodSync(path, mode);
    return false;
  }
  mkdirSync(dirname(path), { recursive: true });
  const draft = `${path}.${process.pid}.new`;
  writeFileSync(draft, content, { mode });
  renameSync(draft, path);
  return true;
}

export function readIfThere(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    if (hasCode(error, "ENOENT", "ENOTDIR")) return undefined;
    throw error;
  }
}

/** Parses a JSON file; a missing or broken one is undefined. The caller checks the shape. */
export function readJson(path: string): unknown {
  const text = readIfThere(path);
  if (text === undefined) return undefined;
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

export function hasCode(error: unknown, ...codes: string[]): boolean {
  return error instanceof Error && "code" in error && codes.includes(String(error.code));
}
