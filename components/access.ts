/** The arguments that select a cluster and the credentials for it. */
import * as v from "valibot";

/**
 * How to reach the cluster, if not by the environment's defaults.
 *
 * @example
 * ```ts
 * const access: AccessArgs = { kubeconfig: "eu.kubeconfig", context: "eu-prod" };
 * ```
 */
export interface AccessArgs {
  /** Path or content of a kubeconfig. @default KUBECONFIG, else ~/.kube/config, else the pod's service account */
  readonly kubeconfig?: string | undefined;
  /** Name of a context. @default the kubeconfig's current context */
  readonly context?: string | undefined;
  /** Name of a cluster in the kubeconfig. The user of the context is used for it. @default the cluster of the context */
  readonly cluster?: string | undefined;
}

const text = v.optional(v.pipe(v.string(), v.nonEmpty("must not be empty")));

/** Validates {@link AccessArgs}. */
export const accessSchema = v.strictObject({ kubeconfig: text, context: text, cluster: text });
