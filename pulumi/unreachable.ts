/** Recognizes the errors of Pulumi's provider for Kubernetes if it cannot reach a cluster. */

import { oneLine } from "../border/foreign-text.ts";

/**
 * The provider's error if it cannot reach the cluster (pulumi-kubernetes, provider.go). The provider then advises to drop the resources
 * from the state with PULUMI_K8S_DELETE_UNREACHABLE. That would lose a live service, so the advice is not shown.
 */
const unreachable = /(?:due to unreachable cluster|configured Kubernetes cluster is unreachable)(?:: (.*))?/s;

/** The beginning of its error if the provider in the state cannot be used for a refresh. */
const refreshFailure = "failed to read resource state due to unreachable cluster";

/** The API server's answer 401, in client-go's words (k8s.io/apimachinery/pkg/api/errors) and in its own. */
const loginRefused = /asked for the client to provide credentials|\bUnauthorized\b/;

/** Whether an error means that a refresh could not reach the cluster, so that the program has not run. */
export function refreshFailed(message: string): boolean {
  return message.includes(refreshFailure);
}

/** The reason in an error about an unreachable cluster; undefined if the error gives none, or is another error. */
export function reasonIn(message: string): string | undefined {
  const [, reason = ""] = unreachable.exec(message) ?? [];
  const last = reason.split("\n").findLast((line) => line.trim() !== "");
  return last && oneLine(last);
}

/**
 * An error about an unreachable cluster as a sentence for the user; undefined for any other error.
 *
 * @param reason why the cluster cannot be reached. @default the reason in the error itself
 */
export function unreachableSentence(message: string, reason = reasonIn(message)): string | undefined {
  if (!unreachable.test(message)) return undefined;
  if (reason !== undefined && loginRefused.test(reason))
    return "The cluster refuses your login (in Pulumi's provider for Kubernetes): log in again.";
  const sentence = reason === undefined ? "" : ` (${reason})`;
  return `Pulumi's provider for Kubernetes cannot reach the cluster${sentence}: check KUBECONFIG, the context and the network; if the state of the stack holds a kubeconfig or context of another machine, run pulumi up --refresh=false once.`;
}
