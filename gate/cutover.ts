import { setTimeout as sleep } from "node:timers/promises";
import * as pulumi from "@pulumi/pulumi";
import { defaults } from "../components/defaults.ts";
import { deploymentName, deploymentSelector } from "../components/names.ts";
import { UserError } from "../components/user-error.ts";
import { ApiError, type Cluster } from "../kubernetes/cluster.ts";
import { type DeploymentObject, isAdopted, isComplete, readDeployment, readService } from "../live/live.ts";
import { awaitComplete, type Rolling } from "../live/roll.ts";
import { type Adopted, changeRecord, readRecord } from "../record/record.ts";

/** Time between two looks at the endpoints. */
const pollMilliseconds = 250;
/** Longest time that the endpoints of a Service may take to follow its selector. */
const patienceMilliseconds = 60_000;

interface ReplicaSet {
  readonly metadata: {
    readonly name: string;
    readonly labels?: Record<string, string>;
    readonly ownerReferences?: readonly object[];
  };
  readonly spec: { readonly replicas: number };
}

interface EndpointSlice {
  readonly endpoints?: readonly { readonly targetRef?: { readonly name: string } }[];
}

/**
 * Ends the pods that were there before us, once stable runs its first release of ours completely. Stopped at any point, it
 * is gone on with by the next `up` of stable.
 *
 * 1. Stable has as many pods as were there before us, all of them available. Where the program leaves the number to an
 *    autoscaler, Kubernetes begins the new Deployment with one.
 * 2. The shared Service selects stable's new pods alone. Canary has the same release, and is back with its next `up`.
 * 3. No endpoint of the Service is another pod, and every proxy has had the time to know.
 * 4. The ReplicaSets that were left alone go, and their pods with them.
 * 5. The record forgets that the service was adopted.
 *
 * @throws Refusal if 1 or 3 does not come true, the run is interrupted, or somebody else changes the Service in the same moment
 */
export async function cutOver(of: Rolling & { readonly cluster: string }): Promise<void> {
  const { api, cluster, namespace, service } = of;
  const [record, stable] = await Promise.all([
    readRecord(api, namespace, service, cluster),
    readDeployment(api, namespace, service, "stable"),
  ]);
  const adopted = record.kind === "read" ? record.record.adopted : undefined;
  if (!adopted || !stable || isAdopted(stable) || !isComplete(stable)) return;
  const path = `/apis/apps/v1/namespaces/${namespace}/replicasets`;
  const left = (await api.list<ReplicaSet>(path)).filter((set) => wasLeft(set, service, adopted));
  await asMany(
    of,
    stable,
    left.reduce((sum, { spec }) => sum + spec.replicas, 0),
  );
  const longest = patienceMilliseconds / 1000 + defaults.preStopSleepSeconds;
  pulumi.log.info(`${service}: users leave the pods that were there before us, which takes ${longest} s at most.`);
  if (await selectStable(api, namespace, service)) {
    await onlyBehind(of);
    await sleep(defaults.preStopSleepSeconds * 1000, undefined, { signal: of.signal }).catch(() => {});
    assertGoesOn(of);
  }
  await Promise.all(left.map(({ metadata }) => api.delete(`${path}/${metadata.name}`)));
  await changeRecord(api, namespace, service, cluster, ({ adopted: _, ...rest }) => rest);
}

/**
 * Brings stable to at least this many pods, all of them available.
 *
 * The number is written past Pulumi: what a program applies and then leaves out again, the API server sets back to 1 (seen).
 */
async function asMany(of: Rolling, { spec: { replicas } }: DeploymentObject, wanted: number): Promise<void> {
  const { api, namespace, service } = of;
  if (replicas >= wanted) return;
  pulumi.log.info(`${service}: stable goes from ${replicas} to ${wanted} pods, as many as were there before us.`);
  await api.patch(`/apis/apps/v1/namespaces/${namespace}/deployments/${deploymentName(service, "stable")}`, [
    { op: "replace", path: "/spec/replicas", value: wanted },
  ]);
  await awaitComplete(of, "stable");
  const has = (await readDeployment(api, namespace, service, "stable"))?.spec.replicas ?? 0;
  if (has >= wanted) return;
  throw new UserError(
    `Stable of ${service} in namespace ${namespace} was scaled to ${has} pods while the ${wanted} that were there before us serve beside them: let its autoscaler keep ${wanted} at least, then run pulumi up of stable again.`,
  );
}

/** Lets the shared Service select stable's new pods alone. @returns whether there is one */
async function selectStable(api: Cluster, namespace: string, service: string): Promise<boolean> {
  const shared = await readService(api, namespace, service);
  if (!shared) return false;
  const was = [
    { op: "test", path: "/metadata/uid", value: shared.metadata.uid },
    { op: "test", path: "/spec/selector", value: shared.spec.selector },
  ] as const;
  try {
    await api.patch(`/api/v1/namespaces/${namespace}/services/${service}`, [
      ...was,
      { op: "replace", path: "/spec/selector", value: deploymentSelector(service, "stable") },
    ]);
  } catch (error) {
    if (!(error instanceof ApiError) || (error.status !== 409 && error.status !== 422)) throw error;
    throw new UserError(
      `Service ${service} in namespace ${namespace} was changed by somebody else in the same moment, so the pods that were there before us serve on: run pulumi up of stable again.`,
    );
  }
  return true;
}

/** Whether a ReplicaSet was the adopted Deployment's: by the name that Kubernetes gives, and by the labels of its pods. */
function wasLeft({ metadata }: ReplicaSet, service: string, { front }: Adopted): boolean {
  const { name, labels = {}, ownerReferences = [] } = metadata;
  if (ownerReferences.length > 0 || "track" in labels) return false;
  const isBehind = Object.entries(front).every(([key, value]) => labels[key] === value);
  return isBehind && name === `${service}-${labels["pod-template-hash"]}`;
}

/** Waits until the endpoints of the shared Service are pods of stable's new Deployment alone. */
async function onlyBehind(of: Rolling): Promise<void> {
  const { api, namespace, service, signal } = of;
  const end = Date.now() + patienceMilliseconds;
  for (;;) {
    const [slices, pods] = await Promise.all([
      api.list<EndpointSlice>(
        `/apis/discovery.k8s.io/v1/namespaces/${namespace}/endpointslices`,
        `kubernetes.io/service-name=${service}`,
      ),
      api.list<{ metadata: { name: string; labels?: Record<string, string> } }>(
        `/api/v1/namespaces/${namespace}/pods`,
        `app=${service}`,
      ),
    ]);
    const stable = new Set(
      pods.filter(({ metadata }) => metadata.labels?.track === "stable").map(({ metadata }) => metadata.name),
    );
    const behind = slices.flatMap(({ endpoints = [] }) => endpoints.map(({ targetRef }) => targetRef?.name ?? ""));
    if (behind.length > 0 && behind.every((name) => stable.has(name))) return;
    if (Date.now() > end) {
      throw new UserError(
        `The endpoints of Service ${service} in namespace ${namespace} are still others than the pods of its Deployment: look at kubectl get endpointslices -n ${namespace}, then run pulumi up of stable again.`,
      );
    }
    assertGoesOn(of);
    await sleep(pollMilliseconds, undefined, { signal }).catch(() => {});
  }
}

/** @throws Refusal if the run was interrupted */
function assertGoesOn({ namespace, service, signal }: Rolling): void {
  if (!signal?.aborted) return;
  throw new UserError(
    `This run was interrupted before the pods that were there before ${service} in namespace ${namespace} were let go: the next pulumi up of stable goes on with it.`,
  );
}
