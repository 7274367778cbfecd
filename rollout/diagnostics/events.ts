/** The Events of a release, as lines of text. */
import { oneLine } from "../../border/foreign-text.ts";
import type { EventObject } from "../../kubernetes/objects/event.ts";

/** Most characters of an Event's message, the limit of Kubernetes. */
const eventCharacters = 1024;

/** The names of the objects of a release, by kind. */
export interface About {
  readonly pods: ReadonlySet<string>;
  readonly sets: readonly string[];
  readonly deployments: ReadonlySet<string>;
}

/** Whether an Event is about one of the objects, or about a pod of one of the ReplicaSets. */
export function isAbout(
  { involvedObject: { kind, name = "" } }: EventObject,
  { pods, sets, deployments }: About,
): boolean {
  if (kind === "Deployment") return deployments.has(name);
  if (kind === "ReplicaSet") return sets.includes(name);
  return kind === "Pod" && (pods.has(name) || sets.some((set) => name.startsWith(`${set}-`)));
}

/** Events as lines, oldest first. */
export function inLines(events: readonly EventObject[]): string {
  const rows = events.map((event) => {
    const { involvedObject, type = "", reason = "", message = "", series } = event;
    const count = series?.count ?? event.count ?? 1;
    const times = [series?.lastObservedTime, event.lastTimestamp, event.eventTime, event.metadata.creationTimestamp];
    const at = times.find((time) => time) ?? "";
    const text = oneLine(message.trim().replaceAll(/\s*\n\s*/g, " | "), eventCharacters);
    const what = `${involvedObject.kind} ${involvedObject.name}`;
    const head = oneLine(`${at} ${type} ${reason}${count > 1 ? ` (${count} times)` : ""} ${what}`);
    return `${head}: ${text}\n`;
  });
  return rows.sort().join("");
}
