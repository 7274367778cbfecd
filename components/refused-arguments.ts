/** Fields of a Deployment and of other workloads that are no argument of a service, with what to do instead. */

/** Why the pods of a release are those of a Deployment, and what to do with other ones. */
const advice =
  "CanaryService runs Deployments only, because canary's pods stand beside stable's: declare a StatefulSet or DaemonSet with the resources of @pulumi/kubernetes, and roll it with its updateStrategy (partition, maxUnavailable)";

const strategyAdvice =
  "both tracks roll by RollingUpdate, because two versions serve side by side during a release: set maxSurge and maxUnavailable";

/** The advice for each field. */
const refused: Readonly<Record<string, string>> = {
  kind: advice,
  workload: advice,
  volumeClaimTemplates: `${advice}, or let all pods use one claim by volumes: [{ name, persistentVolumeClaim: { claimName } }]`,
  podManagementPolicy: advice,
  persistentVolumeClaimRetentionPolicy: advice,
  updateStrategy: advice,
  strategy: strategyAdvice,
  rollingUpdate: strategyAdvice,
  revisionHistoryLimit: "set releaseHistoryLimit",
  template: "set containers, podAnnotations and pod, of which CanaryService makes the pod template of both tracks",
  selector: "CanaryService sets the selector of each track",
  paused: "a paused Deployment cannot roll: use gray pause",
};

/**
 * The advice for a field that is no argument; undefined for any other name.
 *
 * @example adviceFor("revisionHistoryLimit") // "set releaseHistoryLimit"
 */
export function adviceFor(argument: string): string | undefined {
  return Object.hasOwn(refused, argument) ? refused[argument] : undefined;
}
