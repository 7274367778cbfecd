import type { Track } from "./traffic.ts";

/** The name of a track's Deployment. */
export function deploymentName(service: string, track: Track): string {
  return track === "canary" ? `${service}-canary` : service;
}

/** What a track's Deployment selects. It is immutable in Kubernetes, and so for the life of the service. */
export function deploymentSelector(service: string, track: Track): Record<string, string> {
  return { app: service, track };
}
