/** Detects that canary's few pods have all users, because no pod of stable is ready. */
import { pollingDefaults } from "../analysis/defaults.ts";
import { overloadOf } from "../live/overload.ts";
import type { CanaryTraffic } from "./empty-canary.ts";

/**
 * Detects that canary's pods have all users: without routes, the Service sends requests to ready pods only, whatever the weight. It
 * must last for `emptySeconds`, because a pod may be unready between two probes.
 */
export class Overload {
  private since: number | undefined;
  private isReported = false;

  /** Takes a poll. @returns a sentence for the user, once for each time that it begins */
  update({ at, pods, share }: CanaryTraffic): string | undefined {
    const found = pods && share === 1 ? overloadOf(pods) : undefined;
    this.since = found === undefined ? undefined : (this.since ?? at);
    const lasts = this.since !== undefined && at - this.since >= pollingDefaults.emptySeconds * 1000;
    const isNew = lasts && !this.isReported;
    this.isReported = lasts;
    return isNew ? found : undefined;
  }
}
