import { sequenceAnnotation } from "../components/names.ts";
import type { Release } from "../components/release.ts";
import { type Track, type Traffic, tracks } from "../components/traffic.ts";
import { sameLabels } from "../live/labels.ts";
import { type Live, releaseOf, runs } from "../live/live.ts";
import { hasWeight } from "../live/routes.ts";
import type { RecordReading } from "../record/record.ts";

/**
 * The number that each driven object is written with, in its annotation `gray-release/seq`. Pulumi compares what the
 * program wants with its own state, never with the cluster, so after an `up` that was killed, or a change past Pulumi,
 * it may see nothing to do. A raised number always makes a step, and a step writes the whole object.
 *
 * 1. An object that is as it should be keeps its number.
 * 2. One that is not (another release, a roll that is not through, a pod template that is not the release's, another
 *    selector or weight) gets the next.
 * 3. No number is below the record's, which is raised before an object is changed past Pulumi.
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
    const isThere = deployment?.spec.replicas === 0 ? releaseOf(deployment) === release : runs(deployment, release);
    return next(deployment, isThere && !drifted.has(track));
  });
  const { service, routes } = live.front;
  const asItShouldBe =
    !traffic ||
    (sameLabels(service?.spec.selector ?? {}, traffic.selector) &&
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
