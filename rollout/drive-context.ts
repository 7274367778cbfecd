/** What a driver works with: its actuator, its observer, its reporter and the record. */
import type { Track } from "../components/traffic.ts";
import type { Judgment, Move } from "./move.ts";
import type { Rollout } from "./rollout.ts";
import type { Entry, RolloutStore } from "./rollout-store.ts";

/** The driver's effects on the cluster. Each may be repeated after it was done or half done. */
export interface Actuator {
  /** Brings canary and the front to the release and the weight in the record. */
  bringCanary(rollout: Rollout, signal: AbortSignal): Promise<void>;
  /** Brings stable to the release in the record. */
  bringStable(rollout: Rollout, signal: AbortSignal): Promise<void>;
  /**
   * Whether every pod of stable runs a release, without known drift of its pod template.
   *
   * @param completely whether its pods must be there and available. @default true
   */
  stableRuns(release: string, completely?: boolean): Promise<boolean>;
  /**
   * Why a track cannot come to run its release, as far as the cluster reports it; undefined if there is no known
   * reason.
   */
  cannotSucceed(track: Track, rollout: Rollout): Promise<string | undefined>;
  /** Runs checks. @returns why they failed, for the user; undefined if they passed */
  check(names: readonly string[], signal: AbortSignal): Promise<string | undefined>;
  /**
   * Moves all users off canary, at once. Repeating it changes nothing.
   *
   * @param epoch number of the driver: nothing is done if the record names a newer driver
   * @returns whether users are off canary: they stay if only canary serves
   * @throws Superseded if a newer driver exists; UserError or ApiError if users may still reach canary
   */
  cutOff(epoch: number): Promise<boolean>;
  /** Saves diagnostics of canary and scales it to zero, which also closes the connections that a cutoff leaves open. */
  drainCanary(rollout: Rollout): Promise<void>;
}

/** Observes both tracks during a rollout. */
export interface EvidenceObserver {
  /** The current verdict on the release. Starts the observation as soon as users reach the release. */
  judgment(entry: Entry): Judgment;
  /**
   * Why canary was cut off since the last call, or is cut off although the record has a weight; undefined if it is
   * not.
   */
  takeCutoff(entry: Entry): string | undefined;
}

/** Receives progress updates: for the terminal, for a machine, or for the cluster's Events. */
export interface Reporter {
  /** Receives the current move. A reporter prints it only if it differs from the last one. */
  now(rollout: Rollout, move: Move): void;
  /** Receives a note for the user, a whole sentence. */
  note(sentence: string): void;
}

/** What a driver works with, and how far the rollout is. */
export interface DriveContext {
  readonly store: RolloutStore;
  readonly actuator: Actuator;
  readonly observer: EvidenceObserver;
  readonly reporter: Reporter;
  /** Whether to end when the rollout holds, instead of waiting for a person. */
  readonly leavesHolding: boolean;
  /** Stops the driver; the traffic stays as it is. A cutoff that has begun is completed first. */
  readonly signal: AbortSignal;
  /** Whether the rollout is rolling back and users are off canary. @default false */
  readonly isReturning?: boolean;
  /** Whether, during a rollback, stable runs its former release again. @default false */
  readonly isStableBack?: boolean;
}
