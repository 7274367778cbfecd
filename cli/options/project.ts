import { existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { load } from "js-yaml";

/** The Pulumi project that a person stands in. */
export interface Project {
  readonly folder: string;
  readonly name: string;
}

/** The project of this folder, found here, else upwards; undefined outside of any. */
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
