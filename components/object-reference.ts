/** Names a Kubernetes object of a service. */

/** The kinds of a service's objects. */
export const objectKinds = [
  "Deployment",
  "Service",
  "Ingress",
  "HTTPRoute",
  "ConfigMap",
  "Secret",
  "ServiceAccount",
  "PodDisruptionBudget",
  "HorizontalPodAutoscaler",
  "ScaledObject",
] as const;
/** One of {@link objectKinds}. */
export type ObjectKind = (typeof objectKinds)[number];

/** An object of a service, in the service's namespace. */
export interface ObjectReference {
  readonly kind: ObjectKind;
  readonly name: string;
}
