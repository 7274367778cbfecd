import { deploymentSelector } from "../components/names.ts";
import { Refusal } from "../components/refusal.ts";
import { type ServiceArgs, tracksOf } from "../components/service-args.ts";
import { sameLabels, showLabels } from "./labels.ts";
import type { Live } from "./live.ts";
import type { Memories } from "./memory.ts";

/**
 * Whether this stack may build on what stands in the cluster.
 *
 * 1. The namespace exists; it is never ours to make.
 * 2. A live Deployment of an owned track has the selector that this program gives it, which nothing can change.
 * 3. It was made by this program.
 *
 * @param context of the kubeconfig, for the sentence
 * @throws Refusal for the first of these that does not hold
 */
export function assertGround(service: string, args: ServiceArgs, live: Live, context: string | undefined): void {
  const { namespace } = args;
  if (!live.namespaceExists) {
    throw new Refusal(
      `Namespace ${namespace} does not exist in the cluster${context ? ` of context ${context}` : ""}: create it with kubectl create namespace ${namespace}, or correct the namespace in the configuration.`,
    );
  }
  for (const track of tracksOf(args)) {
    const deployment = live.deployments[track];
    if (!deployment) continue;
    const name = `Deployment ${deployment.metadata.name} in namespace ${namespace}`;
    const [found, wanted] = [deployment.spec.selector.matchLabels ?? {}, deploymentSelector(service, track)];
    if (!sameLabels(found, wanted)) {
      throw new Refusal(
        `${name} selects ${showLabels(found)} and this program ${showLabels(wanted)}: a selector cannot be changed on a live Deployment, so take another service name, or remove that Deployment yourself.`,
      );
    }
    if (deployment.metadata.labels?.["gray-release/service"] !== service) {
      throw new Refusal(
        `${name} was not made by this program: take another service name, or remove that Deployment yourself.`,
      );
    }
  }
}

/**
 * Whether this stack is the one that made what is live: it remembers this cluster, and its releases.
 *
 * @throws Refusal if it is not
 */
export function assertKnown(service: string, args: ServiceArgs, live: Live, memories: Memories, stack: string): void {
  const { own } = memories;
  if (own && own.cluster !== live.cluster) {
    throw new Refusal(
      `Stack ${stack} runs ${service} on the cluster with UID ${own.cluster} and this one is ${live.cluster}: choose the right cluster with KUBECONFIG or kubernetes:context, or begin a new stack for this one.`,
    );
  }
  if (tracksOf(args).includes("canary") && memories.history.length === 0 && live.deployments.stable) {
    throw new Refusal(
      `${service} is live in namespace ${args.namespace} and stack ${stack} remembers no release of it: export its memory in the output releases, or use the stack and backend that made it.`,
    );
  }
}
