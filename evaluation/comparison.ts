/** Chooses the releases that evidence compares. */
import type { Pod } from "../analysis/reading.ts";
import type { Track } from "../components/traffic.ts";
import { UserError } from "../components/user-error.ts";
import type { DeploymentObject } from "../kubernetes/objects/deployment.ts";
import { releaseOf, upOf } from "../live/live.ts";

/** The releases that are compared, regardless of the track of their pods. */
export interface Comparison {
  /** Id of the release under test: canary's release. */
  readonly canary: string;
  /** Ids of the releases that it is compared with: all other releases that pods of stable run. */
  readonly stable: readonly string[];
  /** Whether stable has never run any release. */
  readonly first: boolean;
}

/**
 * The releases to compare; for the very first release, canary alone. While stable rolls to canary's release, its new
 * pods count for canary, and the remaining ones are the baseline.
 *
 * @param everStable whether stable has ever run a release completely
 * @throws UserError if there is no canary, or no release to compare it with
 */
export function comparisonOf(
  service: string,
  deployments: Partial<Record<Track, DeploymentObject>>,
  pods: readonly Pod[],
  everStable: boolean,
): Comparison {
  const canary = releaseOf(deployments.canary);
  if (canary === undefined) {
    throw new UserError(
      `${service} has no canary Deployment to observe: run ${upOf({ deployments }, "canary")} first.`,
    );
  }
  const onStable = pods.filter(({ track }) => track === "stable").map(({ release }) => release);
  const stable = [...new Set([releaseOf(deployments.stable), ...onStable])].filter(
    (release) => release !== undefined && release !== canary,
  );
  const first = deployments.stable === undefined && !everStable;
  if (stable.length === 0 && !first) {
    throw new UserError(
      deployments.stable === undefined
        ? `${service} has no stable Deployment any more, so release ${canary} has no baseline: run ${upOf({ deployments }, "stable")}, with the release that it ran.`
        : `Both tracks of ${service} run release ${canary}, so there is nothing to compare: run ${upOf({ deployments }, "canary")} with a new release first.`,
    );
  }
  return { canary, stable: stable as string[], first };
}
