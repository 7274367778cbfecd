/** The table of the traffic modes, and which of them the arguments of a service choose. */
import { boundsOf, isScaled } from "../autoscaling.ts";
import type { ServiceArgs } from "../service-args.ts";
import type { Traffic } from "../traffic.ts";
import { UserError } from "../user-error.ts";
import { gatewayMode } from "./gateway/mode.ts";
import type { TrafficMode } from "./mode.ts";
import { replicasMode } from "./replicas/mode.ts";
import { isWorker } from "./worker/args.ts";
import { workerMode } from "./worker/mode.ts";

/** The arguments of a service that choose a mode, or change what it accepts. */
type ModeArgs = Partial<Pick<ServiceArgs, "gateway" | "acceptShare" | "replicas" | "autoscaling" | "ports">>;

/** The modes by name. */
const modes = {
  gateway: (args: ModeArgs) =>
    gatewayMode(args.gateway?.minimumCanaryReplicas, isScaled(args) ? boundsOf(args.autoscaling) : undefined),
  replicas: (args: ModeArgs) => replicasMode(args.acceptShare || isScaled(args)),
  worker: (args: ModeArgs) => workerMode(args.acceptShare || isScaled(args)),
} as const satisfies Record<string, (args: ModeArgs) => TrafficMode>;

/** The name of a traffic mode. `replicas` is traffic by number of pods, `worker` has pods alone. */
export type ModeName = keyof typeof modes;

/** The modes that an argument of their name chooses. */
const byArgument = ["gateway"] as const satisfies readonly (ModeName & keyof ModeArgs)[];

/**
 * The name of the mode that the arguments choose: that of a worker without ports, the mode whose argument is set, or by number of pods.
 *
 * @example modeNameOf({ replicas: 9 }) // "replicas"
 */
export function modeNameOf(args: ModeArgs): ModeName {
  return isWorker(args) ? "worker" : (byArgument.find((name) => args[name] !== undefined) ?? "replicas");
}

/**
 * The mode with a name.
 *
 * @param args the arguments that change what it accepts. @default none
 * @example modeNamed("replicas").plan(10, 9, { app: "web" }).canaryReplicas // 1
 */
export function modeNamed(name: ModeName, args: ModeArgs = {}): TrafficMode {
  return modes[name](args);
}

/** The mode that the arguments choose. @example modeOf({ replicas: 9 }).plan(10, 9, { app: "web" }).share // 10 */
export function modeOf(args: ModeArgs): TrafficMode {
  return modeNamed(modeNameOf(args), args);
}

/**
 * The settings of the mode that the arguments choose, for a weight.
 *
 * @param weight requested percent of user traffic for canary
 * @param stableReplicas number of stable pods
 * @param labels labels of all pods of the service
 * @param canaryPods canary's pods, which stay as long as they fit the weight. @default as many as fit it best
 * @throws UserError that names the service, if its mode cannot reach the weight closely enough
 * @example trafficFor("web", { replicas: 9 }, 10, 9, { app: "web" }).canaryReplicas // 1
 */
export function trafficFor(
  service: string,
  args: ModeArgs,
  weight: number,
  stableReplicas: number,
  labels: Record<string, string>,
  canaryPods?: number,
): Traffic {
  try {
    return modeOf(args).plan(weight, stableReplicas, labels, canaryPods);
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    throw new UserError(`${service}: ${error.message}`);
  }
}
