/** Polls the pods of a service and turns their counters into ticks. */
import { setTimeout as sleep } from "node:timers/promises";
import { advance, nothingCounted } from "../analysis/counters.ts";
import { pollingDefaults } from "../analysis/defaults.ts";
import type { MetricSource, Pod } from "../analysis/reading.ts";
import type { Tick } from "../analysis/tick.ts";
import type { ServiceHandle } from "../kubernetes/service-handle.ts";
import { listPods } from "../live/pods.ts";

/** One poll: what happened since the last one, or why it failed. */
export interface Poll {
  /** In milliseconds since the epoch. */
  readonly at: number;
  /** All pods of both tracks; absent if nothing could be read. */
  readonly pods?: readonly Pod[];
  /** Absent for the first poll, and if nothing could be read. */
  readonly tick?: Tick;
  /** Why nothing could be read, for the user. */
  readonly trouble?: string;
}

/** What is observed, and how. */
export interface ObserveArgs extends ServiceHandle {
  readonly source: MetricSource;
  /** Ends the observation. */
  readonly signal: AbortSignal;
  /** Called after each poll: whether the next one is urgent. */
  readonly hurries: () => boolean;
}

/**
 * Polls the pods of a service until the signal ends it: every second in the first minute and while it is urgent,
 * otherwise every five seconds. Changes nothing in the cluster. If the API server does not answer, it yields a poll
 * with `trouble` and goes on.
 */
export async function* observe(of: ObserveArgs): AsyncGenerator<Poll> {
  const { source, signal, hurries } = of;
  const began = Date.now();
  let counters = nothingCounted;
  while (!signal.aborted) {
    const at = Date.now();
    try {
      const pods = await listPods({ ...of, api: of.api.until(signal) });
      const limit = AbortSignal.any([signal, AbortSignal.timeout(pollingDefaults.pollTimeoutSeconds * 1000)]);
      const idle = new Set(pods.filter(({ ready, terminating }) => !ready || terminating).map(({ name }) => name));
      // A pod that starts or terminates gets no requests, so a failed read of it leaves no gap.
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
    // The limit matters if the clock is set back meanwhile.
    await sleep(Math.min(every, Math.max(0, at + every - Date.now())), undefined, { signal }).catch(() => {});
  }
}
