/** Tracks and traffic: the settings of the cluster for a weight, in words, and the order in which they change. */

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
  /** Labels that the shared Service selects. Absent for a worker, which has no Service. */
  readonly selector?: Record<string, string>;
  /** The actual percent of user traffic for canary when every pod is ready. */
  readonly share: number;
  /** Weights of the backends of the routes. Absent if traffic is split by number of pods. */
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

/** The smallest step of a gateway's weight, in percent. Backend weights are whole numbers, so a fractional weight is scaled up. */
export const finestWeight = 0.001;

/**
 * The description of the traffic in `pulumi preview`: `asked 10 %, reached 10 %: 1 of 10 pods`. With a gateway it also has the
 * number of pods for callers inside the cluster, because these bypass the gateway.
 *
 * @example describeTraffic(replicasMode().plan(10, 9, { app: "web" }), 9) // "asked 10 %, reached 10 %: 1 of 10 pods"
 */
export function describeTraffic(traffic: Traffic, stableReplicas: number): string {
  const { weight, share, canaryReplicas, backends, selector } = traffic;
  if (weight === 0 && selector === undefined) return "canary has no pods, so it takes no work";
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
 * @example shiftOf(replicasMode().plan(10, 9, { app: "web" })) // { weight: 10, from: 0, to: 10 }
 */
export function shiftOf({ weight, share }: Traffic, inForce = 0, last?: Shift): Shift {
  const rises = share - inForce >= finestWeight / 2;
  if (!rises && last?.weight === weight) return last;
  return { weight, from: rounded(inForce), to: rounded(share) };
}

function rounded(value: number): number {
  return Number(value.toFixed(3));
}

/** A percentage as text, `10 %`. @example percent(12.34) // "12.3 %" */
export function percent(value: number, digits = 1): string {
  return `${Number(value.toFixed(digits))} %`;
}
