import { Refusal } from "./refusal.ts";

/** The two roles of a service. They are fixed: a track never becomes the other. */
export type Track = "stable" | "canary";
export const tracks: readonly Track[] = ["stable", "canary"];

/** What a weight comes down to in the cluster. */
export interface Traffic {
  /** Percent asked for. */
  readonly weight: number;
  /** Pods of the canary track that carry it. */
  readonly canaryReplicas: number;
  /** Labels that the shared Service selects. */
  readonly selector: Record<string, string>;
  /** Percent of user traffic that canary really gets, with every pod ready. */
  readonly share: number;
}

/** A way to give the canary track its share of the traffic. */
export interface TrafficMode {
  /** @throws Refusal if this mode cannot reach the weight closely enough */
  plan(weight: number, stableReplicas: number, labels: Record<string, string>): Traffic;
}

/** The reached share may be this many times the asked one before it takes a person's word (`acceptShare`). */
const shareTolerance = 1.5;

/**
 * Weight by the number of pods: the shared Service selects both tracks, and a Service spreads new connections evenly
 * over its endpoints. Needs nothing but a Service, and is as fine as 1 pod in all pods.
 *
 * @param acceptShare take the share that the pods can reach, however far it is from the weight
 */
export function replicasMode(acceptShare = false): TrafficMode {
  return {
    plan(weight, stableReplicas, labels) {
      if (weight === 0) return { weight, canaryReplicas: 1, selector: { ...labels, track: "stable" }, share: 0 };
      if (weight > 50) {
        throw new Refusal(
          `weight is ${weight} and traffic by number of pods goes up to 50: take a weight of at most 50, and prod for everybody.`,
        );
      }
      const canaryReplicas = Math.max(1, Math.round((weight * stableReplicas) / (100 - weight)));
      const share = (100 * canaryReplicas) / (canaryReplicas + stableReplicas);
      if (share > shareTolerance * weight && !acceptShare) {
        throw new Refusal(
          `weight ${weight} cannot be had from ${stableReplicas} stable pods: 1 canary pod beside them gets ${percent(share)} of the requests; take weight ${Math.max(1, Math.round(share))}, more stable pods, or acceptShare: true.`,
        );
      }
      return { weight, canaryReplicas, selector: labels, share };
    },
  };
}

/** The sentence that preview shows: `asked 10 %, reached 10 %: 1 of 10 pods`. */
export function describeTraffic(traffic: Traffic, stableReplicas: number): string {
  if (traffic.weight === 0) return "canary is dark: no user request reaches it";
  const pods = traffic.canaryReplicas + stableReplicas;
  return `asked ${percent(traffic.weight)}, reached ${percent(traffic.share)}: ${traffic.canaryReplicas} of ${pods} pods`;
}

/**
 * What goes first when the front and the canary pods both change: pods before traffic when the weight rises, traffic
 * before pods when it falls or when a new template starts dark.
 */
export function rollOrder(weightInForce: number | undefined, weight: number): "pods-first" | "traffic-first" {
  return weight > (weightInForce ?? 0) ? "pods-first" : "traffic-first";
}

function percent(value: number): string {
  return `${Number(value.toFixed(1))} %`;
}
