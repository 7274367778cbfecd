/** The resources of the Kubernetes API that gray uses, and the paths of their objects. */

import { pathOf } from "../border/path.ts";
import type { AutoscalerObject } from "./objects/autoscaler.ts";
import type { ConfigMapObject } from "./objects/config-map.ts";
import type { DeploymentObject } from "./objects/deployment.ts";
import type { DisruptionBudgetObject } from "./objects/disruption-budget.ts";
import type { EndpointSliceObject } from "./objects/endpoint-slice.ts";
import type { EventObject } from "./objects/event.ts";
import type { GatewayClassObject, GatewayObject } from "./objects/gateway.ts";
import type { IngressObject } from "./objects/ingress.ts";
import type { LeaseObject } from "./objects/lease.ts";
import type { PartialObject } from "./objects/metadata.ts";
import type { PodObject } from "./objects/pod.ts";
import type { ReplicaSetObject } from "./objects/replica-set.ts";
import type { RouteObject } from "./objects/route.ts";
import type { ServiceObject } from "./objects/service.ts";

/** The objects in a namespace, by their kind. */
interface Namespaced {
  readonly ConfigMap: ConfigMapObject;
  readonly DaemonSet: PartialObject;
  readonly Deployment: DeploymentObject;
  readonly EndpointSlice: EndpointSliceObject;
  readonly Event: EventObject;
  readonly Gateway: GatewayObject;
  readonly HTTPRoute: RouteObject;
  readonly HorizontalPodAutoscaler: AutoscalerObject;
  readonly Ingress: IngressObject;
  readonly Lease: LeaseObject;
  readonly Pod: PodObject;
  readonly PodDisruptionBudget: DisruptionBudgetObject;
  readonly ReplicaSet: ReplicaSetObject;
  readonly ScaledObject: PartialObject;
  /** Without its values, which gray never reads. */
  readonly Secret: PartialObject;
  readonly Service: ServiceObject;
  readonly ServiceAccount: PartialObject;
  readonly StatefulSet: PartialObject;
}

/** The objects of the whole cluster, by their kind. */
interface ClusterScoped {
  readonly GatewayClass: GatewayClassObject;
  readonly Namespace: PartialObject;
  readonly SelfSubjectReview: { readonly status: { readonly userInfo: { readonly username: string } } };
}

/** All objects, by their kind. */
export type Objects = Namespaced & ClusterScoped;

const gatewayApi = "gateway.networking.k8s.io/v1";

/** Group with version, the name in paths, and which part of an object is requested, by kind. @default the whole object */
const resources: {
  readonly [Kind in keyof Objects]: readonly [apiVersion: string, plural: string, part?: "metadata"];
} = {
  ConfigMap: ["v1", "configmaps"],
  DaemonSet: ["apps/v1", "daemonsets"],
  Deployment: ["apps/v1", "deployments"],
  EndpointSlice: ["discovery.k8s.io/v1", "endpointslices"],
  Event: ["v1", "events"],
  Gateway: [gatewayApi, "gateways"],
  GatewayClass: [gatewayApi, "gatewayclasses"],
  HTTPRoute: [gatewayApi, "httproutes"],
  HorizontalPodAutoscaler: ["autoscaling/v2", "horizontalpodautoscalers"],
  Ingress: ["networking.k8s.io/v1", "ingresses"],
  Lease: ["coordination.k8s.io/v1", "leases"],
  Namespace: ["v1", "namespaces"],
  Pod: ["v1", "pods"],
  PodDisruptionBudget: ["policy/v1", "poddisruptionbudgets"],
  ReplicaSet: ["apps/v1", "replicasets"],
  ScaledObject: ["keda.sh/v1alpha1", "scaledobjects"],
  // No value of one reaches this process.
  Secret: ["v1", "secrets", "metadata"],
  SelfSubjectReview: ["authentication.k8s.io/v1", "selfsubjectreviews"],
  Service: ["v1", "services"],
  ServiceAccount: ["v1", "serviceaccounts"],
  StatefulSet: ["apps/v1", "statefulsets"],
};

declare const object: unique symbol;

