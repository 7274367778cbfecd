/** Reads the custom resources of other tools, and the workload under them, as a live service with a plan. */

import { pathOf } from "../border/path.ts";
import type { PlanArgs } from "../components/plan.ts";
import { UserError } from "../components/user-error.ts";
import { ApiError, NotServed } from "../kubernetes/api-error.ts";
import type { Cluster } from "../kubernetes/cluster.ts";
import type { DeploymentObject } from "../kubernetes/objects/deployment.ts";
import { objectPath } from "../kubernetes/resources.ts";
import { planOfRollout, type RolloutObject } from "./argo-rollout.ts";
import { type CanaryObject, planOfCanary } from "./flagger-canary.ts";
import { type LiveService, liveServiceOf } from "./live-service.ts";
import { readDeploymentOf, readObjects } from "./read.ts";
import { notDescribed, type Remark } from "./remark.ts";

/** A workload of another tool. */
export interface Foreign {
  readonly live: LiveService;
  /** Whether the Deployment is in the cluster, so that its pods can be compared. */
  readonly hasDeployment: boolean;
  readonly plan: PlanArgs;
  readonly remarks: readonly Remark[];
}

/**
 * A Rollout of Argo Rollouts: its own template, or the Deployment that it refers to.
 *
 * @throws UserError if it does not exist, or refers to something else than a Deployment
 */
export async function readRollout(api: Cluster, namespace: string, name: string): Promise<Foreign> {
  const rollout = await readCustom<RolloutObject>(api, ["argoproj.io", "v1alpha1", "rollouts"], namespace, name);
  const { plan, remarks } = planOfRollout(rollout);
  const { workloadRef } = rollout.spec;
  if (workloadRef && workloadRef.kind !== "Deployment") throw noDeployment(`Rollout ${name}`, workloadRef);
  const found = workloadRef && (await readDeploymentOf(api, namespace, workloadRef.name));
  const replicas = typeof rollout.spec.replicas === "number" ? rollout.spec.replicas : 1;
  const deployment = found
    ? { ...found, spec: { ...found.spec, replicas } }
    : ({
        metadata: rollout.metadata,
        spec: { ...rollout.spec, replicas, strategy: {} },
        status: {},
      } as unknown as DeploymentObject);
  return {
    live: liveServiceOf(deployment, await readObjects(api, namespace)),
    hasDeployment: found !== undefined,
    plan,
    remarks: [...remarks, ...(found ? [] : [own(name)])],
  };
}

/** A Canary of Flagger: its target, the number of primary pods, and the Service before both. @throws UserError as {@link readRollout} */
export async function readCanary(api: Cluster, namespace: string, name: string): Promise<Foreign> {
  const canary = await readCustom<CanaryObject>(api, ["flagger.app", "v1beta1", "canaries"], namespace, name);
  const { targetRef } = canary.spec;
  if (targetRef?.kind !== "Deployment") throw noDeployment(`Canary ${name}`, targetRef);
  const [target, primary, objects] = await Promise.all([
    readDeploymentOf(api, namespace, targetRef.name),
    api.get(objectPath("Deployment", namespace, `${targetRef.name}-primary`)),
    readObjects(api, namespace),
  ]);
  const apex = typeof canary.spec.service?.name === "string" ? canary.spec.service.name : target.metadata.name;
  // Flagger lets the Service select the primary pods, and restores the selector when the Canary is deleted (revertOnDeletion).
  const services = objects.services
    .filter(({ metadata }) => ![`${apex}-primary`, `${apex}-canary`].includes(metadata.name))
    .map((each) => {
      const selector = target.spec.selector.matchLabels ?? {};
      return each.metadata.name === apex ? { ...each, spec: { ...each.spec, selector } } : each;
    });
  const replicas = primary?.spec.replicas ?? target.spec.replicas;
  const { plan, remarks } = planOfCanary(canary);
  return {
    live: liveServiceOf({ ...target, spec: { ...target.spec, replicas } }, { ...objects, services }),
    hasDeployment: true,
    plan,
    remarks,
  };
}

function own(name: string): Remark {
  const why = `its pods belong to no Deployment: make Deployment ${name} with the same template, and delete the Rollout once it serves, before gray adopt`;
  return notDescribed(`Rollout ${name}`, why);
}

async function readCustom<T>(
  api: Cluster,
  [group = "", version = "", plural = ""]: readonly string[],
  namespace: string,
  name: string,
): Promise<T> {
  const found = await api
    .get<T>(pathOf("apis", group, version, "namespaces", namespace, plural, name))
    .catch((error) => {
      if (error instanceof NotServed || (error instanceof ApiError && error.status === 404)) return undefined;
      throw error;
    });
  if (found !== undefined) return found;
  throw new UserError(
    `There is no ${name} among the ${plural}.${group} in namespace ${namespace}: see kubectl get ${plural}.${group} -A, and choose the namespace with -n.`,
  );
}

function noDeployment(what: string, target: { readonly kind: string; readonly name: string } | undefined): UserError {
  const found = target === undefined ? "nothing" : `${target.kind} ${target.name}`;
  return new UserError(
    `${what} refers to ${found}, and gray-release releases Deployments: describe the workload as one first.`,
  );
}
