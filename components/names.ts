/** The names of a service's objects, labels and annotations. */
import type { Track } from "./traffic.ts";

/** The label of every object of a service. Its value is the service's name. */
export const serviceLabel = "gray-release/service";
/** The label of the ConfigMap of each verdict. Its value is whose verdict it is, `evidence` or `person`. */
export const verdictLabel = "gray-release/verdict";
/** The annotation of objects that are also changed outside Pulumi. Its value is the number of the last write (gate/sequence.ts). */
export const sequenceAnnotation = "gray-release/seq";
/** The annotation of a Deployment. Its value is the full name of the stack that owns it. */
export const stackAnnotation = "gray-release/stack";
/** The annotation of every object of a service. Its value is the owner id of the stack that created it (gate/owner.ts). */
export const ownerAnnotation = "gray-release/owner";
/** The annotation of a shared Service. Its value is the names of the Services that select the same pods, separated by commas. */
export const followersAnnotation = "gray-release/followers";
/** The annotation of an adopted Deployment until its first promotion. Its value is the id of the release that it runs. */
export const adoptedAnnotation = "gray-release/adopted";
/** The annotation of canary's Deployment. Its value is the id of the release that canary ran completely before this one. */
export const previousAnnotation = "gray-release/previous";
/** The annotation of the Deployments of a worker, which have no front. Its value is `true`. */
export const workerAnnotation = "gray-release/worker";
/** The annotation of the Deployments of a worker whose pods have no readinessProbe. Its value is the reason. */
export const noReadinessAnnotation = "gray-release/no-readiness";
/** The request header for the secret token that reaches canary through a gateway at any weight. In lower case. */
export const tokenHeader = "x-gray-token";

/** A DNS label of RFC 1035, as Services require. At most 40 characters, so that suffixes such as `-canary` and a hash still fit. */
export const dnsLabel = /^[a-z]([-a-z0-9]{0,38}[a-z0-9])?$/;

/** The names of a service: that of its objects in Kubernetes, and that of its resources in the program. */
export interface ServiceNames {
  readonly service: string;
  /** The first argument of CanaryService. It is unique in a program, the service's name only in a namespace. */
  readonly resource: string;
}

/**
 * The names of a service.
 *
 * @example namesOf("eu-web", { name: "web" }) // { service: "web", resource: "eu-web" }
 */
export function namesOf(resource: string, args: { readonly name?: string | undefined }): ServiceNames {
  return { service: args.name ?? resource, resource };
}

/**
 * The name in the program of an object whose name begins with the service's. It begins with that of the component, so that Pulumi's
 * aliases of a renamed component hold for its objects too (SDK: inheritedChildAlias).
 *
 * @example resourceNameOf({ service: "web", resource: "eu-web" }, "web-canary") // "eu-web-canary"
 */
export function resourceNameOf({ service, resource }: ServiceNames, object: string): string {
  return object.startsWith(service) ? `${resource}${object.slice(service.length)}` : `${resource}:${object}`;
}

/** The name of a track's Deployment. @example deploymentName("web", "canary") // "web-canary" */
export function deploymentName(service: string, track: Track): string {
  return track === "canary" ? `${service}-canary` : service;
}

/**
 * The name of the Service that selects one track only. It reaches a dark canary from inside the cluster; gateways route to it.
 *
 * @example backendName("web", "stable") // "web-stable"
 */
export function backendName(service: string, track: Track): string {
  return `${service}-${track}`;
}

/**
 * The name of the Ingress for debugging, which routes to the shared Service.
 *
 * @example debugIngressName("web") // "web-debug"
 */
export function debugIngressName(service: string): string {
  return `${service}-debug`;
}

/**
 * The name of the resource in the stack state that holds the owner id.
 *
 * @param resource name of the component in the program
 * @example ownerName("web") // "web-owner"
 */
export function ownerName(resource: string): string {
  return `${resource}-owner`;
}
/**
 * The name of the resource in the stack state that holds the {@link StackState}. Another stack, and `gray`, look for it by the service.
 *
 * @param namespace if the component has another name than the service
 * @example stateName("web") // "web-state"
 */
export function stateName(service: string, namespace?: string): string {
  return `${namespace === undefined ? "" : `${namespace}/`}${service}-state`;
}
/**
 * The name of the resource in the stack state that holds the key for the names of versioned Secrets.
 *
 * @param resource name of the component in the program
 * @example secretKeyName("web") // "web-secret-key"
 */
export function secretKeyName(resource: string): string {
  return `${resource}-secret-key`;
}

/** The Pulumi type of these resources. */
export const stashType = "pulumi:index:Stash";

/**
 * The selector of a track's Deployment. It never changes, because Kubernetes does not allow that.
 *
 * @example deploymentSelector("web", "canary") // { app: "web", track: "canary" }
 */
export function deploymentSelector(service: string, track: Track): Record<string, string> {
  return { app: service, track };
}
