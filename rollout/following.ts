/** Sets canary's number of pods after stable's live one, while an autoscaler scales stable during a rollout. */
import { type Following, followed, followingIn } from "../components/following.ts";
import { deploymentName } from "../components/names.ts";
import { modeNamed } from "../components/traffic/modes.ts";
import { isFarFrom } from "../components/traffic/replicas/mode.ts";
import { percent, type Traffic } from "../components/traffic.ts";
import { ApiError } from "../kubernetes/api-error.ts";
import { objectPath } from "../kubernetes/resources.ts";
import { within } from "../kubernetes/within.ts";
import { readDeployment, releaseOf } from "../live/live.ts";
import { assertNewest } from "../record/epoch.ts";
import { raised } from "../record/record.ts";
import { changeRecord, type RecordedService } from "../record/record-store.ts";
import type { Rollout } from "./rollout.ts";

/** Most milliseconds of reading both Deployments. */
const readMilliseconds = 5000;

/** The service, and the check of the lease right before a write. */
export interface FollowArgs extends RecordedService {
  readonly assertHeld: () => void;
}

/**
 * Scales canary if its number of pods no longer fits stable's live one (components/traffic/steady-pods.ts).
 *
 * 1. Canary must run the release of the rollout, with users on it, and its Deployment must say that it follows.
 * 2. A canary without pods was scaled to zero by a rollback or a cutoff, and stays so.
 * 3. The record's sequence number is raised first, as before each change without Pulumi, and fences off an older driver.
 * 4. The patch applies only to the number that was read, so it never undoes what another writer has set meanwhile.
 *
 * @param signal ends it before it writes
 * @returns what was done, or that canary's share is far from the weight, as a sentence for the user; undefined if neither
 * @throws Superseded if a newer driver exists; UserError or ApiError if the cluster refuses it or does not answer
 */
export async function followStable(of: FollowArgs, rollout: Rollout, signal: AbortSignal): Promise<string | undefined> {
  const { namespace, service } = of;
  const { weight = 0, epoch, release, runs } = rollout;
  if (weight === 0 || runs.canary !== release) return undefined;
  const [stable, canary] = await within(of.api.until(signal), readMilliseconds, (api) =>
    Promise.all([readDeployment({ ...of, api }, "stable"), readDeployment({ ...of, api }, "canary")]),
  );
  const following = followingIn(canary?.metadata.annotations);
  if (!stable || !canary?.spec.replicas || !following || releaseOf(canary) !== release) return undefined;
  const current = canary.spec.replicas;
  const wanted = followed(following, weight, stable.spec.replicas, current);
  const far = describeFar(following, wanted, stable.spec.replicas);
  const grows = wanted.canaryReplicas > current;
  // Pods of stable that do not serve yet take no share, so canary grows with those that do.
  const traffic = grows
    ? followed(following, weight, Math.max(stable.status.availableReplicas ?? 0, 1), current)
    : wanted;
  if (grows ? traffic.canaryReplicas <= current : traffic.canaryReplicas === current) return far;
  signal.throwIfAborted();
  of.assertHeld();
  await changeRecord(of, (record) => {
    assertNewest(service, record, epoch);
    return raised(record);
  });
  signal.throwIfAborted();
  const path = objectPath("Deployment", namespace, deploymentName(service, "canary"));
  try {
    await of.api.patch(path, [
      { op: "test", path: "/spec/replicas", value: current },
      { op: "replace", path: "/spec/replicas", value: traffic.canaryReplicas },
    ]);
  } catch (error) {
    // Another writer has set another number.
    if (error instanceof ApiError && error.status === 422) return undefined;
    throw error;
  }
  return far ?? `Canary has ${pods(traffic.canaryReplicas)} now, because stable was scaled to ${stable.spec.replicas}.`;
}

function describeFar({ mode }: Following, { weight, share }: Traffic, stable: number): string | undefined {
  if (mode === "gateway" || !isFarFrom(weight, share)) return undefined;
  return `Canary gets ${percent(share)} of the ${modeNamed(mode).shared} in place of ${weight} %, because stable has only ${pods(stable)} now.`;
}

function pods(count: number): string {
  return count === 1 ? "1 pod" : `${count} pods`;
}
