import { defaults } from "./defaults.ts";
import { UserError } from "./user-error.ts";

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
  /** Weights of the backends of the HTTPRoute, where a gateway splits the traffic. */
  readonly backends?: Record<Track, number>;
}

/** How canary's share of the user traffic came to be what it is. */
export interface Shift {
  /** Percent asked for. */
  readonly weight: number;
  /** Percent that canary had before this weight. */
  readonly from: number;
  /** Percent that canary has with it. */
  readonly to: number;
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
        throw new UserError(
          `weight is ${weight} and traffic by number of pods goes up to 50: take a weight of at most 50, and prod for everybody.`,
        );
      }
      const canaryReplicas = Math.max(1, Math.round((weight * stableReplicas) / (100 - weight)));
      const share = (100 * canaryReplicas) / (canaryReplicas + stableReplicas);
      if (share > shareTolerance * weight && !acceptShare) {
        throw new UserError(
          `weight ${weight} cannot be had from ${stableReplicas} stable pods: 1 canary pod beside them gets ${percent(share)} of the requests; take weight ${Math.max(1, Math.round(share))}, more stable pods, or acceptShare: true.`,
        );
      }
      return { weight, canaryReplicas, selector: labels, share };
    },
  };
}

/**
 * Weight by the backends of an HTTPRoute: the gateway draws a track for each request, so that the share is the weight
 * however many pods there are. Canary has as many pods as its share of the load asks for. The shared Service, which
 * callers inside the cluster use, goes dark at 0 as well; above it, they meet canary by the number of pods.
 *
 * @param minimum canary pods at any weight, so that one dead pod is no outage of the whole share
 */
export function gatewayMode(minimum: number = defaults.minimumCanaryReplicas): TrafficMode {
  return {
    plan(weight, stableReplicas, labels) {
      const backends = backendWeights(weight);
      const all = backends.stable + backends.canary;
      return {
        weight,
        canaryReplicas: Math.max(minimum, Math.ceil((backends.canary * stableReplicas) / all)),
        selector: weight === 0 ? { ...labels, track: "stable" } : labels,
        share: (100 * backends.canary) / all,
        backends,
      };
    },
  };
}

/** The finest weight, in percent: weights of backends are whole numbers, and so fine only where they have to be. */
export const finestWeight = 0.001;

function backendWeights(weight: number): Record<Track, number> {
  if (Number.isInteger(weight)) return { stable: 100 - weight, canary: weight };
  const canary = Math.round(weight / finestWeight);
  if (Math.abs(canary * finestWeight - weight) > 1e-9) {
    throw new UserError(
      `weight is ${weight} and a gateway's goes in steps of ${finestWeight}: leave the further digits out.`,
    );
  }
  return { stable: 100 / finestWeight - canary, canary };
}

/**
 * The sentence that preview shows: `asked 10 %, reached 10 %: 1 of 10 pods`. Behind a gateway it says besides what callers
 * inside the cluster meet, who come past it.
 */
export function describeTraffic(traffic: Traffic, stableReplicas: number): string {
  const { weight, share, canaryReplicas, backends } = traffic;
  if (weight === 0) return `canary is dark: no user request reaches it${backends ? " but with the token" : ""}`;
  const pods = canaryReplicas === 1 ? "1 canary pod" : `${canaryReplicas} canary pods`;
  const ofAll = `${canaryReplicas} of ${canaryReplicas + stableReplicas} pods`;
  const how = backends ? `by backend weights, ${pods}; callers inside the cluster meet ${ofAll}` : ofAll;
  const digits = backends ? 3 : 1;
  return `asked ${percent(weight, digits)}, reached ${percent(share, digits)}: ${how}`;
}

/**
 * What goes first when the front and the canary pods both change: pods before traffic when the weight rises, traffic
 * before pods when it falls or when a new template starts dark.
 */
export function rollOrder(weightInForce: number | undefined, weight: number): "pods-first" | "traffic-first" {
  return weight > (weightInForce ?? 0) ? "pods-first" : "traffic-first";
}

/**
 * The shift that this traffic makes or, where the share does not rise and the weight is the one of the last shift, that
 * one: so it stays the same from run to run while nothing happens.
 *
 * @param inForce percent that canary has now; undefined where it is dark
 */
export function shiftOf({ weight, share }: Traffic, inForce = 0, last?: Shift): Shift {
  const rises = share - inForce >= finestWeight / 2;
  if (!rises && last?.weight === weight) return last;
  return { weight, from: rounded(inForce), to: rounded(share) };
}

function rounded(value: number): number {
  return Number(value.toFixed(3));
}

function percent(value: number, digits = 1): string {
  return `${Number(value.toFixed(digits))} %`;
}
