/** Finds the stacks that own a service, and whether they can run in the current folder. */
import { stackAnnotation } from "../components/names.ts";
import type { Track } from "../components/traffic.ts";
import { UserError } from "../components/user-error.ts";
import type { DeployedService } from "../live/live.ts";
import { resources } from "../pulumi/pulumi.ts";
import { projectHere, projectOf } from "./options/project.ts";
import { knownServices } from "./stack-states.ts";
import { wrongCluster } from "./stacks.ts";

/** The stacks that own the tracks of a service, and the folder of their project. */
export interface Owners {
  readonly folder: string;
  /** Full names, for tracks that have a Deployment. One stack may own both tracks. */
  readonly stacks: Partial<Record<Track, string>>;
  /** Ids of the releases in the outputs that an older version exported, newest first. @default none */
  readonly exported?: readonly string[];
  /** Why the backend of the stacks does not answer; absent if it does. */
  readonly unanswered?: UserError;
}

/** Why the stacks cannot run in this folder, as a sentence for the user. */
export type Elsewhere = { readonly elsewhere: string };

/** Milliseconds that the backend has to return the state of a stack. Short, because an abort must not wait for it. */
const backendTimeoutMilliseconds = 10_000;

/**
 * The stacks that the Deployments of a service name as their owners, if this is the folder of their project. Stacks of one project
 * have the same names in every environment, so their state must have this service in this cluster too. If the Pulumi backend does
 * not answer in time, abort goes on without it: it takes users off canary, and the `up` of the rollback then reports the problem.
 *
 * @param command as the user types it, for the message
 */
export async function ownersOf(found: DeployedService, command: string): Promise<Owners | Elsewhere> {
  const { cluster, namespace, service, deployments } = found;
  const owner = (track: Track) => deployments[track]?.metadata.annotations?.[stackAnnotation];
  const [canary, stable] = [owner("canary"), owner("stable")];
  const first = canary ?? stable;
  const project = projectOf(first);
  if (first === undefined || project === undefined) {
    return {
      elsewhere: `The Deployments of ${service} in namespace ${namespace} do not name the stacks that own them: run pulumi up of each stack once.`,
    };
  }
  const ours = projectHere();
  if (ours?.name !== project) {
    return {
      elsewhere: `The stacks of ${service} belong to the Pulumi project ${project}: run ${command} in the folder of its Pulumi.yaml.`,
    };
  }
  const { folder } = ours;
  const stacks = { ...(canary !== undefined && { canary }), ...(stable !== undefined && { stable }) };
  const signal = AbortSignal.timeout(backendTimeoutMilliseconds);
  const answer = await resources({ stack: first, folder, signal }).catch((error) => {
    if (error instanceof UserError) return error;
    throw error;
  });
  const isUnknown = answer instanceof UserError && answer.message.includes("no stack named");
  if (answer instanceof UserError && !isUnknown) return { folder, stacks, unanswered: answer };
  const known = answer instanceof UserError ? [] : knownServices(answer);
  const stackState = known.find((each) => each.service === service && each.namespace === namespace);
  if (stackState === undefined) {
    return {
      elsewhere: `Stack ${first} in the backend of this folder does not have ${service} of namespace ${namespace}: choose another service with -n and --service, log in to the right backend (pulumi login), or install the service with pulumi up of each stack.`,
    };
  }
  if (stackState.cluster !== cluster) {
    return { elsewhere: wrongCluster(first, stackState.cluster, cluster, "KUBECONFIG or --context") };
  }
  return { folder, stacks, ...(stackState.exported && { exported: stackState.exported }) };
}

/** @throws UserError unless this is the folder of the project that owns the service */
export function assertRunsHere(owners: Owners | Elsewhere): Owners {
  if ("elsewhere" in owners) throw new UserError(owners.elsewhere);
  return owners;
}
