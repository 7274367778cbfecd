/** Waits until the gateways apply a route, and says why they do not. */

import { setTimeout as sleep } from "node:timers/promises";
import { clauseOf } from "../components/user-error.ts";
import type { ServiceHandle } from "../kubernetes/service-handle.ts";
import type { LiveMode, LiveRoute } from "../live/traffic/mode.ts";

/** Milliseconds for the gateways to report on a route after a change. */
const patience = 10_000;
const pollMilliseconds = 250;

/** The warning for a live route that its gateways do not apply; undefined if they do. */
export function notAppliedWarning(service: string, { kind, metadata, notApplied }: LiveRoute): string | undefined {
  if (notApplied === undefined) return undefined;
  return `${service}: ${kind} ${metadata.name} is not applied, so users may not reach the service (${notApplied}): correct the route's arguments or what it names.`;
}

/**
 * Waits until the gateways apply a route that was changed, at most 10 s. It never fails: a rollback must not depend on a gateway's
 * status.
 *
 * @param name the route's name
 * @param signal ends the wait
 * @returns the warning if they do not, or if that cannot be read; undefined if they do, or the route does not exist
 */
export async function awaitApplied(
  { api, namespace, service }: ServiceHandle,
  mode: LiveMode,
  name: string,
  signal: AbortSignal,
): Promise<string | undefined> {
  const end = Date.now() + patience;
  for (;;) {
    const warning = await mode.readOne(api, namespace, name).then(
      (route) => route && notAppliedWarning(service, route),
      (error: Error) => `${service}: whether ${mode.kind} ${name} is applied could not be read (${clauseOf(error)}).`,
    );
    if (warning === undefined || Date.now() > end || signal.aborted) return warning;
    await sleep(pollMilliseconds, undefined, { signal }).catch(() => {});
  }
}
