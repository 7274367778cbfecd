/** The result of a source that could read nothing. */
import type { Pod, TargetReading } from "../reading.ts";

/** A result in which no pod could be read, for the same reason. @example unread(pods, "Prometheus does not answer.") */
export function unread(pods: readonly Pod[], problem: string): TargetReading[] {
  return pods.map(({ name, release }) => ({ target: name, release, problem }));
}
