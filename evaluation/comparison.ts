import type { Pod } from "../analysis/reading.ts";
import type { Track } from "../components/traffic.ts";
import { UserError } from "../components/user-error.ts";
import { type DeploymentObject, releaseOf } from "../live/live.ts";

/** Which releases are compared, whatever track their pods are on. */
export interface Comparison {
  /** Id of the release under test: the one that the canary track runs. */
  readonly canary: string;
  /** Ids of those that it is compared with: whatever else pods of stable run. */
  readonly stable: readonly string[];
  /** Stable has never run anything. */
  readonly first: boolean;
}

/**
 * What there is to compare, or canary alone where it is the first release of all. While stable rolls to the release of canary, its new pods count for canary and the others are
 * what they are compared with.
 *
 * @throws Refusal if there is no canary, or nothing to compare it with any more
 */
export function comparisonOf(
  service: string,
  deployments: Partial<Record<Track, DeploymentObject>>,
  pods: readonly Pod[],
  everStable: boolean,
): Comparison {
  const canary = releaseOf(deployments.canary);
  if (canary === undefined) {
    throw new UserError(`${service} has no canary Deployment to observe: run pulumi up --stack canary first.`);
  }
  const onStable = pods.filter(({ track }) => track === "stable").map(({ release }) => release);
  const stable = [...new Set([releaseOf(deployments.stable), ...onStable])].filter(
    (release) => release !== undefined && release !== canary,
  );
  const first = deployments.stable === undefined && !everStable;
  if (stable.length === 0 && !first) {
    throw new UserError(
      deployments.stable === undefined
        ? `${service} has no stable Deployment any more, so there is nothing to compare release ${canary} with: run pulumi up of the stack that owns stable, with the release that it ran.`
        : `Both tracks of ${service} run release ${canary}, so there is nothing to compare: pulumi up --stack canary brings a new one.`,
    );
  }
  return { canary, stable: stable as string[], first };
}
