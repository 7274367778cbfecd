import { existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { load } from "js-yaml";
import { stackAnnotation } from "../components/names.ts";
import { Refusal } from "../components/refusal.ts";
import type { Track } from "../components/traffic.ts";
import type { FoundService } from "./services.ts";

/** The stacks that own a service's tracks, and the folder of their project. */
export interface Owners {
  readonly folder: string;
  /** Full names, where the track has a Deployment; the same one where it owns both. */
  readonly stacks: Partial<Record<Track, string>>;
}

/** Why the stacks cannot be run from here, a sentence for a person. */
export type Elsewhere = { readonly elsewhere: string };

/** The owners of a service, as its Deployments name them, if this is the folder of their project. */
export function ownersOf({ service, deployments }: FoundService, verb: string): Owners | Elsewhere {
  const owner = (track: Track) => deployments[track]?.metadata.annotations?.[stackAnnotation];
  const [canary, stable] = [owner("canary"), owner("stable")];
  const project = (canary ?? stable)?.split("/").at(-2);
  if (project === undefined) {
    return { elsewhere: "Which stacks own the Deployments is not known: pulumi up writes it on them." };
  }
  const folder = projectFolder(process.cwd());
  if (folder === undefined || nameOf(folder) !== project) {
    return {
      elsewhere: `The stacks of ${service} are run in the folder of the Pulumi project ${project}: run ${verb} beside its Pulumi.yaml.`,
    };
  }
  return { folder, stacks: { ...(canary !== undefined && { canary }), ...(stable !== undefined && { stable }) } };
}

/** @throws Refusal unless this is the folder of the project that owns the service */
export function here(owners: Owners | Elsewhere): Owners {
  if ("elsewhere" in owners) throw new Refusal(owners.elsewhere);
  return owners;
}

/** The folder with the project file, found as Pulumi finds it: here, else upwards. */
function projectFolder(folder: string): string | undefined {
  if (existsSync(join(folder, "Pulumi.yaml"))) return folder;
  const parent = dirname(folder);
  return parent === folder ? undefined : projectFolder(parent);
}

function nameOf(folder: string): unknown {
  return (load(readFileSync(join(folder, "Pulumi.yaml"), "utf8")) as { name?: unknown } | undefined)?.name;
}
