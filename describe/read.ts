/** Reads the live objects that `gray init` describes. */

import { UserError } from "../components/user-error.ts";
import type { Cluster } from "../kubernetes/cluster.ts";
import type { DeploymentObject } from "../kubernetes/objects/deployment.ts";
import { listPath, objectPath } from "../kubernetes/resources.ts";
import { isServed } from "../kubernetes/served.ts";
import { type LiveService, liveServiceOf, type Objects } from "./live-service.ts";

/**
 * A Deployment with its Services, Ingresses, HTTPRoutes, autoscalers and budgets.
 *
 * @throws UserError if there is no such Deployment
 */
export async function readLiveService(api: Cluster, namespace: string, name: string): Promise<LiveService> {
  return liveServiceOf(await readDeploymentOf(api, namespace, name), await readObjects(api, namespace));
}

/** A Deployment. @throws UserError if there is none */
export async function readDeploymentOf(api: Cluster, namespace: string, name: string): Promise<DeploymentObject> {
  const deployment = await api.get(objectPath("Deployment", namespace, name));
  if (deployment !== undefined) return deployment;
  throw new UserError(
    `There is no Deployment ${name} in namespace ${namespace}: see kubectl get deployments -A, and choose the namespace with -n.`,
  );
}

/** The objects of a namespace that may belong to a Deployment. */
export async function readObjects(api: Cluster, namespace: string): Promise<Objects> {
  const hasRoutes = await isServed(api, "HTTPRoute");
  const [services, ingresses, routes, autoscalers, budgets] = await Promise.all([
    api.list(listPath("Service", namespace)),
    api.list(listPath("Ingress", namespace)),
    hasRoutes ? api.list(listPath("HTTPRoute", namespace)) : [],
    api.list(listPath("HorizontalPodAutoscaler", namespace)),
    api.list(listPath("PodDisruptionBudget", namespace)),
  ]);
  return { services, ingresses, routes, autoscalers, budgets };
}
