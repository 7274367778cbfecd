/** Arguments of other workloads than a Deployment, which CanaryService refuses by name. */

/** Why the pods of a release are those of a Deployment, and what to do with other ones. */
const advice =
  "CanaryService runs Deployments only, because canary's pods stand beside stable's: declare a StatefulSet or DaemonSet with the resources of @pulumi/kubernetes, and roll it with its updateStrategy (partition, maxUnavailable)";

/** The arguments that a StatefulSet or a DaemonSet has and a Deployment has not, with the advice for each. */
const refused: Readonly<Record<string, string>> = {
  kind: advice,
  workload: advice,
  volumeClaimTemplates: `${advice}, or let all pods use one claim by volumes: [{ name, persistentVolumeClaim: { claimName } }]`,
  podManagementPolicy: advice,
  persistentVolumeClaimRetentionPolicy: advice,
  updateStrategy: advice,
};

/**
 * The advice for an argument of a StatefulSet or a DaemonSet; undefined of any other name.
 *
 * @example workloadAdvice("volumeClaimTemplates")?.startsWith("CanaryService runs Deployments only") // true
 */
export function workloadAdvice(argument: string): string | undefined {
  return Object.hasOwn(refused, argument) ? refused[argument] : undefined;
}
