/** The defaults of this product's arguments and of the driver's lease. */

/** A month in {@link templateDefaults}. @example const compat: Compat = "2026-11"; */
export type Compat = "2026-11";

/**
 * The defaults that become part of a pod template, by the month in which they were introduced (`compat` of a service). An entry never changes: a
 * release is identified by its pod template, so a changed default would roll the pods of every service with the next version of this package.
 *
 * @example templateDefaults["2026-11"].preStopSleepSeconds // 5
 */
export const templateDefaults = {
  "2026-11": {
    /** Seconds that a pod has to finish its requests before it is killed. */
    terminationGracePeriodSeconds: 90,
    /** Seconds that a pod keeps serving after its termination begins, until every proxy has stopped sending to it (KEP-3960). */
    preStopSleepSeconds: 5,
  },
} as const satisfies Record<Compat, object>;

/** The defaults of services that do not set `compat`. They stay the oldest. */
const compat: Compat = "2026-11";

/**
 * Every default of a service. To override one, pass the CanaryService argument of the same name.
 *
 * @example
 * ```ts
 * const args = { ...others, progressDeadlineSeconds: 2 * defaults.progressDeadlineSeconds };
 * ```
 */
export const defaults = {
  /** Percent of user traffic for the canary track. */
  weight: 10,
  /** Minimum number of canary pods if a gateway splits the traffic. Two, so that one failed pod does not take down all of canary. */
  minimumCanaryReplicas: 2,
  /** Seconds that a new pod must stay ready before it counts as available (Deployment.spec.minReadySeconds). */
  minReadySeconds: 30,
  /** Additional pods while a track rolls (RollingUpdate). */
  maxSurge: 1,
  /** Missing pods while a track rolls (RollingUpdate). None, so that a roll does not reduce capacity. */
  maxUnavailable: 0,
  /** The defaults of the pod template, by the month in which they were introduced. */
  compat,
  ...templateDefaults[compat],
  /** Seconds without progress after which Kubernetes reports a roll as failed (Deployment.spec.progressDeadlineSeconds). */
  progressDeadlineSeconds: 600,
  /** Seconds from the creation of a pod to ready, as assumed for the timeout of a roll: at least, and where no pod was measured. */
  startSeconds: { least: 30, unknown: 120 },
  /** Number of releases in the history. Their ConfigMaps are retained, so that any of them can start pods again. */
  releaseHistoryLimit: 10,
  /** Name of the stack that owns canary, for a stack that owns only stable. */
  canaryStack: "canary",
  /** The defaults of a check: request method, expected status, and `atMost` in seconds. */
  check: { method: "GET", status: 200, atMost: 5 },
  /** The defaults of the steps of a plan. Times in seconds. */
  step: { approval: false, dark: { atMost: 60 }, canary: { atLeast: 0, atMost: 900 }, full: { watch: 300 } },
  /** The release that a track runs: `next` is the newest. */
  release: "next",
} as const;

/** The times of the lease that a driver holds while it drives a rollout. */
export const leaseDefaults = {
  /** Seconds from a renewal to the expiry of the lease. */
  durationSeconds: 15,
  /** Seconds between two renewals, and the timeout of one renewal. */
  renewSeconds: 5,
  /** Seconds from a failed renewal to the next try, and between two reads of another driver's lease. */
  retrySeconds: 1,
  /**
   * Seconds that other drivers wait after the expiry of a lease. They allow for clocks of different speed, and for an
   * operation that began just before the expiry.
   */
  marginSeconds: 1,
} as const;
