import type { KubernetesObject } from "../../../policies/engine/declared.ts";

/** A Kubernetes object of the service web, as a rule reads it. */
export function object(kind: string, spec: unknown, changes: Partial<KubernetesObject> = {}): KubernetesObject {
  return {
    is: "object",
    urn: `${kind} ${changes.name ?? "web"}`,
    group: { HTTPRoute: "gateway.networking.k8s.io", Ingress: "networking.k8s.io", Deployment: "apps" }[kind] ?? "core",
    kind,
    namespace: "shop",
    name: "web",
    labels: { "gray-release/service": "web" },
    protect: false,
    fields: (spec === undefined ? {} : { spec }) as KubernetesObject["fields"],
    ...changes,
  };
}
