import * as k8s from "@pulumi/kubernetes";
import { fixedReplicas } from "../../components/autoscaling.ts";
import { type Release, renderRelease } from "../../components/release.ts";
import { rollSeconds } from "../../components/roll.ts";
import type { RolloutContext } from "../../components/rollout-context.ts";
import type { ServiceArgs } from "../../components/service-args.ts";
import { labelsOf, tracksOf } from "../../components/service-args.ts";
import { modeOf } from "../../components/traffic/modes.ts";
import { percentOf } from "../../components/units.ts";

/** The arguments of a small valid service. Each test changes the ones that it examines. */
export function serviceArgs(changes: Partial<ServiceArgs> = {}): ServiceArgs {
  return {
    namespace: "dora-apps",
    ...(changes.autoscaling === undefined && { replicas: 9 }),
    containers: [
      { name: "fop-gate", image: "fop-gate:1", readinessProbe: { httpGet: { path: "/healthz", port: 8080 } } },
    ],
    ports: [{ port: 80, targetPort: 8080 }],
    ...changes,
  };
}

/** The result of `openRollout` on a first run. Each test changes the fields that it examines. */
export function context(service: string, args: ServiceArgs, changes: Partial<RolloutContext> = {}): RolloutContext {
  const provider = new k8s.Provider("cluster", {});
  const release: Release = renderRelease(service, labelsOf(service, args), args);
  const replicas = fixedReplicas(args);
  const mode = modeOf(args);
  return {
    key: `${args.namespace}/${args.name ?? service}`,
    resource: service,
    stack: "organization/gray-release/test",
    owner: "0123456789abcdef",
    fastRollback: false,
    rollSeconds: { stable: rollSeconds(args, replicas ?? 1), canary: rollSeconds(args, 1) },
    cluster: "cluster-uid",
    provider,
    ownerStash: provider,
    releases: Object.fromEntries(tracksOf(args).map((track) => [track, release])),
    admissions: {},
    ...(tracksOf(args).includes("canary") && {
      traffic: mode.plan(percentOf(args.weight ?? 10), replicas ?? 9, { app: service }),
    }),
    stableReplicas: replicas,
    order: "pods-first",
    sequence: { stable: 0, canary: 0, front: 0 },
    previous: {},
    history: [release],
    configMaps: release.configMaps,
    hooks: { stable: {}, canary: {}, front: {} },
    ...changes,
  };
}
