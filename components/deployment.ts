import { Deployment } from "@pulumi/kubernetes/apps/v1/deployment.js";
import type { CustomResourceOptions } from "@pulumi/pulumi";
import { adoptedAnnotations } from "./adopted-release.ts";
import { defaults } from "./defaults.ts";
import { followingAnnotations } from "./following.ts";
import {
  deploymentName,
  deploymentSelector,
  noReadinessAnnotation,
  previousAnnotation,
  resourceNameOf,
  type ServiceNames,
  serviceLabel,
  stackAnnotation,
  workerAnnotation,
} from "./names.ts";
import { ownerAnnotations, sequenceAnnotations } from "./object-annotations.ts";
import { deployedTemplate, type Release } from "./release.ts";
import type { ServiceArgs } from "./service-args.ts";
import { labelsOf } from "./service-args.ts";
import { isWorker } from "./traffic/worker/args.ts";
import type { Track } from "./traffic.ts";

/** What a track's Deployment runs. */
export interface Run {
  readonly release: Release;
  /** Undefined if an autoscaler owns the number. */
  readonly replicas: number | undefined;
  readonly sequence: number;
  readonly stack: string;
  readonly owner: string;
  /** Rolls all pods at once. */
  readonly fastRollback: boolean;
  /** The selector of an adopted Deployment, whose pods are not changed. */
  readonly adopted?: Readonly<Record<string, string>> | undefined;
  /** The id of the release that the track ran completely before. @default none */
  readonly previous?: string | undefined;
}

/**
 * The Deployment that runs a release on a track. It uses the release's pod template. The templates of the two tracks differ
 * only in the label `track`.
 *
 * @param rollSeconds the timeout of a complete roll
 * @example trackDeployment(namesOf("web", args), "canary", args, { ...run, release, replicas: 1 }, 600, { parent: this })
 */
export function trackDeployment(
  names: ServiceNames,
  track: Track,
  args: ServiceArgs,
  run: Run,
  rollSeconds: number,
  opts: CustomResourceOptions,
): Deployment {
  const timeout = `${rollSeconds}s`;
  const { service } = names;
  return new Deployment(
    resourceNameOf(names, deploymentName(service, track)),
    deploymentObject(service, track, args, run),
    {
      ...opts,
      customTimeouts: { create: timeout, update: timeout },
    },
  );
}

/**
 * The Deployment of a track as it is sent to the API server.
 *
 * @example deploymentObject("web", "canary", args, run).metadata.name // "web-canary"
 */
export function deploymentObject(service: string, track: Track, args: ServiceArgs, run: Run) {
  const labels = labelsOf(service, args);
  return {
    metadata: {
      name: deploymentName(service, track),
      namespace: args.namespace,
      labels: { ...labels, track, [serviceLabel]: service },
      annotations: {
        ...args.annotations,
        ...sequenceAnnotations(run.sequence),
        ...ownerAnnotations(run.owner),
        [stackAnnotation]: run.stack,
        ...(isWorker(args) && { [workerAnnotation]: "true" }),
        ...(args.noReadiness !== undefined && { [noReadinessAnnotation]: args.noReadiness }),
        ...(track === "canary" && followingAnnotations(args)),
        ...(run.adopted && adoptedAnnotations(run.release.id)),
        ...(run.previous !== undefined && { [previousAnnotation]: run.previous }),
      },
    },
    spec: {
      ...(run.replicas !== undefined && { replicas: run.replicas }),
      minReadySeconds: args.minReadySeconds ?? defaults.minReadySeconds,
      progressDeadlineSeconds: args.progressDeadlineSeconds ?? defaults.progressDeadlineSeconds,
      revisionHistoryLimit: args.releaseHistoryLimit ?? defaults.releaseHistoryLimit,
      selector: { matchLabels: run.adopted ?? deploymentSelector(service, track) },
      strategy: {
        type: "RollingUpdate",
        rollingUpdate: {
          maxSurge: run.fastRollback ? "100%" : (args.maxSurge ?? defaults.maxSurge),
          maxUnavailable: args.maxUnavailable ?? defaults.maxUnavailable,
        },
      },
      template: run.adopted ? run.release.template : deployedTemplate(run.release, track),
    },
  };
}
