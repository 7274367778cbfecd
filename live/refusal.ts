/** Why pods of a Deployment cannot be created, and whether that lasts. */

import { oneLine } from "../border/foreign-text.ts";
import type { Cluster } from "../kubernetes/cluster.ts";
import type { DeploymentObject } from "../kubernetes/objects/deployment.ts";
import type { ReplicaSetObject } from "../kubernetes/objects/replica-set.ts";
import { listPath } from "../kubernetes/resources.ts";
import { unlessForbidden } from "../kubernetes/unless-forbidden.ts";

/** Longest reason why pods cannot be created, in characters, so that the whole sentence fits into a record's reason. */
const refusalLimit = 200;

/**
 * Why pods of a Deployment's current template cannot be created, as the API server reports it (quota, admission, a missing
 * ServiceAccount); undefined if they can.
 *
 * The Deployment's own condition is not enough. If the ReplicaSet of the current template has no failure, the Deployment shows the
 * failure of the ReplicaSet that it rolls away from (getReplicaFailures, k8s.io/kubernetes, pkg/controller/deployment/progress.go). A
 * rollback would then seem impossible because the bad release's pods were refused.
 */
export async function podsRefused(api: Cluster, deployment: DeploymentObject): Promise<string | undefined> {
  const { metadata, status } = deployment;
  const current = (status.observedGeneration ?? 0) >= metadata.generation;
  const failure = replicaFailure(status);
  if (!current || failure === undefined) return undefined;
  const currentSet = await currentReplicaSet(api, deployment);
  const own = currentSet === undefined ? failure : replicaFailure(currentSet.status);
  return own && oneLine(own.message ?? own.reason ?? "for an unknown reason", refusalLimit);
}

function replicaFailure({ conditions = [] }: Pick<DeploymentObject["status"], "conditions">) {
  return conditions.find(({ type, status }) => type === "ReplicaFailure" && status === "True");
}

/** The ReplicaSet of a Deployment's current template; undefined if it does not exist yet, or ReplicaSets may not be listed. */
async function currentReplicaSet(
  api: Cluster,
  { metadata, spec }: DeploymentObject,
): Promise<ReplicaSetObject | undefined> {
  const revision = "deployment.kubernetes.io/revision";
  const labels = Object.entries(spec.selector?.matchLabels ?? {}).map(([name, value]) => `${name}=${value}`);
  const path = listPath("ReplicaSet", metadata.namespace);
  const sets = await unlessForbidden<readonly ReplicaSetObject[]>(api.list(path, labels.join(",")), []);
  return sets.find(
    (set) =>
      set.metadata.ownerReferences?.some(({ uid }) => uid === metadata.uid) === true &&
      set.metadata.annotations?.[revision] === metadata.annotations?.[revision],
  );
}

/**
 * A sentence for the user that no pod can be created, without a full stop.
 *
 * @example
 * ```ts
 * describeRefused("web", "exceeded quota: room") // "no pod of Deployment web can be created, …"
 * ```
 */
export function describeRefused(deployment: string, why: string): string {
  return `no pod of Deployment ${deployment} can be created, so remove the cause or release another one: ${why}`;
}

/** Milliseconds for which any refusal is waited out: an admission webhook does not answer while it rolls. */
const patienceMilliseconds = 15_000;
/** The same after pods have made room in a quota. */
const retryMilliseconds = 120_000;

/** A refusal of a Deployment's pods, as of the latest poll. */
export interface Refusal {
  /** Why pods cannot be created. */
  readonly why: string;
  /** Since when polls report it, in milliseconds since the epoch. */
  readonly since: number;
  /** When pods last made room in a quota, in milliseconds since the epoch. Absent if none did since then. */
  readonly roomAt?: number;
  /** Whether pods are refused for good. */
  readonly lasts: boolean;
}

/**
 * Polls whether pods of a Deployment are refused, and whether for good.
 *
 * 1. A refusal lasts once it has been reported for 15 s.
 * 2. The time does not count while a ResourceQuota refuses pods and terminating pods will make room, or pods cannot be read: a quota
 *    counts a pod until it is deleted (k8s.io/kubernetes, pkg/quota/v1/evaluator/core/pods.go).
 * 3. After pods have made room, a refusal lasts once it has been reported for another two minutes. The ReplicaSet retries at intervals that
 *    double each time, does not notice that there is room, and its condition keeps the message of the first refusal (client-go,
 *    util/workqueue, ItemExponentialFailureRateLimiter; k8s.io/kubernetes, pkg/controller/replicaset, calculateStatus).
 *
 * @param readPods reads the pods of the service, only if they matter; undefined if they cannot be read
 * @param before the result of the previous poll
 * @returns undefined if pods are not refused
 * @example refusal = await pollRefusal(api, deployment, readPods, refusal);
 */
export async function pollRefusal(
  api: Cluster,
  deployment: DeploymentObject,
  readPods: () => Promise<readonly { readonly metadata: { readonly deletionTimestamp?: string } }[] | undefined>,
  before: Refusal | undefined,
): Promise<Refusal | undefined> {
  const why = await podsRefused(api, deployment);
  if (why === undefined) return undefined;
  const now = Date.now();
  const { since = now, roomAt } = before ?? {};
  if (why.includes("exceeded quota")) {
    const pods = await readPods();
    const makesRoom = pods?.some(({ metadata }) => metadata.deletionTimestamp !== undefined) ?? true;
    if (makesRoom) return { why, since, roomAt: now, lasts: false };
  }
  if (roomAt === undefined) return { why, since, lasts: now - since >= patienceMilliseconds };
  return { why, since, roomAt, lasts: now - roomAt >= retryMilliseconds };
}
