/** Describes a live Service by arguments. */

import { isDeepStrictEqual } from "node:util";
import type { Port } from "../components/port.ts";
import type { ServiceArgs } from "../components/service-args.ts";
import { describableAnnotations } from "../components/undescribed.ts";
import type { ServiceObject } from "../kubernetes/objects/service.ts";
import { notDescribed, type Remark } from "./remark.ts";

/** The arguments for a Service, and what they do not say. */
export interface DescribedService {
  readonly args: Pick<ServiceArgs, "ports" | "serviceSpec" | "serviceAnnotations">;
  readonly remarks: readonly Remark[];
}

/** Fields of a Service's spec with the value that the API server gives if they are left out. */
const serverDefaults: Readonly<Record<string, unknown>> = {
  type: "ClusterIP",
  sessionAffinity: "None",
  sessionAffinityConfig: { clientIP: { timeoutSeconds: 10_800 } },
  internalTrafficPolicy: "Cluster",
  externalTrafficPolicy: "Cluster",
  allocateLoadBalancerNodePorts: true,
  ipFamilyPolicy: "SingleStack",
};
/** Fields that the cluster assigns, and those that have another argument. */
const assigned = ["selector", "ports", "clusterIP", "clusterIPs", "healthCheckNodePort"];

/** The arguments that render this Service. */
export function describeService({ metadata, spec }: ServiceObject): DescribedService {
  const fields = { ...(spec as unknown as Record<string, unknown>) };
  const kept = Object.entries(fields).filter(([field, value]) => {
    if (assigned.includes(field) || isDeepStrictEqual(serverDefaults[field], value)) return false;
    // A cluster with one family of addresses chooses it itself.
    return field !== "ipFamilies" || fields.ipFamilyPolicy !== "SingleStack";
  });
  const isHidden = kept.find(([field, value]) => field === "publishNotReadyAddresses" && value === true);
  const serviceSpec = {
    ...Object.fromEntries(kept.filter((each) => each !== isHidden)),
    ...(fields.clusterIP === "None" && { clusterIP: "None" }),
  };
  const annotations = describableAnnotations(metadata.annotations);
  const why =
    "users would reach pods that are not ready, so the program leaves it out and the next pulumi up may not keep it";
  return {
    args: {
      ports: portsOf((spec.ports ?? []) as readonly LivePort[]),
      ...(Object.keys(serviceSpec).length > 0 && { serviceSpec }),
      ...(Object.keys(annotations).length > 0 && { serviceAnnotations: annotations }),
    },
    remarks: isHidden ? [notDescribed(`Service ${metadata.name}: publishNotReadyAddresses`, why)] : [],
  };
}

/** A port of a live Service, with the API server's defaults. */
interface LivePort extends Port {
  readonly targetPort: number | string;
}

/**
 * The ports as arguments. A port without a name has the empty one, because the argument's default is `http`; of several ports each has its
 * name.
 */
function portsOf(ports: readonly LivePort[]): Port[] {
  return ports.map(({ name = "", port, targetPort, protocol, ...others }) => ({
    ...((name !== "http" || ports.length > 1) && { name }),
    port,
    ...(targetPort !== port && { targetPort }),
    ...(protocol !== "TCP" && protocol !== undefined && { protocol }),
    ...others,
  }));
}
