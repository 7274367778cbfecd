/** The cutover of an adopted service: user traffic moves from the adopted pods to stable's own, and the adopted pods are removed. */

import { setTimeout as sleep } from "node:timers/promises";
import * as pulumi from "@pulumi/pulumi";
import { defaults } from "../components/defaults.ts";
import { deploymentName, deploymentSelector, followersAnnotation } from "../components/names.ts";
import { UserError } from "../components/user-error.ts";
import { ApiError } from "../kubernetes/api-error.ts";
import type { DeploymentObject } from "../kubernetes/objects/deployment.ts";
import type { ReplicaSetObject } from "../kubernetes/objects/replica-set.ts";
import type { ServiceObject } from "../kubernetes/objects/service.ts";
import { listPath, objectPath, typeOf } from "../kubernetes/resources.ts";
import type { ServiceHandle } from "../kubernetes/service-handle.ts";
import { isAdopted, isComplete, isOf, readDeployment, readService } from "../live/live.ts";
import { awaitComplete, type Rolling } from "../live/roll.ts";
import type { Adopted } from "../record/record.ts";
import { changeRecord, type RecordedService, readRecord } from "../record/record-store.ts";
import { handOverRoutes } from "./adopted-routes.ts";

/** Time between two polls of the endpoints. */
const pollMilliseconds = 250;
/** Longest time until the endpoints of a Service follow its selector. */
const patienceMilliseconds = 60_000;

/**
 * Removes the adopted pods, once stable runs its first release completely. If it is interrupted, the next `up` of stable goes on with it.
 *
 * 1. Stable gets at least as many available pods as were adopted. If the program leaves the number to an autoscaler, Kubernetes starts
 *    the new Deployment with one pod.
 * 2. The shared Service, and those that follow it, select stable's new pods alone. Canary runs the same release, and gets traffic again with its next `up`.
 * 3. Wait until no other pod is an endpoint of these Services, and then until every proxy has noticed.
 * 4. The adopted ReplicaSets are deleted together with their pods.
 * 5. Stable's Deployment gets the labels of the adopted one that the program does not describe, and the HTTPRoutes in front become the
 *    program's.
 * 6. The adoption is removed from the record.
 *
 * Does nothing if the service was not adopted, or stable's roll is not complete.
 *
 * @throws UserError if 1 or 3 fails, the run is interrupted, or another writer changes the Service at the same moment
 */
export async function completeAdoption(of: Rolling & RecordedService): Promise<void> {
  const { api, namespace, service } = of;
  const [record, stable] = await Promise.all([readRecord(of), readDeployment(of, "stable")]);
  const adopted = record.kind === "read" ? record.record.adopted : undefined;
  if (!adopted || !stable || isAdopted(stable) || !isComplete(stable)) return;
  const adoptedSets = (await api.list(listPath("ReplicaSet", namespace))).filter((set) =>
    isAdoptedReplicaSet(set, service, adopted),
  );
  await scaleToAtLeast(
    of,
    stable,
    adoptedSets.reduce((sum, { spec }) => sum + spec.replicas, 0),
  );
  const longest = patienceMilliseconds / 1000 + defaults.preStopSleepSeconds;
  pulumi.log.info(`${service}: user traffic leaves the adopted pods, which takes ${longest} s at most.`);
  const services = await selectStable(of);
  if (services.length > 0) {
    await awaitEndpoints(of, services);
    await sleep(defaults.preStopSleepSeconds * 1000, undefined, { signal: of.signal }).catch(() => {});
    assertNotInterrupted(of);
  }
  await Promise.all(adoptedSets.map(({ metadata }) => api.delete(objectPath("ReplicaSet", namespace, metadata.name))));
  await keepLabels(of, stable, adopted.labels);
  await handOverRoutes(of, adopted.routes ?? []);
  await changeRecord(of, ({ adopted: _, ...rest }) => rest);
}

/**
 * Scales stable to at least this many available pods.
 *
 * The number is written without Pulumi: if the program applied it and then left it out, the API server would set it back to 1 (seen).
 */
async function scaleToAtLeast(of: Rolling, { spec: { replicas } }: DeploymentObject, wanted: number): Promise<void> {
  const { api, namespace, service } = of;
  if (replicas >= wanted) return;
  pulumi.log.info(`${service}: stable scales from ${replicas} to ${wanted} pods, as many as were adopted.`);
  await api.patch(objectPath("Deployment", namespace, deploymentName(service, "stable")), [
    { op: "replace", path: "/spec/replicas", value: wanted },
  ]);
  await awaitComplete(of, "stable");
  const has = (await readDeployment(of, "stable"))?.spec.replicas ?? 0;
  if (has >= wanted) return;
  throw new UserError(
    `Stable of ${service} in namespace ${namespace} was scaled to ${has} pods while ${wanted} adopted pods still serve: let its autoscaler keep at least ${wanted}, then run pulumi up of the stack that owns stable again.`,
  );
}

