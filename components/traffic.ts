/** Tracks and traffic: how many canary pods, and which selector or backend weights, a weight needs. */
import { defaults } from "./defaults.ts";
import { UserError } from "./user-error.ts";

/**
 * The two roles of a service's pods. A promotion moves a release from canary to stable; the tracks keep their roles.
 *
 * @example
 * ```ts
 * const tracks: Track[] = [pulumi.getStack() === "prod" ? "stable" : "canary"];
 * ```
 */
export type Track = "stable" | "canary";
/** Both tracks, stable first. */
export const tracks: readonly Track[] = ["stable", "canary"];

/**
 * The settings of the cluster for a weight.
 *
 * @example
 * ```ts
 * const { share }: Traffic = replicasMode(false).plan(10, 9, { app: "web" }); // 10
 * ```
 */
export interface Traffic {
  /** The requested percent of user traffic for canary. */
  readonly weight: number;
  /** Number of canary pods. */
  readonly canaryReplicas: number;
  /** Labels that the shared Service selects. */
  readonly selector: Record<string, string>;
  /** The actual percent of user traffic for canary when every pod is ready. */
  readonly share: number;
  /** Weights of the HTTPRoute's backends. Absent without a gateway. */
  readonly backends?: Record<Track, number>;
}

/** The last change of canary's share of user traffic. */
export interface Shift {
  /** The requested percent. */
  readonly weight: number;
  /** Canary's percent before the change. */
  readonly from: number;
  /** Canary's percent after the change. */
  readonly to: number;
}

/** A method of traffic splitting between the tracks. */
export interface TrafficMode {
  /**
   * The settings for a weight.
   *
   * @param weight requested percent of user traffic for canary
   * @param stableReplicas number of stable pods
   * @param labels labels of all pods of the service
   * @throws UserError if this mode cannot reach the weight closely enough
   */
  plan(weight: number, stableReplicas: number, labels: Record<string, string>): Traffic;
}

/** The maximum ratio of the actual share to the weight. A larger one needs `acceptShare`. */
const shareTolerance = 1.5;

/**
 * Splits traffic by the number of pods. The shared Service selects both tracks and distributes new connections evenly over
 * its endpoints. This mode needs only a Service. Its smallest step is one pod.
 *
 * @param acceptShare accept the share that whole pods can reach, even if it is far from the weight. @default false
 * @example replicasMode().plan(10, 9, { app: "web" }).canaryReplicas // 1
 */
export function replicasMode(acceptShare = false): TrafficMode {
  return {
    plan(weight, stableReplicas, labels) {
      if (weight === 0) return { weight, canaryReplicas: 1, selector: { ...labels, track: "stable" }, share: 0 };
      if (weight > 50) {
        throw new UserError(
          `weight is ${weight} and traffic by number of pods supports at most 50: use a weight of at most 50, then promote the release to stable for all users.`,
        );
      }
      const canaryReplicas = Math.max(1, Math.round((weight * stableReplicas) / (100 - weight)));
      const share = (100 * canaryReplicas) / (canaryReplicas + stableReplicas);
      if (share > shareTolerance * weight && !acceptShare) {
        throw new UserError(
          `weight is ${weight} and ${stableReplicas} stable pods cannot serve ${percent(weight, 3)}: 1 canary pod beside them gets ${percent(share)} of the requests; use weight ${Math.max(1, Math.round(share))}, more stable pods, or acceptShare: true.`,
        );
      }
      return { weight, canaryReplicas, selector: labels, share };
    },
  };
}

/**
 * Splits traffic by the backend weights of an HTTPRoute. The gateway chooses a track for each request, so the share equals the
 * weight with any number of pods. The number of canary pods follows from canary's share of the load. Callers inside the
 * cluster use the shared Service. At weight 0 it selects only stable; above 0 it splits by the number of pods.
 *
 * @param minimum minimum number of canary pods. @default 2, so that one failed pod does not take down all of canary
 * @example gatewayMode().plan(10, 9, { app: "web" }).backends // { stable: 90, canary: 10 }
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

/** The smallest step of a gateway's weight, in percent. Backend weights are whole numbers, so a fractional weight is scaled up. */
export const finestWeight = 0.001;

function backendWeights(weight: number): Record<Track, number> {
  if (Number.isInteger(weight)) return { stable: 100 - weight, canary: weight };
  const canary = Math.round(weight / finestWeight);
  if (Math.abs(canary * finestWeight - weight) > 1e-9) {
    throw new UserError(
      `weight is ${weight} and a gateway supports steps of ${finestWeight}: remove the further digits.`,
    );
  }
  return { stable: 100 / finestWeight - canary, canary };
}

/**
 * The description of the traffic in `pulumi preview`: `asked 10 %, reached 10 %: 1 of 10 pods`. With a gateway it also has the
 * number of pods for callers inside the cluster, because these bypass the gateway.
 */
export function describeTraffic(traffic: Traffic, stableReplicas: number): string {
  const { weight, share, canaryReplicas, backends } = traffic;
  if (weight === 0) return `canary is dark: no user request reaches it${backends ? " without the token" : ""}`;
  const pods = canaryReplicas === 1 ? "1 canary pod" : `${canaryReplicas} canary pods`;
  const ofAll = `${canaryReplicas} of ${canaryReplicas + stableReplicas} pods`;
  const how = backends ? `by backend weights, ${pods}; callers inside the cluster reach canary on ${ofAll}` : ofAll;
  const digits = backends ? 3 : 1;
  return `asked ${percent(weight, digits)}, reached ${percent(share, digits)}: ${how}`;
}

/**
 * The order of updates if the front and canary's pods both change. If the weight rises, pods come before traffic. If it falls
 * or stays, or a new release starts dark, traffic comes before pods.
 *
 * @param weightInForce the current weight. Undefined if canary does not exist
 *
 * @example
 * ```ts
 * rollOrder(10, 25) // "pods-first"
 * ```
 */
export function rollOrder(weightInForce: number | undefined, weight: number): "pods-first" | "traffic-first" {
  return weight > (weightInForce ?? 0) ? "pods-first" : "traffic-first";
}

/**
 * The change of canary's share to this traffic. If the share does not rise and the weight equals that of the last change, the
 * last change is returned, so that a run without changes has the same inputs.
 *
 * @param inForce canary's current percent. Undefined if it is dark
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
