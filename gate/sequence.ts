/** Sequence numbers, which make Pulumi write an object again that was changed without Pulumi. */

import { sequenceAnnotation } from "../components/names.ts";
import type { Release } from "../components/release.ts";
import { type Track, type Traffic, tracks } from "../components/traffic.ts";
import { sameLabels } from "../live/labels.ts";
import { type Live, releaseOf, runs } from "../live/live.ts";
import { hasWeight } from "../live/traffic/share.ts";
import type { RecordReading } from "../record/record.ts";

/**
 * The sequence number of each object, written into its annotation `gray-release/seq`. Pulumi compares the program with its own state,
 * never with the cluster. So after a killed `up`, or a change without Pulumi, it may see nothing to do. A raised number always makes an
 * update, and an update writes the whole object.
 *
 * 1. An object that is as the program describes it keeps its number.
 * 2. An object that differs gets the next number: another release, an incomplete roll, drift of the pod template, another selector or
 *    weight.
 * 3. No number is below the record's, which is raised before an object is changed without Pulumi.
 */
export function sequences(
  live: Live,
  record: RecordReading,
  releases: Partial<Record<Track, Release>>,
  traffic: Traffic | undefined,
  drifted: ReadonlySet<Track>,
): Record<Track | "front", number> {
  const floor = record.kind === "read" ? record.record.sequence : 0;
  const next = (object: Annotated | undefined, asItShouldBe: boolean) =>
    Math.max(floor, sequenceOf(object) + (object === undefined || asItShouldBe ? 0 : 1));
  const [stable = floor, canary = floor] = tracks.map((track) => {
    const deployment = live.deployments[track];
    const release = releases[track]?.id;
    // The weight of a worker is its canary's number of pods.
    const lacksPods = track === "canary" && traffic?.selector === undefined && (traffic?.canaryReplicas ?? 0) > 0;
    const isThere =
      deployment?.spec.replicas === 0 ? releaseOf(deployment) === release && !lacksPods : runs(deployment, release);
    return next(deployment, isThere && !drifted.has(track));
  });
  const { service, routes } = live.front;
  const asItShouldBe =
    !traffic ||
    // A Service beside a worker is of another creator.
    ((!traffic.selector || sameLabels(service?.spec.selector ?? {}, traffic.selector)) &&
      routes.every((route) => hasWeight(route, traffic.weight)));
  return { stable, canary, front: Math.max(...[service, ...routes].map((object) => next(object, asItShouldBe))) };
}

interface Annotated {
  readonly metadata: { readonly annotations?: Record<string, string> };
}

function sequenceOf(object: Annotated | undefined): number {
  const written = Number(object?.metadata.annotations?.[sequenceAnnotation]);
  return Number.isSafeInteger(written) ? written : 0;
}
