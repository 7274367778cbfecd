import { Evidence } from "../analysis/evidence.ts";
import type { Cluster } from "../kubernetes/cluster.ts";
import { listPods } from "../live/pods.ts";
import { readFront, shareOf } from "../live/share.ts";
import { readStore } from "../record/config-map-store.ts";

/**
 * Milliseconds for which evidence that is kept is news: as long as two keepings. The clock that it was kept by may be another
 * machine's.
 */
const fresh = 60_000;

/**
 * Whether somebody gathers evidence on canary's release while users meet it, so that whatever else canary is asked counts
 * too. Who has just begun has kept nothing yet, and is not noticed.
 *
 * @param now in milliseconds since the epoch
 */
export async function isCounting(api: Cluster, namespace: string, service: string, now: number): Promise<boolean> {
  const { last, question } = understood((await readStore(api, namespace, service, "evidence"))?.evidence) ?? {};
  if (last === undefined || Math.abs(now - last.at) >= fresh) return false;
  const [front, pods] = await Promise.all([readFront(api, namespace, service), listPods(api, namespace, service)]);
  const isOfCanary = pods.some(({ track, release }) => track === "canary" && release === question?.canary);
  return isOfCanary && (shareOf(front, pods) ?? 0) > 0;
}

/** Undefined where there is none, or none of this version: then whoever looks begins anew as well. */
function understood(text: string | undefined): Evidence | undefined {
  try {
    return text === undefined ? undefined : Evidence.resume(JSON.parse(text));
  } catch {
    return undefined;
  }
}
