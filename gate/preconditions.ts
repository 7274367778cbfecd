import { deploymentSelector } from "../components/names.ts";
import { type ServiceArgs, tracksOf } from "../components/service-args.ts";
import { UserError } from "../components/user-error.ts";
import { sameLabels, showLabels } from "../live/labels.ts";
import { isAdopted, type Live } from "../live/live.ts";
import type { RecordReading } from "../record/record.ts";
import { assertOurs } from "./owner.ts";
import type { StackStates } from "./stack-state.ts";

/**
 * Whether this stack may build on what stands in the cluster.
 *
 * 1. The namespace exists; it is never ours to make.
 * 2. A live Deployment of an owned track has the selector that this program gives it, which nothing can change; one that was
 *    adopted may have its own.
 * 3. It, and the front where this stack owns it, were made by this program.
 *
 * @param context of the kubeconfig, for the sentence
 * @throws Refusal for the first of these that does not hold
 */
export function assertPreconditions(service: string, args: ServiceArgs, live: Live, context: string | undefined): void {
  const { namespace } = args;
  if (!live.namespaceExists) {
    throw new UserError(
      `Namespace ${namespace} does not exist in the cluster${context ? ` of context ${context}` : ""}: create it with kubectl create namespace ${namespace}, or correct the namespace in the configuration.`,
    );
  }
  for (const track of tracksOf(args)) {
    const deployment = live.deployments[track];
    if (!deployment) continue;
    const { name } = deployment.metadata;
    const [found, wanted] = [deployment.spec.selector.matchLabels ?? {}, deploymentSelector(service, track)];
    if (!sameLabels(found, wanted) && !isAdopted(deployment)) {
      const adopt = track === "stable" ? `; gray adopt ${service} takes in what kubectl or Helm made` : "";
      throw new UserError(
        `Deployment ${name} in namespace ${namespace} selects ${showLabels(found)} and this program ${showLabels(wanted)}: a selector cannot be changed on a live Deployment, so take another service name, or remove that Deployment yourself${adopt}.`,
      );
    }
    assertOurs("Deployment", deployment, service, namespace);
  }
  if (!tracksOf(args).includes("canary")) return;
  assertOurs("Service", live.front.service, service, namespace);
  assertOurs("Service", live.front.canaryAccess, service, namespace);
  if (args.ingress) assertOurs("Ingress", live.front.ingress, service, namespace);
}

/**
 * Whether this stack is the one that made what is live: it remembers releases. A service whose first
 * install failed half-way has no record yet, and may be gone on with; with a broken glass a lost history is begun anew.
 *
 * @param stack the name of this stack
 * @param breakGlass GRAY_BREAK_GLASS
 * @returns what a person should know
 * @throws Refusal if it is not
 */
export function assertKnown(
  service: string,
  args: ServiceArgs,
  live: Live,
  { history }: StackStates,
  record: RecordReading,
  stack: string,
  breakGlass: string | undefined,
): string | undefined {
  const adopted = record.kind === "read" && record.record.adopted !== undefined;
  const ran = live.deployments.stable !== undefined && record.kind !== "absent" && !adopted;
  if (!tracksOf(args).includes("canary") || history.length > 0 || !ran) return undefined;
  if (!breakGlass) {
    throw new UserError(
      `${service} is live in namespace ${args.namespace} and stack ${stack} remembers no release of it: use the stack and backend that made it, or, if its memory is lost, begin a new history with GRAY_BREAK_GLASS=<reason>.`,
    );
  }
  return `${service} is live in namespace ${args.namespace} and stack ${stack} remembers no release of it, and begins a new history because: ${breakGlass}. What ran before can only come back by describing it again.`;
}
