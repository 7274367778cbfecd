/** Chooses how canary is cut off: by the front, or, for an adopted service or a worker, by removing its pods. */

import { UserError } from "../components/user-error.ts";
import { isRetryable } from "../kubernetes/answer.ts";
import { Unreachable } from "../kubernetes/api-error.ts";
import { listPath } from "../kubernetes/resources.ts";
import type { ServiceHandle } from "../kubernetes/service-handle.ts";
import { unlessEnded } from "../kubernetes/unless-ended.ts";
import { isAdopted, readDeployment } from "../live/live.ts";
import { isReady } from "../live/pods.ts";
import { isOfWorker } from "../live/traffic/worker.ts";
import type { RolloutRecord } from "../record/record.ts";
import { Lookups } from "./lookups.ts";

/** Longest wait for an answer that only helps to choose the kind of cutoff, in milliseconds. */
const lookupMilliseconds = 500;

/** No pod of stable is ready, so a cutoff would leave users without any pod. */
export class StableNotReady extends UserError {}

/** The objects that are changed so that no user reaches canary. */
export type CutoffKind = "the front" | "canary's pods";

/**
 * Chooses the kind of cutoff.
 *
 * 1. A pod of stable with the label `track` is ready: scale a worker's canary to zero, and change the front of any other service. The same
 *    if the pods cannot be read and the service was not adopted, because stable then has only pods with that label.
 * 2. The service was adopted and its pods have no such label: scale canary to zero.
 * 3. Neither holds: StableNotReady.
 *
 * If neither Deployment can be read, a worker is taken for a service with a front: the cutoff then finds that there is none.
 *
 * @throws StableNotReady; Unreachable or ApiError if no read decides between them
 */
export async function chooseCutoff(of: ServiceHandle, record: Promise<RolloutRecord>): Promise<CutoffKind> {
  const { api, namespace, service } = of;
  const lookups = new Lookups();
  const canary = lookups.ask(() => readDeployment(of, "canary"));
  canary.catch(() => {});
  const stable = lookups.ask(() => readDeployment(of, "stable"));
  const answers = [
    lookups.ask(async () => (await api.list(listPath("Pod", namespace), `app=${service},track=stable`)).some(isReady)),
    lookups.count(record).then((before) => before.adopted !== undefined),
    stable.then(isAdopted),
  ] as const;
  // Wait for one answer, however slow the server is; only the other answers have a limit.
  await Promise.any(answers).catch(() => {});
  lookups.end();
  const [[ready, ...adopted], deployments] = await Promise.all([
    Promise.allSettled([inTime(answers[0]), inTime(answers[1]), inTime(answers[2])]),
    Promise.allSettled([inTime(canary), inTime(stable)]),
  ]);
  const isWorker = deployments.some((answer) => answer.status === "fulfilled" && isOfWorker(answer.value));
  const ofStableReady = isWorker ? "canary's pods" : "the front";
  if (ready.status === "fulfilled" && ready.value) return ofStableReady;
  if (adopted.some((answer) => answer.status === "fulfilled" && answer.value)) return "canary's pods";
  if (ready.status === "rejected") {
    if (adopted.some((answer) => answer.status === "fulfilled")) return ofStableReady;
    throw ready.reason;
  }
  const unknown = adopted.find((answer) => answer.status === "rejected" && isRetryable(answer.reason));
  if (unknown?.status === "rejected") throw unknown.reason;
  throw new StableNotReady(
    `Canary of ${service} is not cut off, because no pod of stable is ready: canary goes on serving until you repair stable.`,
  );
}

/** Limits the wait for an answer, because users wait for the cutoff. @throws Unreachable after the limit */
function inTime<T>(pending: Promise<T>): Promise<T> {
  const limit = AbortSignal.timeout(lookupMilliseconds);
  return unlessEnded(limit, pending).catch((error) => {
    throw error === limit.reason
      ? new Unreachable("The cluster did not answer in time to choose how canary is cut off.")
      : error;
  });
}
