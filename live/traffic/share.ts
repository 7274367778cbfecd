/** The share of user traffic that canary gets, read from the live front. */

import type { Pod } from "../../analysis/reading.ts";
import { finestWeight } from "../../components/traffic.ts";
import type { ServiceObject } from "../../kubernetes/objects/service.ts";
import type { ServiceHandle } from "../../kubernetes/service-handle.ts";
import { isOf, readDeployment, readService } from "../live.ts";
import type { LiveRoute } from "./mode.ts";
import { readAllRoutes } from "./modes.ts";
import { isOfWorker } from "./worker.ts";

/** The objects of the front that split the traffic. */
export interface Front {
  /** The shared Service. Undefined if there is none, and for a worker, whatever has its name. */
  readonly service: ServiceObject | undefined;
  /** The routes; empty if traffic is split by number of pods. */
  readonly routes: readonly LiveRoute[];
  /** The number of pods that a worker's canary Deployment wants. Absent for any other service. */
  readonly workerPods?: number;
}

/** Reads the live front of a service. Canary's Deployment is read only if there is no shared Service that the program wrote. */
export async function readFront(of: ServiceHandle): Promise<Front> {
  const [shared, routes] = await Promise.all([readService(of), readAllRoutes(of)]);
  if (shared && isOf(of.service, shared)) return { service: shared, routes };
  const canary = await readDeployment(of, "canary");
  if (!canary || !isOfWorker(canary)) return { service: shared, routes };
  return { service: undefined, routes, workerPods: canary.spec.replicas };
}

/**
 * The share of user traffic that canary gets, from 0 to 1. With routes it is their weight, the largest if they differ. Without routes it
 * is canary's part of the ready pods behind the shared Service: 0 while canary is dark, undefined if no pod is ready. For a worker it is
 * canary's part of the pods, because they take work whether they are ready or not.
 */
export function shareOf({ service, routes, workerPods }: Front, pods: readonly Pod[]): number | undefined {
  const weight = largestWeight(routes);
  if (weight !== undefined) return weight / 100;
  const selector = service?.spec.selector ?? {};
  const serving = pods.filter(
    (pod) =>
      (pod.ready || workerPods !== undefined) &&
      !pod.terminating &&
      (selector.track === undefined || selector.track === pod.track),
  );
  return serving.length === 0 ? undefined : serving.filter(({ track }) => track === "canary").length / serving.length;
}

/** Whether no user traffic can reach canary, whichever pods are ready. */
export function isClosed({ service, routes, workerPods }: Front): boolean {
  if (workerPods !== undefined) return workerPods === 0;
  const weight = largestWeight(routes);
  return weight === undefined ? service?.spec.selector?.track === "stable" : weight === 0;
}

/**
 * The share of requests that a gateway sends to canary, from 0 to 1, if it splits all requests by weight alone; undefined if there are
 * user rules, if routes differ, or if there are none.
 */
export function shareByWeightAlone({ routes }: Pick<Front, "routes">): number | undefined {
  const [weight, ...others] = new Set(routes.map(({ weight }) => weight));
  return weight === undefined || others.length > 0 || hasUserRules({ routes }) ? undefined : weight / 100;
}

/** Whether the routes have user rules, which send some users to a track at any weight. */
export function hasUserRules({ routes }: Pick<Front, "routes">): boolean {
  return routes.some((route) => route.hasUserRules);
}

/** The percent of requests that the routes send to canary by weight; the largest if they differ, undefined if there are none. */
export function largestWeight(routes: readonly LiveRoute[]): number | undefined {
  return routes.length > 0 ? Math.max(...routes.map(({ weight }) => weight)) : undefined;
}

/** Whether a live route sends canary this percent of requests, within half of the finest weight, because neither number is exact. */
export function hasWeight(route: LiveRoute, weight: number): boolean {
  return Math.abs(route.weight - weight) < finestWeight / 2;
}
