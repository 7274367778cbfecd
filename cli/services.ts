/** Finds the service that a command is about. */

import type { Command } from "commander";
import { serviceLabel, stackAnnotation } from "../components/names.ts";
import { UserError } from "../components/user-error.ts";
import { connect } from "../kubernetes/client.ts";
import { findAccess } from "../kubernetes/kubeconfig.ts";
import type { DeploymentObject } from "../kubernetes/objects/deployment.ts";
import { clusterListPath, listPath } from "../kubernetes/resources.ts";
import { clusterId, type DeployedService, releaseOf } from "../live/live.ts";
import { resources } from "../pulumi/pulumi.ts";
import { projectHere, projectOf } from "./options/project.ts";
import { knownServices } from "./stack-states.ts";
import { stackNames } from "./stacks.ts";

/** Which service a command is about. Each option narrows the choice. */
export interface ServiceOptions {
  readonly service?: string;
  readonly namespace?: string;
  /** Context of the kubeconfig. @default its current one */
  readonly context?: string;
}

/** Adds the options that choose a service. */
export function withServiceOptions(command: Command): Command {
  return command
    .option("--service <name>", "name of the service; required if there are several")
    .option("-n, --namespace <name>", "namespace of the service")
    .option("--context <name>", "context of the kubeconfig (default: the current one)");
}

/**
 * Finds the only service that matches the options, by the labels of its Deployments. Without a name and a namespace, in the folder of a
 * Pulumi project, only services of that project match, and of several only those that the stacks of the folder have.
 *
 * @throws UserError if no service matches, or more than one
 */
export async function findService(options: ServiceOptions): Promise<DeployedService> {
  const api = connect(findAccess({ context: options.context }));
  const [cluster, deployments] = await Promise.all([
    clusterId(api),
    api.list(
      options.namespace ? listPath("Deployment", options.namespace) : clusterListPath("Deployment"),
      `${serviceLabel}${options.service ? `=${options.service}` : ""}`,
    ),
  ]);
  const isNamed = options.service !== undefined || options.namespace !== undefined;
  const project = isNamed ? undefined : projectHere()?.name;
  const all = [...Map.groupBy(deployments, keyOf)];
  const ofProject = all.filter(
    ([, tracks]) => project === undefined || tracks.some((each) => ownerOf(each) === project),
  );
  const found = project !== undefined && ofProject.length > 1 ? await heldHere(ofProject, cluster) : ofProject;
  const [only, ...others] = found;
  if (only === undefined && all.length > 0) {
    const these = all.map(([key, [first]]) => `${key} of ${(first && ownerOf(first)) ?? "an unknown project"}`);
    throw new UserError(
      `The cluster has no service of the Pulumi project ${project} of this folder, only ${these.join(", ")}: install it with pulumi up of each stack, first of the one that owns canary, or choose another with --service and --namespace.`,
    );
  }
  if (only === undefined) {
    const where = options.namespace ? `namespace ${options.namespace}` : "the cluster";
    throw new UserError(
      `There is no service${options.service ? ` ${options.service}` : ""} under gray release in ${where}: install it with pulumi up of each stack, first of the one that owns canary, or choose another with --service and --namespace.`,
    );
  }
  if (others.length > 0) {
    throw new UserError(
      `There are several services (${found.map(([key]) => key).join(", ")}): choose one with --service and --namespace.`,
    );
  }
  const [key, ofService] = only;
  const [namespace = "", service = ""] = key.split("/");
  const byTrack = Object.fromEntries(ofService.map((deployment) => [deployment.metadata.labels?.track, deployment]));
  return { api, cluster, service, namespace, deployments: byTrack };
}

/** Milliseconds that the backend has to return the states of the stacks: an abort must not wait for it. */
const backendTimeoutMilliseconds = 10_000;

/**
 * Of several services of a project, those that the stacks of this folder have: two environments of a project may have the same cluster, each
 * with a folder of its own. All of them if that is not known.
 */
async function heldHere<T>(found: [string, T][], cluster: string): Promise<[string, T][]> {
  const signal = AbortSignal.timeout(backendTimeoutMilliseconds);
  const stacks = await stackNames(signal)
    .then((names) => Promise.all(names.map((stack) => resources({ stack, folder: ".", signal }))))
    .catch((error) => {
      if (error instanceof UserError) return [];
      throw error;
    });
  const known = stacks.flatMap(knownServices).filter((each) => each.cluster === cluster);
  const held = found.filter(([key]) => known.some(({ namespace, service }) => key === `${namespace}/${service}`));
  return held.length > 0 ? held : found;
}

/** Namespace and name of the service of a Deployment. */
function keyOf({ metadata }: DeploymentObject): string {
  return `${metadata.namespace}/${metadata.labels?.[serviceLabel]}`;
}

/** The Pulumi project of the stack that owns a Deployment. */
function ownerOf({ metadata }: DeploymentObject): string | undefined {
  return projectOf(metadata.annotations?.[stackAnnotation]);
}

/** Ids of all releases of the service that the cluster still knows, from its Deployments and their ReplicaSets. */
export async function releasesSeen({ api, namespace, service, deployments }: DeployedService): Promise<string[]> {
  const replicaSets = await api.list(listPath("ReplicaSet", namespace), `app=${service}`);
  const ids = [
    releaseOf(deployments.canary),
    releaseOf(deployments.stable),
    ...replicaSets.map((set) => set.metadata.labels?.release),
  ];
  return [...new Set(ids.filter((id) => id !== undefined))];
}
