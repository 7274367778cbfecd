/** Stores the stack state of a run. */
import type { Deployment } from "@pulumi/kubernetes/apps/v1/deployment.js";
import * as pulumi from "@pulumi/pulumi";
import type { StackState } from "./history.ts";
import { adoptedAnnotation, type ServiceNames, stateName } from "./names.ts";
import type { RolloutContext } from "./rollout-context.ts";
import { storedReleaseData } from "./stored-release.ts";
import type { Track } from "./traffic.ts";

/** The full signature of an Output's `apply` (SDK: output.ts). The second argument is true to call `use` for unknown values also. */
interface OutputWithUnknowns {
  apply<T>(use: (ids: readonly unknown[]) => T, withUnknowns: boolean): pulumi.Output<T>;
}

/**
 * Stores what the next run of this stack has to know of the service, in a Stash.
 *
 * @param deployments those of this stack
 * @param opts its `dependsOn` names what has to be stored before
 * @example storeStackState(names, "shop", rollout, { canary, stable }, { parent: this, dependsOn: stored })
 */
export function storeStackState(
  names: ServiceNames,
  namespace: string,
  rollout: RolloutContext,
  { canary, stable }: Readonly<Record<Track, Deployment | undefined>>,
  opts: pulumi.CustomResourceOptions,
): void {
  const stackState = stackStateOf(namespace, rollout);
  const running: OutputWithUnknowns = pulumi.all([releaseRunBy(canary), releaseRunBy(stable)]);
  // `pulumi refresh --run-program` also executes this code, but changes no Deployment. So the releases of the Deployments
  // show whether this run has finished. Outputs of a Deployment that refresh would have to create are unknown, and without
  // this check the unknown value would replace the stack state (seen with Pulumi 3.259).
  const known = running.apply((ids) => {
    const [byCanary, byStable] = pulumi.containsUnknowns(ids) ? [] : ids;
    const isFinished = byCanary === stackState.current.canary && byStable === stackState.current.stable;
    return isFinished ? stackState : (rollout.remembered ?? null);
  }, !pulumi.runtime.isDryRun());
  // It is registered only after all Deployments and stored releases, so a failed or refused run leaves the state as it was.
  new pulumi.Stash(
    stateName(names.service, names.resource === names.service ? undefined : namespace),
    { input: known },
    opts,
  );
}

/** The stack state after this run. */
function stackStateOf(namespace: string, rollout: RolloutContext): StackState {
  const { stable: previous } = rollout.previous;
  return {
    namespace,
    cluster: rollout.cluster,
    owner: rollout.owner,
    current: idsOf(rollout.releases),
    ...(previous !== undefined && { previous }),
    ...(rollout.shift && { shift: rollout.shift }),
    ...(rollout.verdict && { verdict: rollout.verdict }),
    ...(rollout.adopted?.selector && { adopted: true }),
    history: rollout.history.map(({ id }) => id),
    copies: Object.fromEntries(rollout.history.map((release) => [release.id, storedReleaseData(release).release])),
  };
}

/** The id of the release that a Deployment runs, known when Pulumi has finished its update. */
function releaseRunBy(deployment: Deployment | undefined): pulumi.Output<string | undefined> {
  if (!deployment) return pulumi.output(undefined);
  const run = pulumi.all([deployment.id, deployment.metadata, deployment.spec]);
  // A release id is not a secret, even if the program marks other fields as secret. The next run could not read a secret id.
  return pulumi.unsecret(
    run.apply(
      ([, metadata, spec]) => metadata.annotations?.[adoptedAnnotation] ?? spec.template.metadata.labels?.release,
    ),
  );
}

function idsOf(releases: RolloutContext["releases"]): StackState["current"] {
  return Object.fromEntries(Object.entries(releases).map(([track, release]) => [track, release.id]));
}
