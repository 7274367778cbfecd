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
  /** What a check asks for, and what of the answer, where it does not say; `atMost` in seconds. */
  check: { method: "GET", status: 200, atMost: 5 },
  /** What a step of the rollout plan asks for where it does not say; times in seconds. */
  step: { approval: false, dark: { atMost: 60 }, canary: { atLeast: 0, atMost: 900 }, full: { watch: 300 } },
  /** Which release a track runs: `next` is the newest one. */
  release: "next",
} as const;

/** The lease of whoever drives a rollout. */
export const leaseDefaults = {
  /** Seconds for which it lasts after a renewal. */
  durationSeconds: 15,
  /** Seconds from one renewal to the next, and for one at most. */
  renewSeconds: 5,
  /** Seconds from a renewal that failed to the next, and from one look at somebody else's lease to the next. */
  retrySeconds: 1,
  /** Seconds longer that others wait: no two clocks run equally fast, and what was begun at the last moment has to end. */
  marginSeconds: 1,
} as const;
