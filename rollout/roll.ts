import { setTimeout as sleep } from "node:timers/promises";
import { Refusal } from "../components/refusal.ts";
import type { Track } from "../components/traffic.ts";
import type { Cluster } from "./cluster.ts";
import { isComplete, isStuck, readDeployment, releaseOf } from "./live.ts";

/** Time between two looks at a roll. */
const lookMilliseconds = 250;
/** Looks in a row that must show a roll stuck: the word of the roll before it stands until the first progress of this one. */
const stuckLooks = 8;

/** Whose roll is waited for. */
export interface Rolling {
  readonly api: Cluster;
  readonly namespace: string;
  readonly service: string;
  /** The longest time that a whole roll of a track may take, in seconds. */
  readonly rollSeconds: number;
}

/**
 * Waits until a track's roll is through. The provider waits too, but after a roll back to a ReplicaSet that is still there
 * it may take the one before for the present one and end half-way (seen with 4.18: 8 s of 24 s).
 *
 * @throws Refusal if the roll is stuck, or takes longer than any roll may
 */
export async function awaitComplete({ api, namespace, service, rollSeconds }: Rolling, track: Track): Promise<void> {
  const end = Date.now() + rollSeconds * 1000;
  let stuck = 0;
  for (;;) {
    const deployment = await readDeployment(api, namespace, service, track);
    if (!deployment || isComplete(deployment) || deployment.spec.replicas === 0) return;
    stuck = isStuck(deployment) ? stuck + 1 : 0;
    if (stuck > stuckLooks || Date.now() > end) {
      const { name } = deployment.metadata;
      const why = stuck ? "its progress deadline is exceeded" : `within ${rollSeconds} s`;
      throw new Refusal(
        `Deployment ${name} in namespace ${namespace} did not come to run ${releaseOf(deployment)} completely (${why}): look at kubectl describe deployment ${name} -n ${namespace}, then release another or the one before.`,
      );
    }
    await sleep(lookMilliseconds);
  }
}