/** Gives stable's Deployment further labels, which an `up` leaves alone. */
async function keepLabels(of: ServiceHandle, { metadata }: DeploymentObject, labels: Adopted["labels"]): Promise<void> {
  if (labels === undefined) return;
  const { name, namespace, uid } = metadata;
  const object = { ...typeOf("Deployment"), metadata: { name, uid, labels } };
  await of.api.apply("gray", objectPath("Deployment", namespace, name), object);
}

/**
 * Makes the shared Service, and those of this service that follow it, select stable's new pods alone.
 *
 * @returns their names, the shared one first
 */
async function selectStable(of: ServiceHandle): Promise<string[]> {
  const { api, namespace, service } = of;
  const shared = await readService(of);
  if (!shared) return [];
  const names = shared.metadata.annotations?.[followersAnnotation]?.split(",") ?? [];
  const followers = (await Promise.all(names.map((name) => api.get(objectPath("Service", namespace, name)))))
    .filter((each) => each !== undefined)
    .filter((each) => isOf(service, each));
  for (const each of [shared, ...followers]) await selectStableIn(of, each);
  return [service, ...followers.map(({ metadata }) => metadata.name)];
}

async function selectStableIn({ api, namespace, service }: ServiceHandle, found: ServiceObject): Promise<void> {
  const { name, uid } = found.metadata;
  const was = [
    { op: "test", path: "/metadata/uid", value: uid },
    { op: "test", path: "/spec/selector", value: found.spec.selector },
  ] as const;
  try {
    await api.patch(objectPath("Service", namespace, name), [
      ...was,
      { op: "replace", path: "/spec/selector", value: deploymentSelector(service, "stable") },
    ]);
  } catch (error) {
    if (!(error instanceof ApiError) || (error.status !== 409 && error.status !== 422)) throw error;
    throw new UserError(
      `Service ${name} in namespace ${namespace} was changed by another writer at the same moment, so the adopted pods still serve: run pulumi up of the stack that owns stable again.`,
    );
  }
}

/** Whether a ReplicaSet belonged to the adopted Deployment, by the name that Kubernetes gave it and by the labels of its pods. */
function isAdoptedReplicaSet({ metadata }: ReplicaSetObject, service: string, { front }: Adopted): boolean {
  const { name, labels = {}, ownerReferences = [] } = metadata;
  if (ownerReferences.length > 0 || "track" in labels) return false;
  const isBehind = Object.entries(front).every(([key, value]) => labels[key] === value);
  return isBehind && name === `${service}-${labels["pod-template-hash"]}`;
}

/**
 * Waits until all endpoints of Services are pods of stable's new Deployment.
 *
 * @param services their names. The first, the shared one, has at least one endpoint
 */
async function awaitEndpoints(of: Rolling, services: readonly string[]): Promise<void> {
  const { api, namespace, service, signal } = of;
  const end = Date.now() + patienceMilliseconds;
  for (;;) {
    const slicesOf = (name: string) =>
      api.list(listPath("EndpointSlice", namespace), `kubernetes.io/service-name=${name}`);
    const [slices, pods] = await Promise.all([
      Promise.all(services.map(slicesOf)),
      api.list(listPath("Pod", namespace), `app=${service}`),
    ]);
    const stable = new Set(
      pods.filter(({ metadata }) => metadata.labels?.track === "stable").map(({ metadata }) => metadata.name),
    );
    const others = services.filter((_, i) => {
      const all = (slices[i] ?? []).flatMap(({ endpoints = [] }) => endpoints);
      const behind = all.map(({ targetRef }) => targetRef?.name ?? "");
      return (i === 0 && behind.length === 0) || !behind.every((name) => stable.has(name));
    });
    if (others.length === 0) return;
    if (Date.now() > end) {
      throw new UserError(
        `The endpoints of Service ${others[0]} in namespace ${namespace} still include other pods than those of its Deployment: see kubectl get endpointslices -n ${namespace}, then run pulumi up of the stack that owns stable again.`,
      );
    }
    assertNotInterrupted(of);
    await sleep(pollMilliseconds, undefined, { signal }).catch(() => {});
  }
}

/** @throws UserError if the run was interrupted */
function assertNotInterrupted({ namespace, service, signal }: Rolling): void {
  if (!signal?.aborted) return;
  throw new UserError(
    `This run was interrupted before the adopted pods of ${service} in namespace ${namespace} were removed: the next pulumi up of the stack that owns stable goes on with that.`,
  );
}
