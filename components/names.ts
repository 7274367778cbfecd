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
/** The annotation of an adopted Deployment until its first promotion. Its value is the id of the release that it runs. */
export const adoptedAnnotation = "gray-release/adopted";
/** The annotation of canary's Deployment. Its value is the id of the release that canary ran completely before this one. */
export const previousAnnotation = "gray-release/previous";
/** The request header for the secret token that reaches canary through a gateway at any weight. In lower case. */
export const tokenHeader = "x-gray-token";

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

/** The name of the resource in the stack state that holds the owner id. @example ownerName("web") // "web-owner" */
export function ownerName(service: string): string {
  return `${service}-owner`;
}
/** The name of the resource in the stack state that holds the {@link StackState}. @example stateName("web") // "web-state" */
export function stateName(service: string): string {
  return `${service}-state`;
}
/** The Pulumi type of these two resources. */
export const stashType = "pulumi:index:Stash";

/**
 * The selector of a track's Deployment. It never changes, because Kubernetes does not allow that.
 *
 * @example deploymentSelector("web", "canary") // { app: "web", track: "canary" }
 */
export function deploymentSelector(service: string, track: Track): Record<string, string> {
  return { app: service, track };
}
