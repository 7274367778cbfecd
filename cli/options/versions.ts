/** The versions of this package and of those that a program imports beside it. */

import { readFileSync } from "node:fs";
import { findPackageJSON } from "node:module";

/** The version of this package, and that of Pulumi's SDK that it depends on. */
export function packageVersions(): { readonly gray: string; readonly pulumi: string } {
  const path = findPackageJSON("..", import.meta.url);
  if (path === undefined) throw new Error("this package has no package.json");
  const { version, dependencies } = JSON.parse(readFileSync(path, "utf8")) as {
    readonly version: string;
    readonly dependencies: Readonly<Record<string, string>>;
  };
  return { gray: version, pulumi: dependencies["@pulumi/pulumi"] ?? "" };
}
