import type { Track } from "./traffic.ts";

/** The label of every object of a service, with the service's name. */
export const serviceLabel = "gray-release/service";
/** The annotation of each driven object with the number it was last written with (gate/sequence.ts). */
export const sequenceAnnotation = "gray-release/seq";
/** The annotation of a Deployment with the full name of the stack that owns it. */
export const stackAnnotation = "gray-release/stack";
/** The annotation of every object of a service with the owner id of the stack that made it (gate/owner.ts). */
export const ownerAnnotation = "gray-release/owner";
/** The annotation of a Deployment that was there before us: the id of what it runs, until its first promotion. */
export const adoptedAnnotation = "gray-release/adopted";
/** The request header with the secret that reaches canary through a gateway at any weight, in lower case. */
export const tokenHeader = "x-gray-token";

/** The name of a track's Deployment. */
export function deploymentName(service: string, track: Track): string {
  return track === "canary" ? `${service}-canary` : service;
}

/** The Service of one track alone: the way to a dark canary from inside, and what a gateway sends to. */
export function backendName(service: string, track: Track): string {
  return `${service}-${track}`;
}

/** The Ingress to the shared Service for those who debug. */
export function debugIngressName(service: string): string {
  return `${service}-debug`;
}

/** The resource of a stack's state that holds its owner id. */
export function ownerName(service: string): string {
  return `${service}-owner`;
}
/** Pulumi's type of that resource. */
export const stashType = "pulumi:index:Stash";

/** What a track's Deployment selects. It is immutable in Kubernetes, and so for the life of the service. */
export function deploymentSelector(service: string, track: Track): Record<string, string> {
  return { app: service, track };
}
