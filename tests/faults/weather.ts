import { chanceOf } from "./chance.ts";

/**
 * What can befall a request between a driver and the API server.
 *
 * - `late`: it arrives late. `late answer`: it is done at once, and the answer comes late.
 * - `hung`: it never arrives, and the connection stays open. `hung answer`: it is done, and nobody hears of it.
 * - `cut`: the connection breaks before it arrives. `cut answer`: it is done, and the connection breaks.
 * - `half body`: the answer breaks off in its middle. `huge body`: the answer does not end.
 * - A number is the status that the API server answers with instead of doing it; 404 is that of a proxy, in words of its own.
 */
export const requestFaults = [
  ...(["late", "late answer", "hung", "hung answer", "cut", "cut answer", "half body", "huge body"] as const),
  ...([401, 404, 409, 410, 429, 500, 503] as const),
] as const;
export type RequestFault = (typeof requestFaults)[number];

/** A time in which requests are in danger. */
export interface Storm {
  /** Milliseconds from the beginning of the history. */
  readonly from: number;
  readonly to: number;
  /** Share of the requests that it hits, 0 to 1. */
  readonly share: number;
  readonly faults: readonly RequestFault[];
  /** Whose requests are in danger. @default everybody's */
  readonly whose?: "drivers" | "people" | "pulumi";
  /** What they are about: pods, their own answers and logs among it; the record; or what a cut changes. @default anything */
  readonly about?: "pods" | "record" | "front";
}

/** A request, as far as its fate depends on it. */
export interface Sent {
  /** Who sends it: `driver-1`, `pulumi-2`, `alice-1`. */
  readonly by: string;
  readonly method: string;
  /** Without the query. */
  readonly path: string;
  /** Which of the requests with the same three it is. */
  readonly nth: number;
  /** When, in milliseconds from the beginning of the history. */
  readonly at: number;
}

export interface Fate {
  readonly fault?: RequestFault;
  /** Milliseconds until it arrives, or its answer does. */
  readonly milliseconds: number;
}

/** What befalls a request: the same in each run with the same seed. */
export function fateOf(seed: number, storms: readonly Storm[], sent: Sent): Fate {
  const { by, method, path, nth, at } = sent;
  const chance = chanceOf(seed, "request", by, method, path, nth);
  const usual = chance.whole(1, 6);
  for (const { from, to, share, faults, whose, about } of storms) {
    if (at < from || at >= to || !isOf(by, whose) || !isAbout(path, about) || !chance.is(share)) continue;
    const possible = faults.filter((each) => canBefall(each, sent));
    if (possible.length === 0) continue;
    const fault = chance.pick(possible);
    if (fault === "late" || fault === "late answer") {
      return { fault, milliseconds: Math.min(chance.pick([300, 900, 2500, 7000, 14_000]), Math.max(300, to - at)) };
    }
    return { fault, milliseconds: usual };
  }
  return { milliseconds: usual };
}

function isOf(by: string, whose: Storm["whose"]): boolean {
  if (whose === undefined) return true;
  if (whose === "pulumi") return by.startsWith("pulumi");
  return by.startsWith("driver") === (whose === "drivers");
}

const objects = {
  pods: /\/pods(\/|$)/,
  record: /\/configmaps(\/\S+-rollout)?$/,
  front: /\/(services|httproutes)\b/,
} as const;

function isAbout(path: string, about: Storm["about"]): boolean {
  return about === undefined || objects[about].test(path);
}

/** Whether an API server could do that to such a request. */
function canBefall(fault: RequestFault, { method, path }: Sent): boolean {
  if (fault === 409) return method !== "GET";
  if (fault === 410) return method === "GET" && /\/(pods|httproutes|events|replicasets|configmaps)$/.test(path);
  if (fault === "huge body") return method === "GET";
  return true;
}
