import type { Pod } from "../../analysis/reading.ts";

/** A ready pod of a track, as the analysis sees it; each test changes what it is about. */
export function pod(track: string, changes: Partial<Pod> = {}): Pod {
  return {
    name: track,
    uid: track,
    release: "a",
    track,
    ready: true,
    terminating: false,
    restarts: 0,
    annotations: {},
    ports: [],
    ...changes,
  };
}
