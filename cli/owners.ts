import { stackAnnotation } from "../components/names.ts";
import { Refusal } from "../components/refusal.ts";
import type { Track } from "../components/traffic.ts";
import { projectHere, projectOf } from "./project.ts";
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
  const project = projectOf(canary ?? stable);
  if (project === undefined) {
    return { elsewhere: "Which stacks own the Deployments is not known: pulumi up writes it on them." };
  }
  const ours = projectHere();
  if (ours?.name !== project) {
    return {
      elsewhere: `The stacks of ${service} are run in the folder of the Pulumi project ${project}: run ${verb} beside its Pulumi.yaml.`,
    };
  }
  const { folder } = ours;
  return { folder, stacks: { ...(canary !== undefined && { canary }), ...(stable !== undefined && { stable }) } };
}

/** @throws Refusal unless this is the folder of the project that owns the service */
export function here(owners: Owners | Elsewhere): Owners {
  if ("elsewhere" in owners) throw new Refusal(owners.elsewhere);
  return owners;
}
