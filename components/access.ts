import * as v from "valibot";

/** How a cluster is reached, where it is not the one of the environment. */
export interface AccessArgs {
  /** Path or content of a kubeconfig. @default KUBECONFIG, else ~/.kube/config, else the service account of the pod */
  readonly kubeconfig?: string | undefined;
  /** Name of a context. @default the kubeconfig's current context */
  readonly context?: string | undefined;
  /** Name of the kubeconfig's cluster, reached as the user of the context. @default the cluster of the context */
  readonly cluster?: string | undefined;
}

const text = v.optional(v.pipe(v.string(), v.nonEmpty("must not be empty")));

export const accessSchema = v.strictObject({ kubeconfig: text, context: text, cluster: text });
