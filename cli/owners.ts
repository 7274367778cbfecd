import * as v from "valibot";
import { stackStateKey } from "../components/history.ts";
import { stackAnnotation } from "../components/names.ts";
import { mapOf } from "../components/schema.ts";
import type { Track } from "../components/traffic.ts";
import { UserError } from "../components/user-error.ts";
import { outputs } from "../pulumi/pulumi.ts";
import { projectHere, projectOf } from "./options/project.ts";
import type { FoundService } from "./services.ts";
import { wrongCluster } from "./stacks.ts";

/** The stacks that own a service's tracks, and the folder of their project. */
export interface Owners {
  readonly folder: string;
  /** Full names, where the track has a Deployment; the same one where it owns both. */
  readonly stacks: Partial<Record<Track, string>>;
  /** Ids of the releases that the stack of canary keeps, newest first; where its backend does not say, why not. */
  readonly storedReleases: readonly string[] | UserError;
}

/** Why the stacks cannot be run from here, a sentence for a person. */
export type Elsewhere = { readonly elsewhere: string };

/** Milliseconds that a backend has to say what a stack holds: whoever takes users off canary must not wait for it for long. */
const backendTimeoutMilliseconds = 10_000;

/** What a stack's outputs say of its services, as far as it is used here. */
const outputsSchema = v.object({
  releases: v.optional(mapOf(v.object({ cluster: v.string(), history: v.array(v.object({ id: v.string() })) })), {}),
});

/**
 * The owners of a service, as its Deployments name them, if this is the folder of their project. Stacks of one project have the
 * same names in every environment, so they have to remember this very service in this cluster too. A backend that does not answer
 * keeps nobody from the way back: users are taken off canary without it, and the `up` that follows says for itself what is wrong.
 */
export async function ownersOf(found: FoundService, command: string): Promise<Owners | Elsewhere> {
  const { cluster, namespace, service, deployments } = found;
  const owner = (track: Track) => deployments[track]?.metadata.annotations?.[stackAnnotation];
  const [canary, stable] = [owner("canary"), owner("stable")];
  const first = canary ?? stable;
  const project = projectOf(first);
  if (first === undefined || project === undefined) {
    return { elsewhere: "Which stacks own the Deployments is not known: pulumi up writes it on them." };
  }
  const ours = projectHere();
  if (ours?.name !== project) {
    return {
      elsewhere: `The stacks of ${service} are run in the folder of the Pulumi project ${project}: run ${command} beside its Pulumi.yaml.`,
    };
  }
  const { folder } = ours;
  const stacks = { ...(canary !== undefined && { canary }), ...(stable !== undefined && { stable }) };
  const answer = await outputs({ stack: first, folder, signal: AbortSignal.timeout(backendTimeoutMilliseconds) }).catch(
    (error) => {
      if (error instanceof UserError) return error;
      throw error;
    },
  );
  const isUnknown = answer instanceof UserError && answer.message.includes("no stack named");
  if (answer instanceof UserError && !isUnknown) return { folder, stacks, storedReleases: answer };
  const read = v.safeParse(outputsSchema, answer);
  const stackState = read.success ? read.output.releases[stackStateKey(namespace, service)] : undefined;
  if (stackState === undefined) {
    return {
      elsewhere: `Stack ${first}, as this folder's backend has it, does not hold ${service} of namespace ${namespace}: name yours with -n and --service, or log in to the backend that holds it (pulumi login); a first install is pulumi up of each stack.`,
    };
  }
  if (stackState.cluster !== cluster) {
    return { elsewhere: wrongCluster(first, stackState.cluster, cluster, "KUBECONFIG or --context") };
  }
  return { folder, stacks, storedReleases: stackState.history.map(({ id }) => id) };
}

/** @throws Refusal unless this is the folder of the project that owns the service */
export function assertRunsHere(owners: Owners | Elsewhere): Owners {
  if ("elsewhere" in owners) throw new UserError(owners.elsewhere);
  return owners;
}
