/** The API paths of the kinds of objects that a service has. */

import type { ObjectKind } from "../components/objects.ts";

/** Any live object; the fields used here. */
export interface LiveObject {
  readonly metadata: {
    readonly name: string;
    readonly namespace: string;
    readonly deletionTimestamp?: string;
    readonly labels?: Record<string, string>;
    readonly annotations?: Record<string, string>;
  };
}

const collections: Readonly<Record<ObjectKind, readonly [group: string, plural: string]>> = {
  Deployment: ["/apis/apps/v1", "deployments"],
  Service: ["/api/v1", "services"],
  Ingress: ["/apis/networking.k8s.io/v1", "ingresses"],
  HTTPRoute: ["/apis/gateway.networking.k8s.io/v1", "httproutes"],
  ConfigMap: ["/api/v1", "configmaps"],
};

/** The API path of all objects of a kind in a namespace. */
export function collectionOf(kind: ObjectKind, namespace: string): string {
  const [group, plural] = collections[kind];
  return `${group}/namespaces/${namespace}/${plural}`;
}

/** The API path of an object. */
export function pathOf(kind: ObjectKind, namespace: string, name: string): string {
  return `${collectionOf(kind, namespace)}/${name}`;
}
