import type { Pod } from "../analysis/reading.ts";
import { tokenHeader } from "../components/names.ts";
import type { Cluster } from "../kubernetes/cluster.ts";
import { readService, type ServiceObject } from "./live.ts";
import { largestWeight, type RouteObject, readRoutes, weightOf } from "./routes.ts";

/** What of the front decides who meets canary. */
export interface Front {
  readonly service: ServiceObject | undefined;
  /** The HTTPRoutes; none in traffic by number of pods. */
  readonly routes: readonly RouteObject[];
}

export async function readFront(api: Cluster, namespace: string, service: string): Promise<Front> {
  const [shared, routes] = await Promise.all([
    readService(api, namespace, service),
    readRoutes(api, namespace, service),
  ]);
  return { service: shared, routes };
}

/**
 * The share of user traffic that canary gets, 0 to 1: what its routes say where there are any (the largest, where they
 * differ), else what its ready pods get of the shared Service: 0 while it is dark, undefined where no pod is ready.
 */
export function shareOf({ service, routes }: Front, pods: readonly Pod[]): number | undefined {
  const weight = largestWeight(routes);
  if (weight !== undefined) return weight / 100;
  const selector = service?.spec.selector ?? {};
  const ready = pods.filter(
    (pod) => pod.ready && !pod.terminating && (selector.track === undefined || selector.track === pod.track),
  );
  return ready.length === 0 ? undefined : ready.filter(({ track }) => track === "canary").length / ready.length;
}

/** Whether no user can meet canary, whichever pods are ready. */
export function isClosed({ service, routes }: Front): boolean {
  const weight = largestWeight(routes);
  return weight === undefined ? service?.spec.selector?.track === "stable" : weight === 0;
}

/**
 * The share of all requests that a gateway means for canary, 0 to 1, where it sends each by weight alone; undefined where
 * user rules send some elsewhere, routes differ, or there are none.
 */
export function shareByWeightAlone({ routes }: Pick<Front, "routes">): number | undefined {
  const [weight, ...others] = new Set(routes.map(weightOf));
  return weight === undefined || others.length > 0 || hasUserRules({ routes }) ? undefined : weight / 100;
}

/** Whether rules send some users to a track whatever the weight. */
export function hasUserRules({ routes }: Pick<Front, "routes">): boolean {
  return routes.some(({ spec }) => (spec.rules ?? []).filter((rule) => !isOfToken(rule)).length > 1);
}

/** Whether only the token meets a rule. */
export function isOfToken({ matches = [] }: Partial<NonNullable<RouteObject["spec"]["rules"]>[number]>): boolean {
  return (
    matches.length > 0 &&
    matches.every(({ headers = [] }) => headers.some(({ name }) => name.toLowerCase() === tokenHeader))
  );
}
