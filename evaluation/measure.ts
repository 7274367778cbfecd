/** Measures the traffic of a service over a short time, for planning. */
import { setTimeout as sleep } from "node:timers/promises";
import { type Answers, addAnswers, answersOf, noAnswers } from "../analysis/arms.ts";
import { advance, nothingCounted } from "../analysis/counters.ts";
import { pollingDefaults } from "../analysis/defaults.ts";
import type { Traffic } from "../analysis/planner.ts";
import type { MetricSource, Reading } from "../analysis/reading.ts";
import type { TargetTick, Tick } from "../analysis/tick.ts";
import type { ServiceHandle } from "../kubernetes/service-handle.ts";
import { listPods } from "../live/pods.ts";

/** The traffic of a service over a short time. */
export interface Measured {
  /** Absent if nothing could be read. */
  readonly traffic?: Traffic;
  readonly seconds: number;
  readonly podsRead: number;
  readonly podsListed: number;
  /** What could not be read; each a sentence for the user. */
  readonly problems: readonly string[];
}

/**
 * Reads the counters of both tracks' pods twice, `seconds` apart. With `items` it counts those of a worker, by the pair of this name, in place
 * of requests.
 *
 * @throws Error if the clock was set back in between; ApiError or UserError if the pods cannot be listed
 */
export async function measureTraffic(
  of: ServiceHandle & { readonly source: MetricSource; readonly seconds: number; readonly items?: string },
): Promise<Measured> {
  const poll = async (): Promise<Reading> => {
    const at = Date.now();
    const pods = await listPods(of);
    const targets = await of.source.read(pods, AbortSignal.timeout(pollingDefaults.pollTimeoutSeconds * 1000));
    return { at, pods, targets };
  };
  const { after } = advance(nothingCounted, await poll());
  await sleep(of.seconds * 1000);
  const { tick } = advance(after, await poll());
  if (tick === undefined) throw new Error("the clock went back between two readings");
  return measuredIn(tick, of.items);
}

/** The traffic during a tick. @param items name of the pair that counts a worker's items. @default requests are counted */
export function measuredIn({ seconds, targets, pods, problems }: Tick, items?: string): Measured {
  const stable = new Set(pods.filter(({ track }) => track === "stable").map(({ pod }) => pod));
  const ofStable = targets.filter(({ target }) => stable.has(target));
  const { requests } = total(targets, items);
  const { requests: toStable, failed } = total(ofStable, items);
  return {
    ...(targets.length > 0 && {
      traffic: {
        requestsPerSecond: requests / seconds,
        errors: failed > 0 ? failed / toStable : 0,
      },
    }),
    seconds,
    podsRead: targets.length,
    podsListed: pods.filter(({ vanished }) => !vanished).length,
    problems,
  };
}

function total(targets: readonly TargetTick[], items: string | undefined): Answers {
  const answers = noAnswers();
  addAnswers(
    answers,
    targets.map((target) => answersOf(target, items)),
  );
  return answers;
}
