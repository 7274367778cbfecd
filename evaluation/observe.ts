import { setTimeout as sleep } from "node:timers/promises";
import { advance, nothingCounted } from "../analysis/counters.ts";
import { pollingDefaults } from "../analysis/defaults.ts";
import type { MetricSource, Pod } from "../analysis/reading.ts";
import type { Tick } from "../analysis/tick.ts";
import type { Cluster } from "../kubernetes/cluster.ts";
import { listPods } from "../live/pods.ts";

/** One look: what happened since the last one, or why that cannot be told. */
export interface Look {
  /** In milliseconds since the epoch. */
  readonly at: number;
  /** All pods of both tracks; absent where nothing could be read. */
  readonly pods?: readonly Pod[];
  /** Absent for the first look, and where nothing could be read. */
  readonly tick?: Tick;
  /** Why nothing could be read, in words for a person. */
  readonly trouble?: string;
}

export interface Observed {
  readonly api: Cluster;
  readonly namespace: string;
  readonly service: string;
  readonly source: MetricSource;
  /** Ends the observation. */
  readonly signal: AbortSignal;
  /** Asked after each look: whether the next one is urgent. */
  readonly hurries: () => boolean;
}

/**
 * Looks at the pods of a service again and again, every second in the first minute and while that is urgent, else
 * every five seconds, until the signal ends it. Changes nothing in the cluster. A server that does not answer is a look with trouble, never an end.
 */
export async function* observe({ api, namespace, service, source, signal, hurries }: Observed): AsyncGenerator<Look> {
  const began = Date.now();
  let counters = nothingCounted;
  while (!signal.aborted) {
    const at = Date.now();
    try {
      const pods = await listPods(api.until(signal), namespace, service);
      const limit = AbortSignal.any([signal, AbortSignal.timeout(pollingDefaults.pollTimeoutSeconds * 1000)]);
      const idle = new Set(pods.filter(({ ready, terminating }) => !ready || terminating).map(({ name }) => name));
      // A pod that begins or ends gets no requests: that it cannot be read leaves no gap.
      const targets = (await source.read(pods, limit)).filter(({ target, samples }) => samples || !idle.has(target));
      if (signal.aborted) return;
      const { after, tick } = advance(counters, { at, pods, targets });
      counters = after;
      yield { at, pods, ...(tick && { tick }) };
    } catch (error) {
      if (signal.aborted) return;
      yield { at, trouble: (error as Error).message };
    }
    const early = at - began < pollingDefaults.closeWatchSeconds * 1000 || hurries();
    const every = (early ? pollingDefaults.earlyTickSeconds : pollingDefaults.tickSeconds) * 1000;
    // No longer than that, should the clock be set back meanwhile.
    await sleep(Math.min(every, Math.max(0, at + every - Date.now())), undefined, { signal }).catch(() => {});
  }
}
