/** The preconditions of an `up`: that this stack may write the service's objects in this cluster. */

import { deploymentSelector } from "../components/names.ts";
import { type ServiceArgs, tracksOf } from "../components/service-args.ts";
import { isWorker } from "../components/traffic/worker/args.ts";
import { UserError } from "../components/user-error.ts";
import { sameLabels, showLabels } from "../live/labels.ts";
import { isAdopted, isOf, type Live } from "../live/live.ts";
import { isLiveWorker } from "../live/traffic/worker.ts";
import type { RecordReading } from "../record/record.ts";
import { assertOurs } from "./owner.ts";
import type { StackStates } from "./stack-state.ts";

/**
 * Checks that this stack may write the service's objects.
 *
 * 1. The namespace exists; the program never creates it.
 * 2. A live Deployment of an owned track has the program's selector, because a selector cannot be changed. An adopted Deployment may have
 *    its own.
 * 3. The Deployment, and the front if this stack owns it, were created by this program.
 * 4. A worker that is not live yet is no service with ports, live or left, and no Service has its name or that of its canary.
 *
 * @param context of the kubeconfig, for the message
 * @throws UserError for the first condition that does not hold
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
      const adopt = track === "stable" ? `adopt it with gray adopt ${service} if kubectl or Helm created it, ` : "";
      throw new UserError(
        `Deployment ${name} in namespace ${namespace} selects ${showLabels(found)} and this program ${showLabels(wanted)}: a selector cannot be changed on a live Deployment, so ${adopt}choose another service name, or remove that Deployment yourself if nothing uses it.`,
      );
    }
    assertOurs("Deployment", deployment, service, namespace);
  }
  if (!tracksOf(args).includes("canary")) return;
  if (isWorker(args)) {
    if (!isLiveWorker(live.deployments)) assertNoService(service, namespace, live);
    return;
  }
  assertOurs("Service", live.front.service, service, namespace);
  assertOurs("Service", live.front.canaryAccess, service, namespace);
  if (args.ingress) assertOurs("Ingress", live.front.ingress, service, namespace);
}

/** @throws UserError if the new worker was a service with ports, or if there is a Service with its name or that of its canary */
function assertNoService(service: string, namespace: string, { deployments, front }: Live): void {
  const [found] = servicesOf(front);
  if (Object.keys(deployments).length > 0 || (found !== undefined && isOf(service, found))) {
    throw new UserError(
      `${service} was installed in namespace ${namespace} as a service with ports, and its ports is [] now, which describes a worker: a service cannot become a worker under its name, so choose another service name, or give the ports.`,
    );
  }
  if (found === undefined) return;
  throw new UserError(
    `Service ${found.metadata.name} exists in namespace ${namespace}, and ports of ${service} is [], which describes a worker without a Service: choose another service name, give the ports, or remove that Service yourself if nothing uses it.`,
  );
}

/**
 * The warning that another creator gave a live worker a Service; undefined if there is none. It is not refused, because nothing may stand in
 * the way of a rollback.
 */
export function besideWorkerWarning(service: string, args: ServiceArgs, live: Live): string | undefined {
  const [found] = servicesOf(live.front);
  if (!isWorker(args) || !tracksOf(args).includes("canary") || found === undefined) return undefined;
  return `${service} is a worker, and Service ${found.metadata.name} in namespace ${args.namespace} was not created by this program and may send requests to its pods: remove that Service yourself if nothing uses it.`;
}

/** The live Services with the names that the Services of a service have. */
function servicesOf({ service, canaryAccess }: Live["front"]) {
  return [service, canaryAccess].filter((each) => each !== undefined);
}

/**
 * Checks that this stack created the live service, which shows in its state or in the stored releases. A service whose first install failed has no
 * record yet, so any stack may go on with it. With a break-glass override a lost history is started again.
 *
 * @param stack the name of this stack
 * @param breakGlass the reason of a break-glass override (GRAY_BREAK_GLASS)
 * @returns a warning for the user
 * @throws UserError if another stack created it
 */
export function assertKnown(
  service: string,
  args: ServiceArgs,
  live: Live,
  { own, history }: StackStates,
  record: RecordReading,
  stack: string,
  breakGlass: string | undefined,
): string | undefined {
  const adopted = record.kind === "read" && record.record.adopted !== undefined;
  const ran = live.deployments.stable !== undefined && record.kind !== "absent" && !adopted;
  if (!tracksOf(args).includes("canary") || own || history.length > 0 || !ran) return undefined;
  if (!breakGlass) {
    throw new UserError(
      `${service} is live in namespace ${args.namespace} and neither the cluster nor stack ${stack} has a release of it: use the stack and backend that created it, or, if its state is lost, start a new history with GRAY_BREAK_GLASS="<reason>" pulumi up --stack ${stack}.`,
    );
  }
  return `${service} is live in namespace ${args.namespace} and neither the cluster nor stack ${stack} has a release of it, so it starts a new history because: ${breakGlass}. You can return to an earlier release only by describing it again.`;
}
