/** Waits for the roll of a Deployment, and reports its progress. */

import { setTimeout as sleep } from "node:timers/promises";
import type { Track } from "../components/traffic.ts";
import { UserError } from "../components/user-error.ts";
import type { DeploymentObject } from "../kubernetes/objects/deployment.ts";
import type { ServiceHandle } from "../kubernetes/service-handle.ts";
import { arrived, isComplete, isStuck, readDeployment, releaseOf } from "./live.ts";
import { causeReporter, type NotStarting, podsOf, whyNotStarting } from "./not-starting.ts";
import { readPods } from "./pods.ts";
import { describeRefused, pollRefusal, type Refusal } from "./refusal.ts";

/** Time between two polls of a roll. */
const pollMilliseconds = 250;
/** Consecutive polls that must show a stuck roll: the condition of the previous roll stays until this roll's first progress. */
const stuckPolls = 8;
/** Time between two polls of a roll that is reported to the user. */
const reportMilliseconds = 1000;

/** The service whose roll is awaited. */
export interface Rolling extends ServiceHandle {
  /** The longest time that a whole roll of each track may take, in seconds. */
  readonly rollSeconds: Readonly<Record<Track, number>>;
  /** Ends the wait. @default none */
  readonly signal?: AbortSignal;
}

/**
 * Waits until a track's roll is complete. The provider waits too, but after a rollback to a ReplicaSet that still exists it may read the
 * previous ReplicaSet and end too early (seen with 4.18: after 8 s of 24 s).
 *
 * @param release id of the release that the track was changed to. @default the release that it runs
 * @throws UserError if the roll is stuck, its pods cannot be created, it exceeds `rollSeconds`, the signal is aborted before it is
 * complete, or the track is changed to another release meanwhile
 */
export async function awaitComplete(of: Rolling, track: Track, release?: string): Promise<void> {
  const { namespace, rollSeconds, signal } = of;
  const end = Date.now() + rollSeconds[track] * 1000;
  let stuck = 0;
  let refusal: Refusal | undefined;
  for (;;) {
    const deployment = await readDeployment(of, track);
    const runs = releaseOf(deployment);
    if (deployment && release !== undefined && runs !== release) {
      const { name } = deployment.metadata;
      throw new UserError(
        `Deployment ${name} in namespace ${namespace} was changed to ${runs} while this up changed it to ${release}: another up runs at the same time, so let it end, then run pulumi up again.`,
      );
    }
    if (!deployment || isComplete(deployment) || deployment.spec.replicas === 0) return;
    const { name } = deployment.metadata;
    if (signal?.aborted) {
      throw new UserError(
        `This run was interrupted before Deployment ${name} in namespace ${namespace} ran release ${runs} completely: Kubernetes goes on with the roll, and the next pulumi up records the result.`,
      );
    }
    stuck = isStuck(deployment) ? stuck + 1 : 0;
    refusal = await refusalNow(of, deployment, refusal);
    if (refusal?.lasts || stuck > stuckPolls || Date.now() > end) {
      const late = stuck ? "its progress deadline is exceeded" : `within ${rollSeconds[track]} s`;
      const cause = refusal === undefined && runs !== undefined ? await causeNow(of, track, runs) : undefined;
      const why = refusal?.why ?? (cause === undefined ? late : `${late}, ${cause.why}`);
      throw new UserError(
        `Deployment ${name} in namespace ${namespace} did not complete its roll to ${runs} (${why}): see kubectl describe deployment ${name} -n ${namespace}, then release another one or the previous one.`,
      );
    }
    await sleep(pollMilliseconds, undefined, { signal }).catch(() => {});
  }
}

/**
 * Warns if the roll of a track does not go on: its pods cannot be created, or Kubernetes reports it as stuck, each of which ends the
 * watch, or a pod does not start, once for each cause. Kubernetes knows that
 * at once, but the provider waits until its timeout, which a program cannot end: it does not read the condition ReplicaFailure, and a
 * passed progress deadline is a warning to it (version 4.18, and the source of 2026-01-15). Never throws, and does not keep the process
 * alive.
 *
 * @param release id of the release that the track changes to
 * @param signal ends the watch
 */
export async function warnStuck(
  of: RollReport & Pick<Rolling, "rollSeconds">,
  track: Track,
  release: string,
  signal: AbortSignal,
): Promise<void> {
  const { service, report, rollSeconds } = of;
  const end = Date.now() + rollSeconds[track] * 1000;
  let refusal: Refusal | undefined;
  let stuck = 0;
  const until = `Pulumi waits until its timeout, at ${new Date(end).toISOString().slice(11, 16)} UTC; ^C ends it sooner.`;
  const reportCause = causeReporter(({ why }) => report(`${service}: ${why}. ${until}`));
  while (Date.now() < end) {
    await sleepUnreferenced(reportMilliseconds);
    if (signal.aborted) return;
    const deployment = await readDeployment(of, track).catch(() => undefined);
    const isRolled = deployment !== undefined && releaseOf(deployment) === release;
    if (!isRolled) continue;
    if (!isComplete(deployment)) reportCause(await causeNow(of, track, release));
    refusal = await refusalNow(of, deployment, refusal).catch(() => refusal);
    stuck = isStuck(deployment) ? stuck + 1 : 0;
    const { name } = deployment.metadata;
    if (refusal?.lasts) return report(`${service}: ${describeRefused(name, refusal.why)}. ${until}`);
    if (stuck > stuckPolls) {
      return report(
        `${service}: the roll of Deployment ${name} is stuck, no pod became available within its progress deadline: see kubectl describe deployment ${name} -n ${of.namespace}. ${until}`,
      );
    }
  }
}

/** Why a pod of a track's release does not start; undefined if it is unknown, also because the cluster does not answer. */
async function causeNow(of: ServiceHandle, track: Track, release: string): Promise<NotStarting | undefined> {
  const pods = await readPods(of).catch(() => []);
  return whyNotStarting(of, podsOf(pods, track, release));
}

function refusalNow(
  of: ServiceHandle,
  deployment: DeploymentObject,
  before: Refusal | undefined,
): Promise<Refusal | undefined> {
  return pollRefusal(of.api, deployment, () => readPods(of).catch(() => undefined), before);
}

function sleepUnreferenced(milliseconds: number): Promise<void> {
  return new Promise((over) => void setTimeout(over, milliseconds).unref());
}

/** The service whose roll is reported, and the listener. */
export interface RollReport extends ServiceHandle {
  /** Gets each line for the user. */
  readonly report: (line: string) => void;
}

/**
 * Reports how many pods of a track run a release, each time the number grows. Pods that run it at the start are not reported. Errors of
 * the cluster are not reported either, because the caller's own calls report them.
 *
 * @param signal ends the watch
 */
export async function reportRoll(of: RollReport, track: Track, release: string, signal: AbortSignal): Promise<void> {
  let reported: number | undefined;
  while (!signal.aborted) {
    const deployment = await readDeployment(of, track).catch(() => undefined);
    if (deployment) {
      const there = releaseOf(deployment) === release ? arrived(deployment) : 0;
      if (reported !== undefined && there > reported) {
        of.report(`${there} of ${deployment.spec.replicas} pods of ${track} run ${release}`);
      }
      reported = Math.max(reported ?? 0, there);
    }
    await sleep(reportMilliseconds, undefined, { signal }).catch(() => {});
  }
}