/**
 * The path of an object of type `T`, or of a list of them, so that the calls of {@link Cluster} know what they get. The type exists for
 * the compiler only: any string is a path, of objects of an unknown type.
 */
export type ApiPath<T> = string & { readonly [object]?: T };

/**
 * The path of an object in a namespace.
 *
 * @throws UnsafePath if a name cannot be part of a path
 * @example objectPath("Pod", "dora-apps", "web-1") // /api/v1/namespaces/dora-apps/pods/web-1
 */
export function objectPath<Kind extends keyof Namespaced>(
  kind: Kind,
  namespace: string,
  name: string,
): ApiPath<Namespaced[Kind]> {
  return listPath(kind, namespace) + pathOf(name);
}

/**
 * The path of all objects of a kind in a namespace.
 *
 * @throws UnsafePath if the namespace cannot be part of a path
 * @example listPath("Pod", "dora-apps") // /api/v1/namespaces/dora-apps/pods
 */
export function listPath<Kind extends keyof Namespaced>(kind: Kind, namespace: string): ApiPath<Namespaced[Kind]> {
  const [apiVersion, plural] = resources[kind];
  return rootOf(apiVersion) + pathOf("namespaces", namespace, plural);
}

/**
 * The path of a part of an object that the API serves by itself.
 *
 * @param name the object; for `proxy` also `<name>:<port>`
 * @throws UnsafePath if a name cannot be part of a path
 * @example subresourcePath("Pod", "dora-apps", "web-1", "log") // /api/v1/namespaces/dora-apps/pods/web-1/log
 */
export function subresourcePath(kind: "Pod", namespace: string, name: string, subresource: "log" | "proxy"): string {
  return objectPath(kind, namespace, name) + pathOf(subresource);
}

/**
 * The path of an object that is in no namespace.
 *
 * @throws UnsafePath if the name cannot be part of a path
 * @example clusterObjectPath("Namespace", "kube-system") // /api/v1/namespaces/kube-system
 */
export function clusterObjectPath<Kind extends keyof ClusterScoped>(
  kind: Kind,
  name: string,
): ApiPath<ClusterScoped[Kind]> {
  return clusterListPath(kind) + pathOf(name);
}

/**
 * The path of all objects of a kind in the whole cluster.
 *
 * @example clusterListPath("Deployment") // /apis/apps/v1/deployments
 */
export function clusterListPath<Kind extends keyof Objects>(kind: Kind): ApiPath<Objects[Kind]> {
  const [apiVersion, plural] = resources[kind];
  return rootOf(apiVersion) + pathOf(plural);
}

/**
 * What an object of a kind begins with (TypeMeta).
 *
 * @example typeOf("Lease") // { apiVersion: "coordination.k8s.io/v1", kind: "Lease" }
 */
export function typeOf<Kind extends keyof Objects>(kind: Kind): { readonly apiVersion: string; readonly kind: Kind } {
  const [apiVersion] = resources[kind];
  return { apiVersion, kind };
}

/** The paths of the kinds of which only the metadata is requested: a collection, or one object. */
const metadataPaths = Object.values(resources)
  .filter(([, , part]) => part === "metadata")
  .map(([apiVersion, plural]) => new RegExp(`^${rootOf(apiVersion)}(?:/namespaces/[^/]+)?/${plural}(?<name>/[^/]+)?$`));

/**
 * The format in which what is at a path is requested: of some kinds only the metadata (KEP-2334).
 *
 * @param path with or without a query
 * @example formatOf(listPath("Pod", "dora-apps")) // application/json
 */
export function formatOf(path: string): string {
  const [address = ""] = path.split("?");
  const found = metadataPaths.map((pattern) => pattern.exec(address)).find((match) => match !== null);
  if (!found) return "application/json";
  return `application/json;as=PartialObjectMetadata${found.groups?.name === undefined ? "List" : ""};g=meta.k8s.io;v=v1`;
}

/** The core group has a root of its own, because it is older than groups. */
function rootOf(apiVersion: string): string {
  return apiVersion.includes("/") ? pathOf("apis", ...apiVersion.split("/")) : pathOf("api", apiVersion);
}
