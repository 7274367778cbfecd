import type { ObjectKind } from "../components/objects.ts";

/** What every object has; the fields used here. */
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

/** Where the objects of a kind stand in the API. */
export function collectionOf(kind: ObjectKind, namespace: string): string {
  const [group, plural] = collections[kind];
  return `${group}/namespaces/${namespace}/${plural}`;
}

export function pathOf(kind: ObjectKind, namespace: string, name: string): string {
  return `${collectionOf(kind, namespace)}/${name}`;
}
