/** What a release of Helm would do to the objects that a program adopts. */

interface Metadata {
  readonly namespace?: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
}

/**
 * What to do with the release of Helm that an object came from, before it is adopted; undefined if Helm did not make it. Helm reads the
 * policy `keep` in its own copy of the manifests, so the annotation of the live object does not protect it from `helm uninstall`.
 *
 * @example helmAdvice({ labels: { "app.kubernetes.io/managed-by": "Helm" }, annotations: { "meta.helm.sh/release-name": "shop" } }) // "Helm release shop …"
 */
export function helmAdvice({ namespace, labels = {}, annotations = {} }: Metadata): string | undefined {
  const release = annotations["meta.helm.sh/release-name"];
  if (release === undefined && labels["app.kubernetes.io/managed-by"] !== "Helm") return undefined;
  const [name, where] = [
    release ?? "<release>",
    annotations["meta.helm.sh/release-namespace"] ?? namespace ?? "<namespace>",
  ];
  return `Helm release ${name} in namespace ${where} made this service, and helm upgrade would revert it, helm uninstall delete it. Before the adoption, annotate its Deployment, Service, Ingress and HTTPRoutes, and the ConfigMaps, Secrets and ServiceAccount that they use, with helm.sh/resource-policy: keep in the chart, and run helm upgrade once. After it, remove these objects from the chart, or, if the release has nothing else, let Helm forget it: kubectl delete secrets -n ${where} -l owner=helm,name=${name}.`;
}
