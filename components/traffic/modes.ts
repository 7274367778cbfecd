/** The traffic modes, and which of them the arguments of a service choose. */
import type { ServiceArgs } from "../service-args.ts";
import { gatewayMode } from "./gateway/mode.ts";
import type { TrafficMode } from "./mode.ts";
import { replicasMode } from "./replicas/mode.ts";

/** The method by which the arguments split traffic: the mode whose argument is set, or by number of pods. */
export function modeOf(args: ServiceArgs): TrafficMode {
  if (args.gateway) return gatewayMode(args.gateway.minimumCanaryReplicas);
  return replicasMode(args.acceptShare || args.replicas === "external");
}
