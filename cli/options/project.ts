/** Finds the Pulumi project of a folder and of a stack. */
import { existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { load } from "js-yaml";

/** A Pulumi project on this machine. */
export interface Project {
  readonly folder: string;
  readonly name: string;
}

/** The project of a folder: that of the nearest Pulumi.yaml in it or above. @param folder @default the current one */
export function projectHere(folder = process.cwd()): Project | undefined {
  const file = ["Pulumi.yaml", "Pulumi.yml"].map((name) => join(folder, name)).find((path) => existsSync(path));
  if (file !== undefined) {
    const { name } = (load(readFileSync(file, "utf8")) ?? {}) as { name?: unknown };
    return typeof name === "string" ? { folder, name } : undefined;
  }
  const parent = dirname(folder);
  return parent === folder ? undefined : projectHere(parent);
}

/** The project in the full name of a stack: `organization/project/stack`. */
export function projectOf(stack: string | undefined): string | undefined {
  return stack?.split("/").at(-2);
}
