/** The environment in which Pulumi, kubectl and `gray` work on the sandbox, as lines for a shell's eval. */
import { delimiter, join } from "node:path";
import { addOnUrl, standingAddOns } from "./add-ons.ts";
import { readOwner } from "./owner.ts";
import { kubeconfigPath, type Places } from "./places.ts";
import { pulumiEnvironment, pulumiFolder } from "./pulumi-home.ts";
import { quote } from "./shell.ts";
import { findTools, foreignFolders, hasOfficialPulumi, toolFolders } from "./toolchain.ts";

export function sandboxEnvironment(at: Places, path: string = process.env.PATH ?? ""): Record<string, string> {
  const found = findTools(at, path);
  const official = hasOfficialPulumi(found);
  const theirs = foreignFolders(path, at);
  const ours = [
    // The Node that strips types.
    join(at.checkout, "node_modules", ".bin"),
    ...(official ? [] : [pulumiFolder(at)]),
    ...toolFolders(found, theirs),
  ];
  return {
    KUBECONFIG: kubeconfigPath(at),
    PATH: [...ours, ...theirs].join(delimiter),
    NODE_COMPILE_CACHE: join(at.cache, "node-compile"),
    ...pulumiEnvironment(at, official),
    ...addOnEnvironment(at),
  };
}

/** Where each add-on is reached: GRAY_SANDBOX_GATEWAY, GRAY_SANDBOX_PROMETHEUS. */
function addOnEnvironment(at: Places): Record<string, string> {
  const link = readOwner(at)?.link;
  if (link === undefined) return {};
  return Object.fromEntries(
    standingAddOns(at).map((name) => [`GRAY_SANDBOX_${name.toUpperCase()}`, addOnUrl(name, link)]),
  );
}

export function exportLines(environment: Readonly<Record<string, string>>): string {
  return Object.entries(environment)
    .map(([name, value]) => `export ${name}=${quote(value)}\n`)
    .join("");
}
