/** Describes the fields of a live Deployment beside its pod template. */

import { defaults } from "../components/defaults.ts";
import type { ServiceArgs } from "../components/service-args.ts";
import type { DeploymentObject } from "../kubernetes/objects/deployment.ts";
import { differs, notDescribed, type Remark } from "./remark.ts";

/** The arguments for a Deployment, and what they do not say. */
export interface DescribedDeployment {
  readonly args: Pick<
    ServiceArgs,
    "replicas" | "minReadySeconds" | "progressDeadlineSeconds" | "releaseHistoryLimit" | "maxSurge" | "maxUnavailable"
  >;
  readonly remarks: readonly Remark[];
}

/**
 * The arguments of a Deployment: its number of pods, and how it rolls.
 *
 * @param isScaled whether an autoscaler owns the number of pods
 */
export function describeDeployment({ metadata, spec }: DeploymentObject, isScaled: boolean): DescribedDeployment {
  const { minReadySeconds = 0, progressDeadlineSeconds = defaults.progressDeadlineSeconds, replicas } = spec;
  const { revisionHistoryLimit = defaults.releaseHistoryLimit } = spec;
  const what = `Deployment ${metadata.name}`;
  const keepsNone = revisionHistoryLimit < 1;
  const strategy = describeStrategy(what, spec);
  return {
    args: {
      replicas: isScaled ? "external" : replicas,
      ...(minReadySeconds !== defaults.minReadySeconds && { minReadySeconds }),
      ...(progressDeadlineSeconds !== defaults.progressDeadlineSeconds && { progressDeadlineSeconds }),
      ...(revisionHistoryLimit !== defaults.releaseHistoryLimit && {
        releaseHistoryLimit: keepsNone ? 1 : revisionHistoryLimit,
      }),
      ...strategy.args,
    },
    remarks: [
      ...strategy.remarks,
      ...(keepsNone
        ? [differs(`${what}: revisionHistoryLimit 0`, "one release is kept at least, to roll back to")]
        : []),
      ...(spec.paused
        ? [notDescribed(`${what}: paused`, "a paused Deployment cannot roll: pulumi up waits for it")]
        : []),
    ],
  };
}

function describeStrategy(what: string, { strategy }: DeploymentObject["spec"]) {
  const { type = "RollingUpdate", rollingUpdate = {} } = strategy ?? {};
  const { maxSurge = "25%", maxUnavailable = "25%" } = rollingUpdate;
  const usual = `maxSurge ${defaults.maxSurge}, maxUnavailable ${defaults.maxUnavailable}`;
  if (type !== "RollingUpdate") {
    const why = `both tracks roll by RollingUpdate (${usual}), because during a release two versions serve side by side: check that yours can`;
    return { args: {}, remarks: [notDescribed(`${what}: strategy ${type}`, why)] };
  }
  if (maxSurge === "25%" && maxUnavailable === "25%") {
    const why = `the default of Kubernetes gives way to that of gray-release (${usual}), which takes no capacity away`;
    return { args: {}, remarks: [differs(`${what}: strategy`, why)] };
  }
  const [noSurge, noneMissing] = [isZero(maxSurge), isZero(maxUnavailable)];
  const args = {
    ...(!noSurge && maxSurge !== defaults.maxSurge && { maxSurge: maxSurge }),
    ...(!noneMissing && { maxUnavailable: maxUnavailable }),
  };
  const remarks = [
    ...(noSurge ? [differs(`${what}: maxSurge 0`, "it becomes 1, because stable rolls by additional pods")] : []),
  ];
  return { args, remarks };
}

function isZero(amount: number | string): boolean {
  return Number.parseInt(`${amount}`, 10) === 0;
}
