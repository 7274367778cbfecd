/** Opens the rollout of a service in a program. */

import type { ProviderOptions } from "../components/provider.ts";
import type { RolloutContext } from "../components/rollout-context.ts";
import type { ServiceArgs } from "../components/service-args.ts";
import { apply } from "./apply.ts";
import { contextWithoutCluster } from "./context-without-cluster.ts";
import { observe } from "./observation.ts";
import { decide } from "./opening.ts";

/**
 * Reads the live state of a service, chooses the release of each track that this stack owns, and asks the gate. It does so before
 * anything of the service is registered, so that a refused `up` changes nothing of it. What `dependsOn` names is awaited first, so it is made even if
 * the service is refused. In a preview a refusal is a warning.
 *
 * Environment variables: KUBECONFIG; GRAY_BREAK_GLASS=<reason> overrides the gate; GRAY_EPOCH identifies the driver;
 * GRAY_ADOPT=<namespace>/<service> adopts live objects (gray adopt); in a preview GRAY_RENDERED=<file> (rendered.ts).
 *
 * @param name the name that CanaryService gets
 * @param args the same arguments that CanaryService gets
 * @param opts the same options that CanaryService gets. A provider in them, or in their parent, deploys the objects, and its cluster is
 *   read. @default gray-release's own provider, for the cluster of `access`, else of the configuration kubernetes:kubeconfig and
 *   kubernetes:context, else of the environment
 * @returns the opened rollout, which CanaryService needs
 * @throws UserError with one sentence that ends with what to do
 * @example
 * ```ts
 * const rollout = await openRollout("web", args);
 * const web = new CanaryService("web", { ...args, rollout });
 * ```
 */
export async function openRollout(
  name: string,
  args: ServiceArgs,
  opts: ProviderOptions = {},
): Promise<RolloutContext> {
  const observed = await observe(name, args, opts);
  if (observed.kind === "unreachable") return contextWithoutCluster(observed, args);
  const { observation, through } = observed;
  return apply(observation, decide(observation), through);
}
