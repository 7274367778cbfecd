import { setTimeout as sleep } from "node:timers/promises";
import type { Track } from "../components/traffic.ts";
import { UserError } from "../components/user-error.ts";
import type { Cluster } from "../kubernetes/cluster.ts";
import {
  arrived,
  type DeploymentObject,
  describeRefused,
  isComplete,
  isOfQuota,
  isStuck,
  makesRoom,
  podsRefused,
  readDeployment,
  refusedMilliseconds,
  releaseOf,
} from "./live.ts";
import { readPods } from "./pods.ts";

/** Time between two looks at a roll. */
const pollMilliseconds = 250;
/** Looks in a row that must show a roll stuck: the word of the roll before it stands until the first progress of this one. */
const stuckLooks = 8;
/** Time between two looks at a roll that people are told of. */
const reportMilliseconds = 1000;

/** Whose roll is waited for. */
export interface Rolling {
  readonly api: Cluster;
  readonly namespace: string;
  readonly service: string;
  /** The longest time that a whole roll of each track may take, in seconds. */
  readonly rollSeconds: Readonly<Record<Track, number>>;
  /** Ends the wait. @default none */
  readonly signal?: AbortSignal;
}

/**
 * Waits until a track's roll is through. The provider waits too, but after a roll back to a ReplicaSet that is still there
 * it may take the one before for the present one and end half-way (seen with 4.18: 8 s of 24 s).
 *
 * @param release id of the release that the track was brought to. @default whichever it runs
 * @throws Refusal if the roll is stuck, its pods cannot be created, it takes longer than any roll may, or it is not through when the
 * wait is ended, or if the track is brought to another release meanwhile
 */
export async function awaitComplete(
  { api, namespace, service, rollSeconds, signal }: Rolling,
  track: Track,
  release?: string,
): Promise<void> {
  const end = Date.now() + rollSeconds[track] * 1000;
  let stuck = 0;
  let refusedSince: number | undefined;
  for (;;) {
    const deployment = await readDeployment(api, namespace, service, track);
    const runs = releaseOf(deployment);
    if (deployment && release !== undefined && runs !== release) {
      const { name } = deployment.metadata;
      throw new UserError(
        `Deployment ${name} in namespace ${namespace} was brought to ${runs} while this up brought it to ${release}: another up runs beside this one, so let it end, then run pulumi up again.`,
      );
    }
    if (!deployment || isComplete(deployment) || deployment.spec.replicas === 0) return;
    const { name } = deployment.metadata;
    if (signal?.aborted) {
      throw new UserError(
        `This run was interrupted before Deployment ${name} in namespace ${namespace} ran release ${runs} completely: Kubernetes goes on with the roll, and the next pulumi up records what has come of it.`,
      );
    }
    stuck = isStuck(deployment) ? stuck + 1 : 0;
    const refused = await lastingRefusal({ api, namespace, service }, deployment);
    refusedSince = refused === undefined ? undefined : (refusedSince ?? Date.now());
    const isRefused = refusedSince !== undefined && Date.now() - refusedSince >= refusedMilliseconds;
    if (isRefused || stuck > stuckLooks || Date.now() > end) {
      const why = refused ?? (stuck ? "its progress deadline is exceeded" : `within ${rollSeconds[track]} s`);
      throw new UserError(
        `Deployment ${name} in namespace ${namespace} did not come to run ${runs} completely (${why}): look at kubectl describe deployment ${name} -n ${namespace}, then release another or the one before.`,
      );
    }
    await sleep(pollMilliseconds, undefined, { signal }).catch(() => {});
  }
}

/**
 * Warns once if the pods of a track cannot be created. Kubernetes says so at once, and the provider waits on until its time-out
 * (neither 4.18 nor its source of 2026-01-15 reads the condition ReplicaFailure), which nothing in a program can end. It keeps no process alive, and
 * never throws.
 *
 * @param release id of the release that is rolled
 */
export async function warnRefused(
  { api, namespace, service, report, rollSeconds }: RollReport & Pick<Rolling, "rollSeconds">,
  track: Track,
  release: string,
  signal: AbortSignal,
): Promise<void> {
  const end = Date.now() + rollSeconds[track] * 1000;
  for (let since: number | undefined; Date.now() < end; ) {
    await unhurried(reportMilliseconds);
    if (signal.aborted) return;
    const deployment = await readDeployment(api, namespace, service, track).catch(() => undefined);
    const isRolled = deployment !== undefined && releaseOf(deployment) === release;
    const refused = isRolled ? await lastingRefusal({ api, namespace, service }, deployment) : undefined;
    since = refused === undefined ? undefined : (since ?? Date.now());
    if (deployment && refused !== undefined && since !== undefined && Date.now() - since >= refusedMilliseconds) {
      report(
        `${service}: ${describeRefused(deployment.metadata.name, refused)}. Pulumi waits for them until its time-out.`,
      );
      return;
    }
  }
}

/** Why no pod can be created, unless pods that end make room soon, or it is not known whether they do. */
async function lastingRefusal(
  { api, namespace, service }: Pick<Rolling, "api" | "namespace" | "service">,
  deployment: DeploymentObject,
): Promise<string | undefined> {
  const why = await podsRefused(api, deployment);
  if (why === undefined || !isOfQuota(why)) return why;
  const pods = await readPods(api, namespace, service).catch(() => undefined);
  return pods === undefined || makesRoom(why, pods) ? undefined : why;
}

function unhurried(milliseconds: number): Promise<void> {
  return new Promise((over) => void setTimeout(over, milliseconds).unref());
}

/** Who is told of a track's roll. */
export interface RollReport extends Pick<Rolling, "api" | "namespace" | "service"> {
  readonly report: (line: string) => void;
}

/**
 * Says how many pods of a track run a release as they come, until it is aborted. What ran it before is no news, and a cluster
 * that does not answer is somebody else's to tell.
 */
export async function reportRoll(
  { api, namespace, service, report }: RollReport,
  track: Track,
  release: string,
  signal: AbortSignal,
): Promise<void> {
  let told: number | undefined;
  while (!signal.aborted) {
    const deployment = await readDeployment(api, namespace, service, track).catch(() => undefined);
    if (deployment) {
      const there = releaseOf(deployment) === release ? arrived(deployment) : 0;
      if (told !== undefined && there > told) {
        report(`${there} of ${deployment.spec.replicas} pods of ${track} run ${release}`);
      }
      told = Math.max(told ?? 0, there);
    }
    await sleep(reportMilliseconds, undefined, { signal }).catch(() => {});
  }
}
