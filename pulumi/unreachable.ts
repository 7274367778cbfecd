import { oneLine } from "../border/foreign-text.ts";

/**
 * What the provider for Kubernetes says where it reaches no cluster (pulumi-kubernetes, provider.go). After it stands the advice to
 * drop the resources from the state with PULUMI_K8S_DELETE_UNREACHABLE, which would lose a live service.
 */
const unreachable = /(?:due to unreachable cluster|configured Kubernetes cluster is unreachable)(?:: (.*))?/s;

/** The beginning of what it says where the provider that a state holds cannot be used for a refresh. */
const unread = "failed to read resource state due to unreachable cluster";

/** Whether a message says that a refresh came to no cluster, so that the program has not run. */
export function isUnread(message: string): boolean {
  return message.includes(unread);
}

/** What a message says of why no cluster is reached; undefined where it is about something else, or says nothing of that. */
export function reasonIn(message: string): string | undefined {
  const [, reason = ""] = unreachable.exec(message) ?? [];
  const last = reason.split("\n").findLast((line) => line.trim() !== "");
  return last && oneLine(last);
}

/**
 * A message that no cluster is reached, for people; any other is undefined.
 *
 * @param reason where the message itself does not say it
 */
export function unreachableSentence(message: string, reason = reasonIn(message)): string | undefined {
  if (!unreachable.test(message)) return undefined;
  const sentence = reason === undefined ? "" : ` (${reason})`;
  return `Pulumi's provider for Kubernetes reaches no cluster from here${sentence}: check KUBECONFIG, the context and the network; where the state of the stack holds a kubeconfig or context of another machine, run pulumi up --refresh=false once.`;
}
