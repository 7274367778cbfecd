/** The weight of an `up`: the traffic for it, and whether that changes the live front. Pure. */

import { assertBeside } from "../components/adoption.ts";
import { boundsOf, fixedReplicas, isScaled } from "../components/autoscaling.ts";
import { defaults } from "../components/defaults.ts";
import { describeRule } from "../components/rule.ts";
import type { ServiceArgs } from "../components/service-args.ts";
import { modeOf, trafficFor } from "../components/traffic/modes.ts";
import { isFarFrom } from "../components/traffic/replicas/mode.ts";
import { describeTraffic, percent, type Traffic } from "../components/traffic.ts";
import { percentOf } from "../components/units.ts";
import { sameLabels } from "../live/labels.ts";
import type { Live } from "../live/live.ts";
import { hasWeight, largestWeight } from "../live/traffic/share.ts";
import { isOfWorker } from "../live/traffic/worker.ts";
import type { Adopted, RecordReading } from "../record/record.ts";

/** The weight in the arguments, or, while a rollout is open, the record's; then with a warning if they differ. */
export function wantedWeight(
  service: string,
  args: ServiceArgs,
  record: RecordReading,
): { readonly weight: number; readonly warning?: string } {
  const asked = percentOf(args.weight ?? defaults.weight);
  const open = record.kind === "read" ? record.record.open : undefined;
  if (open?.weight === undefined || open.weight === asked) return { weight: asked };
  const { weight, release } = open;
  return {
    weight,
    warning: `${service}: the weight stays ${weight} % while the rollout of ${release} is open; the ${asked} % of the program apply when it has ended (gray watch).`,
  };
}

/**
 * The traffic for a weight.
 *
 * @param current canary's live number of pods, if it has this weight and follows an autoscaler
 * @throws UserError if the pods cannot serve the weight, adopted pods cannot serve beside it, or the rules do not fit into the routes
 */
export function trafficOf(
  service: string,
  args: ServiceArgs,
  live: Live,
  weight: number,
  adopted: Adopted | undefined,
  current?: CurrentPods,
): Traffic {
  if (adopted) assertBeside(service, args, weight, adopted.front);
  const stable = stableReplicasOf(args, live);
  const planned = trafficFor(service, args, weight, stable, adopted?.front ?? { app: service }, current?.pods);
  const traffic = current?.isHeld ? withPods(planned, stable, current.pods) : planned;
  // Compiled before anything is registered, so that rules that do not fit into a route are refused in time.
  for (const { spec } of modeOf(args).objects(service, args).routes) spec(traffic, "");
  return traffic;
}

/** Canary's live number of pods. */
export interface CurrentPods {
  readonly pods: number;
  /** Whether it stays, because only the driver of the open rollout changes it. If not, it stays as long as it fits. */
  readonly isHeld: boolean;
}

/**
 * Canary's live number of pods if this `up` keeps it: it follows a stable that an autoscaler scales, and the weight does not change. So an
 * `up` neither takes back what a driver has set, nor is refused because stable was scaled while a rollout holds.
 *
 * @param last the weight that the stack's last `up` set
 */
export function currentPods(
  args: ServiceArgs,
  { deployments: { canary } }: Live,
  weight: number,
  last: number | undefined,
  isHeld: boolean,
): CurrentPods | undefined {
  if (!isScaled(args) || !canary?.spec.replicas || weight === 0 || weight !== last) return undefined;
  return { pods: canary.spec.replicas, isHeld };
}

function withPods(traffic: Traffic, stable: number, canaryReplicas: number): Traffic {
  const share = traffic.backends ? traffic.share : (100 * canaryReplicas) / (canaryReplicas + stable);
  return { ...traffic, canaryReplicas, share };
}

/** The warning that an autoscaler's number of stable pods gives canary a share that is far from the weight; undefined if it does not. */
export function shareWarning(service: string, args: ServiceArgs, live: Live, traffic: Traffic): string | undefined {
  const { weight, share, backends } = traffic;
  if (!isScaled(args) || args.acceptShare || backends || weight === 0 || !isFarFrom(weight, share)) return undefined;
  const pods = stableReplicasOf(args, live);
  const { shared } = modeOf(args);
  const otherwise = shared === "work" ? "" : "split the traffic by a gateway, ";
  return `${service}: canary gets ${percent(share)} of the ${shared} in place of ${weight} %, because stable has only ${pods} ${pods === 1 ? "pod" : "pods"} now: raise the least number of its autoscaler, ${otherwise}or set acceptShare: true.`;
}

/** The effect of the weight and the rules in words, one line each. */
export function describeWeight(service: string, args: ServiceArgs, live: Live, traffic: Traffic): string[] {
  return [
    `${service}: ${describeTraffic(traffic, stableReplicasOf(args, live))}`,
    ...modeOf(args)
      .objects(service, args)
      .rules.map((rule) => `${service}: ${describeRule(rule, traffic.weight)}`),
  ];
}

/** The warning that a headless Service makes canary's share inexact; undefined if traffic is not split by its endpoints. */
export function headlessWarning(service: string, args: ServiceArgs, traffic: Traffic): string | undefined {
  if (args.serviceSpec?.clusterIP !== "None" || traffic.weight === 0 || traffic.backends !== undefined)
    return undefined;
  return `${service}: the Service is headless, so each client chooses a pod from DNS by itself: canary gets its share only from clients that look the name up for each connection, and after a cutoff a client leaves canary with its next lookup.`;
}

/** Whether this traffic changes the live front or canary's live number of pods. */
export function changesFront({ front, deployments }: Live, traffic: Traffic): boolean {
  const [selects, selector] = [front.service?.spec.selector, traffic.selector];
  const pods = deployments.canary?.spec.replicas;
  return (
    (selects !== undefined && selector !== undefined && !sameLabels(selects, selector)) ||
    (pods !== undefined && pods !== traffic.canaryReplicas) ||
    front.routes.some((route) => !hasWeight(route, traffic.weight))
  );
}

/** The number of stable pods: the program's, or the live one if an autoscaler owns it. */
export function stableReplicasOf(args: ServiceArgs, live: Live): number {
  return fixedReplicas(args) ?? live.deployments.stable?.spec.replicas ?? boundsOf(args.autoscaling).least;
}

/** The percent of traffic that the live front sends to canary; undefined if canary is dark or there is no front yet. */
export function weightInForce(live: Live): number | undefined {
  const { routes, service: shared } = live.front;
  const weight = largestWeight(routes);
  if (weight !== undefined) return weight || undefined;
  const { canary, stable } = live.deployments;
  const [few, many] = [canary?.spec.replicas ?? 0, stable?.spec.replicas ?? 0];
  const isDark = isOfWorker(canary) ? few === 0 : !shared || shared.spec.selector?.track === "stable";
  return isDark || few + many === 0 ? undefined : (100 * few) / (few + many);
}
