/** Which Pulumi packages a program depends on: what their own package.json files say. */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";

export interface PulumiPackage {
  readonly name: string;
  readonly version: string;
  readonly server: string;
}

/** Every package with a resource provider in the node_modules of the program's folder and of those above it. */
export function requiredPackages(program: string): PulumiPackage[] {
  const found = new Map<string, PulumiPackage>();
  for (let folder = program; ; folder = dirname(folder)) {
    for (const manifest of manifests(join(folder, "node_modules"))) {
      const required = describe(JSON.parse(readFileSync(manifest, "utf8")));
      if (required && !found.has(required.name)) found.set(required.name, required);
    }
    if (dirname(folder) === folder) return [...found.values()];
  }
}

function manifests(modules: string): string[] {
  if (!existsSync(modules)) return [];
  const names = readdirSync(modules).filter((name) => !name.startsWith("."));
  const folders = names.flatMap((name) => {
    if (!name.startsWith("@")) return [join(modules, name)];
    return readdirSync(join(modules, name)).map((scoped) => join(modules, name, scoped));
  });
  return folders.map((folder) => join(folder, "package.json")).filter((path) => existsSync(path));
}

interface Manifest {
  name?: string;
  version?: string;
  pulumi?: { resource?: boolean; name?: string; version?: string; server?: string };
}

/** Undefined for a package without a resource provider. */
export function describe(manifest: Manifest): PulumiPackage | undefined {
  const { name, version, pulumi } = manifest;
  if (!pulumi?.resource || name === undefined) return undefined;
  return {
    name: pulumi.name ?? name.replace(/^@pulumi\//, ""),
    version: pulumi.version ?? version ?? "",
    server: pulumi.server ?? "",
  };
}
