import { Evidence } from "../analysis/evidence.ts";
import type { ServiceHandle } from "../kubernetes/service-handle.ts";
import { listPods } from "../live/pods.ts";
import { readFront, shareOf } from "../live/traffic/share.ts";
import { readStore } from "../record/config-map-store.ts";

/**
 * Milliseconds for which stored evidence is recent: two intervals at which it is stored. The clock of the machine that
 * stored it may differ.
 */
const recentMilliseconds = 60_000;

/**
 * Whether evidence on canary's release is being gathered while users reach it, so that further requests to canary, such
 * as probes, count too. An observer that has just started has stored nothing yet and goes unnoticed.
 *
 * @param now in milliseconds since the epoch
 * @throws ApiError or UserError if the cluster cannot be read
 */
export async function isCounting(of: ServiceHandle, now: number): Promise<boolean> {
  const { last, question } = parsed((await readStore(of, "evidence"))?.evidence) ?? {};
  if (last === undefined || Math.abs(now - last.at) >= recentMilliseconds) return false;
  const [front, pods] = await Promise.all([readFront(of), listPods(of)]);
  const isOfCanary = pods.some(({ track, release }) => track === "canary" && release === question?.canary);
  return isOfCanary && (shareOf(front, pods) ?? 0) > 0;
}

/**
 * The stored evidence; undefined if there is none, or if another version wrote it. In that case an observer begins anew
 * as well.
 */
function parsed(text: string | undefined): Evidence | undefined {
  try {
    return text === undefined ? undefined : Evidence.resume(JSON.parse(text));
  } catch {
    return undefined;
  }
}
