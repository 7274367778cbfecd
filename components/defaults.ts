/** Every default of a service, in one place; each can be overridden by the CanaryService argument of the same name. */
export const defaults = {
  /** Percent of user traffic meant for the canary track. */
  weight: 10,
  /** Canary pods at any weight where a gateway splits the traffic, so that one dead pod is no outage of the whole share. */
  minimumCanaryReplicas: 2,
  /** Seconds a new pod must stay ready before it counts as available (Deployment.spec.minReadySeconds). */
  minReadySeconds: 30,
  /** Pods above the full number while a track rolls (RollingUpdate). */
  maxSurge: 1,
  /** Pods below the full number while a track rolls: none, so that a roll takes no capacity away. */
  maxUnavailable: 0,
  /** Seconds a pod gets to end its requests before it is killed. */
  terminationGracePeriodSeconds: 90,
  /** Seconds a pod keeps serving after it was asked to end, so that every proxy has stopped sending to it (KEP-3960). */
  preStopSleepSeconds: 5,
  /** Seconds without progress after which Kubernetes calls a roll failed (Deployment.spec.progressDeadlineSeconds). */
  progressDeadlineSeconds: 600,
  /** Seconds one pod is given from creation to ready when the time-out of a whole roll is computed. */
  startAllowanceSeconds: 30,
  /** Releases whose ConfigMaps are kept, so that any of them can start pods again. */
  releaseHistoryLimit: 10,
  /** The stack that owns canary, for a stack that owns stable alone. */
  canaryStack: "canary",
  /** Which release a track runs: `next` is the newest one. */
  release: "next",
} as const;
