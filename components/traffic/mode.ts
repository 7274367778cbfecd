/** What a traffic mode is to the program: a method of traffic splitting, and the objects that it needs in front of both tracks. */
import type { Input } from "@pulumi/pulumi";
import type { ObjectReference } from "../object-reference.ts";
import type { Rule } from "../rule.ts";
import type { ServiceArgs } from "../service-args.ts";
import type { Track, Traffic } from "../traffic.ts";

/** A method of traffic splitting between the tracks. Its side in the cluster is in live/traffic/mode.ts. */
export interface TrafficMode {
  /** Whether there is a shared Service, and with it the plan's checks, which are requests to its ports. Only a worker has none. */
  readonly hasService: boolean;
  /** What the tracks share, in messages. */
  readonly shared: "requests" | "work";
  /**
   * The settings for a weight.
   *
   * @param weight requested percent of user traffic for canary
   * @param stableReplicas number of stable pods
   * @param labels labels of all pods of the service
   * @param current canary's number of pods, which stays if an autoscaler's change of stable is small (steady-pods.ts). @default none
   * @throws UserError if this mode cannot reach the weight closely enough
   */
  plan(weight: number, stableReplicas: number, labels: Record<string, string>, current?: number): Traffic;
  /** The objects that this mode needs in front of both tracks. */
  objects(service: string, args: ServiceArgs): ModeObjects;
}

/** The objects that a mode needs in front of both tracks. */
export interface ModeObjects {
  /** The tracks that have a Service of their own. With a shared Service canary always has one, for callers inside the cluster that try it while it is dark. */
  readonly trackServices: readonly Track[];
  /** The objects that split the users' requests by weight. */
  readonly routes: readonly ModeRoute[];
  /** The user rules in them. */
  readonly rules: readonly Rule[];
}

/** An object that splits users' requests by weight, as an HTTPRoute does. */
export interface ModeRoute extends ObjectReference {
  readonly apiVersion: string;
  /**
   * Its spec.
   *
   * @param traffic the settings of its mode for the weight
   * @param token secret value of the request header that reaches canary at any weight
   * @throws UserError if the object cannot express the user rules
   */
  readonly spec: (traffic: Traffic, token: Input<string>) => object;
}
