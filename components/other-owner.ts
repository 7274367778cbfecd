/** Whether a live object belongs to something that would go on writing it, so that no program can adopt it. */
import { serviceLabel } from "./names.ts";

interface Metadata {
  readonly labels?: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
  readonly ownerReferences?: readonly { readonly kind: string; readonly name: string }[];
  readonly managedFields?: readonly { readonly manager?: string }[];
}

/**
 * Why an object is another owner's, as a part of a sentence; undefined if it is not: a controller's, a hook of Helm, another service's or
 * another Pulumi program's.
 *
 * @param what kind and name of the object
 * @example otherOwner("Deployment web", "web", { ownerReferences: [{ kind: "Rollout", name: "web" }] }) // "Deployment web is managed by Rollout web, …"
 */
export function otherOwner(what: string, service: string, metadata: Metadata): string | undefined {
  const [owner] = metadata.ownerReferences ?? [];
  if (owner) {
    return `${what} is managed by ${owner.kind} ${owner.name}, which would revert every change, so remove the service from that ${owner.kind} first`;
  }
  const hook = metadata.annotations?.["helm.sh/hook"];
  if (hook !== undefined) {
    return `${what} is a hook of Helm (helm.sh/hook: ${hook}), which Helm deletes and makes anew by itself, so make it a plain object of the chart first`;
  }
  const owningService = metadata.labels?.[serviceLabel];
  if (owningService !== undefined && owningService !== service) {
    return `${what} belongs to the service ${owningService}, so choose another service name`;
  }
  if (owningService === undefined && metadata.managedFields?.some(({ manager }) => manager?.startsWith("pulumi-"))) {
    return `${what} belongs to another Pulumi program, so remove it from the state of that program first`;
  }
  return undefined;
}
