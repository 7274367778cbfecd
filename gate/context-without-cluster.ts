/** The context of a service in a preview that cannot read its cluster yet. */

import { defaults } from "../components/defaults.ts";
import { configMapsToKeep, type StackState, serviceKey } from "../components/history.ts";
import type { Release } from "../components/release.ts";
import { rollSeconds } from "../components/roll.ts";
import type { RolloutContext } from "../components/rollout-context.ts";
import { type ServiceArgs, tracksOf } from "../components/service-args.ts";
import { modeOf } from "../components/traffic/modes.ts";
import { shiftOf } from "../components/traffic.ts";
import { percentOf } from "../components/units.ts";

/**
 * The context of a service in a preview that cannot read its cluster, such as one that the same `up` creates. Canary gets the rendered
 * release, and so does stable, because the releases are stored in the cluster. The gate is not asked.
 *
 * @param own the state of this stack
 */
export function contextWithoutCluster(
  service: string,
  args: ServiceArgs,
  rendered: Release,
  own: StackState | undefined,
  of: Pick<RolloutContext, "stack" | "provider" | "owner" | "ownerStash">,
): RolloutContext {
  const owned = tracksOf(args);
  const replicas = args.replicas === "external" ? undefined : args.replicas;
  const traffic = owned.includes("canary")
    ? modeOf(args).plan(percentOf(args.weight ?? defaults.weight), replicas ?? 1, { app: service })
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
    rollSeconds: { stable: rollSeconds(args, replicas ?? 1), canary: rollSeconds(args, traffic?.canaryReplicas ?? 0) },
    fastRollback: false,
    order: "pods-first",
    sequence: { stable: 0, canary: 0, front: 0 },
    ...(own && { remembered: own }),
    previous: {},
    history: [rendered],
    configMaps: traffic ? configMapsToKeep([rendered], {}) : {},
    hooks: { stable: {}, canary: {}, front: {} },
  };
}
