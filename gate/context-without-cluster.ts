/** The context of a service in a preview that cannot read its cluster yet. */

import { boundsOf, fixedReplicas } from "../components/autoscaling.ts";
import { defaults } from "../components/defaults.ts";
import { configMapsToKeep, serviceKey } from "../components/history.ts";
import { rollSeconds } from "../components/roll.ts";
import type { RolloutContext } from "../components/rollout-context.ts";
import { type ServiceArgs, tracksOf } from "../components/service-args.ts";
import { trafficFor } from "../components/traffic/modes.ts";
import { shiftOf } from "../components/traffic.ts";
import { percentOf } from "../components/units.ts";
import type { ObserveResult } from "./observation.ts";

/**
 * The context of a service in a preview that cannot read its cluster, such as one that the same `up` creates. Canary gets the rendered
 * release, and so does stable, because the releases are stored in the cluster. Of the Secrets it has those of the arguments: which others earlier
 * releases need is stored there too. The gate is not asked.
 */
export function contextWithoutCluster(
  { service, rendered, secrets, own, of }: Extract<ObserveResult, { kind: "unreachable" }>,
  args: ServiceArgs,
): RolloutContext {
  const owned = tracksOf(args);
  const replicas = fixedReplicas(args);
  const { least } = boundsOf(args.autoscaling);
  const traffic = owned.includes("canary")
    ? trafficFor(service, args, percentOf(args.weight ?? defaults.weight), replicas ?? least, { app: service })
    : undefined;
  return {
    ...of,
    key: serviceKey(args.namespace, service),
    cluster: own?.cluster ?? "unknown",
    releases: {
      ...(traffic && { canary: rendered }),
      ...(owned.includes("stable") && { stable: rendered }),
    },
    admissions: {},
    ...(traffic && { traffic, shift: shiftOf(traffic, undefined, own?.shift) }),
    stableReplicas: replicas,
    rollSeconds: {
      stable: rollSeconds(args, replicas ?? least),
      canary: rollSeconds(args, traffic?.canaryReplicas ?? 0),
    },
    fastRollback: false,
    order: "pods-first",
    sequence: { stable: 0, canary: 0, front: 0 },
    ...(own && { remembered: own }),
    previous: {},
    history: [rendered],
    ...(traffic && Object.keys(secrets).length > 0 && { secrets: { described: secrets, retained: [] } }),
    configMaps: traffic ? configMapsToKeep([rendered], {}) : {},
    hooks: { stable: {}, canary: {}, front: {} },
  };
}
