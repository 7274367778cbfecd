/** The metadata that all objects of the front have. */
import { backgroundDeletion } from "./deletion.ts";
import { serviceLabel } from "./names.ts";
import { labelsOf, type ServiceArgs } from "./service-args.ts";

/**
 * The annotation by which `up` waits for the Deployments only. Otherwise it would wait for a Service while any of its canary pods is not
 * ready.
 */
export const withoutAwait = { "pulumi.com/skipAwait": "true", ...backgroundDeletion };

/** The annotation values of an object that is also changed outside Pulumi. */
export interface Written {
  /** The stack's owner id. */
  readonly owner: string;
  /** Number of the object's last write (gate/sequence.ts). */
  readonly sequence: number;
}

/**
 * The name, namespace and labels of an object of a service.
 *
 * @example frontMetadata("web", "web-canary", args).labels // { app: "web", "gray-release/service": "web" }
 */
export function frontMetadata(service: string, name: string, args: ServiceArgs) {
  return { name, namespace: args.namespace, labels: { ...labelsOf(service, args), [serviceLabel]: service } };
}
