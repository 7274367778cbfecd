import { Deployment } from "@pulumi/kubernetes/apps/v1/deployment.js";
import type { CustomResourceOptions } from "@pulumi/pulumi";
import { adoptedAnnotations } from "./adoption.ts";
import { defaults } from "./defaults.ts";
import { deploymentName, deploymentSelector, serviceLabel, stackAnnotation } from "./names.ts";
import { ownerAnnotations, sequenceAnnotations } from "./object-annotations.ts";
import { deployedTemplate, type Release } from "./release.ts";
import type { ServiceArgs } from "./service-args.ts";
import { labelsOf } from "./service-args.ts";
import type { Track } from "./traffic.ts";

/**
 * The Deployment that runs a release on a track. It uses the release's pod template. The templates of the two tracks differ
 * only in the label `track`.
 *
 * @example trackDeployment("web", "canary", args, { release, replicas: 1, ...run }, { parent: this })
 */
export function trackDeployment(
  service: string,
  track: Track,
  args: ServiceArgs,
  run: {
    release: Release;
    replicas: number | undefined;
    sequence: number;
    stack: string;
    owner: string;
    rollSeconds: number;
    /** Rolls all pods at once. */
    fastRollback: boolean;
    /** The selector of an adopted Deployment, whose pods are not changed. */
    adopted?: Readonly<Record<string, string>> | undefined;
  },
  opts: CustomResourceOptions,
): Deployment {
  const labels = labelsOf(service, args);
  const timeout = `${run.rollSeconds}s`;
  return new Deployment(
    deploymentName(service, track),
    {
      metadata: {
        name: deploymentName(service, track),
        namespace: args.namespace,
        labels: { ...labels, track, [serviceLabel]: service },
        annotations: {
          ...args.annotations,
          ...sequenceAnnotations(run.sequence),
          ...ownerAnnotations(run.owner),
          [stackAnnotation]: run.stack,
          ...(run.adopted && adoptedAnnotations(run.release.id)),
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
    },
    { ...opts, customTimeouts: { create: timeout, update: timeout } },
  );
}
