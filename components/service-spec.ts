/** The further fields of a Service's spec, and their validation. */
import type { types } from "@pulumi/kubernetes";
import type { Unwrap } from "@pulumi/pulumi";
import * as v from "valibot";
import { checked, type Fault, plainObject } from "./schema.ts";

/**
 * The fields of a Service's spec that CanaryService does not set itself (core/v1 ServiceSpec).
 *
 * @example
 * ```ts
 * const serviceSpec: ServiceSpec = { type: "LoadBalancer", externalTrafficPolicy: "Local", ipFamilyPolicy: "PreferDualStack" };
 * ```
 */
export type ServiceSpec = Omit<Unwrap<types.input.core.v1.ServiceSpec>, "selector" | "ports">;

/**
 * The schema of {@link ServiceSpec}.
 *
 * @param isForUsers whether users may reach its pods
 * @example v.is(serviceSpecSchema(true), { type: "ExternalName" }) // false
 */
export function serviceSpecSchema(isForUsers: boolean) {
  return v.pipe(
    plainObject<ServiceSpec>(),
    checked((spec): Fault | undefined => {
      const own = ["selector", "ports"].find((field) => field in spec);
      if (own !== undefined) return { at: [own], message: "CanaryService sets it itself, so remove it" };
      if (spec.type === "ExternalName")
        return { at: ["type"], message: "it selects no pods, so it cannot be in front of both tracks" };
      if (isForUsers && spec.publishNotReadyAddresses === true)
        return { at: ["publishNotReadyAddresses"], message: "users would reach pods that are not ready" };
      return undefined;
    }),
  );
}

/** Fields that get a value from the API server. */
const serverFields = [
  "allocateLoadBalancerNodePorts",
  "clusterIP",
  "clusterIPs",
  "externalTrafficPolicy",
  "healthCheckNodePort",
  "internalTrafficPolicy",
  "ipFamilies",
  "ipFamilyPolicy",
  "loadBalancerClass",
  "loadBalancerIP",
  "sessionAffinity",
  "sessionAffinityConfig",
  "type",
];

/**
 * The fields of a Service's spec that the API server chooses, because the program does not give them. An adopted Service keeps its own
 * values.
 *
 * @example chosenByServer({ type: "NodePort" }).includes("type") // false
 */
export function chosenByServer(given: ServiceSpec = {}): string[] {
  return serverFields.filter((field) => !(field in given));
}
