/** Detects and repairs drift during `up`: fields of a live pod template that differ from the track's release. */

import * as pulumi from "@pulumi/pulumi";
import { deployedTemplate, type PodTemplate, type Release } from "../components/release.ts";
import type { Track } from "../components/traffic.ts";
import type { DeploymentObject } from "../kubernetes/objects/deployment.ts";
import { describeDrift, driftsOf } from "../live/difference.ts";
import { writeEvent } from "../live/event.ts";
import { type Live, ownReleaseOf } from "../live/live.ts";
import { describedFor } from "../live/sealed.ts";
import { type Comparison, compareTemplate, disownOtherFields } from "../live/template.ts";
import { storeTemplate } from "../record/template-store.ts";
import type { Guarded } from "./hooks.ts";

type Of = Pick<Guarded, "api" | "namespace" | "service">;

/** The comparison of each track; absent if there is nothing to compare. */
export type Comparisons = Partial<Record<Track, Comparison>>;

/**
 * Compares the live Deployments with the releases in their labels when the program starts, and warns of drift. In `up` it also stores
 * the releases' templates for later comparisons.
 *
 * @param tracks the tracks that this stack owns
 * @param releases the releases whose content is known
 */
export async function compareLive(
  of: Of,
  tracks: readonly Track[],
  live: Live,
  releases: readonly Release[],
): Promise<Comparisons> {
  const pairs = tracks.map(async (track) => {
    const deployment = live.deployments[track];
    const release = releases.find(({ id }) => id === ownReleaseOf(deployment));
    if (!deployment || !release) return [];
    const comparison = await compareTemplate(of.api, deployment, deployedTemplate(release, track));
    const drift = driftIn(comparison);
    if (drift !== undefined) {
      pulumi.log.warn(
        `${of.service} ${track}: Deployment ${deployment.metadata.name} differs from release ${release.id}: ${drift}. This up writes it again, which rolls its pods.`,
      );
    }
    if (!pulumi.runtime.isDryRun()) await store(of, track, deployment, release.id, comparison);
    return [[track, comparison] as const];
  });
  return Object.fromEntries((await Promise.all(pairs)).flat());
}

/** Call before a track's Deployment is written: the same write then removes all fields that the new release leaves out. */
export async function removeOtherFields(of: Of, deployment: DeploymentObject, release: PodTemplate): Promise<void> {
  if (ownReleaseOf(deployment) === undefined) return;
  const comparison = await compareTemplate(of.api, deployment, release);
  if (comparison.kind === "unknown") return;
  const trouble = await disownOtherFields(of.api, deployment, release, comparison.differences);
  if (trouble === undefined) return;
  pulumi.log.warn(
    `${of.service}: fields of Deployment ${deployment.metadata.name} that the release leaves out may stay (${trouble}).`,
  );
}

/**
 * Whether a track's pods differ from the release after its roll. If that cannot be compared, because a permission is missing or an
 * admission webhook supports no dry runs, it warns and `up` goes on.
 *
 * @returns whether a difference is known
 */
export async function isDrifted(
  of: Of,
  track: Track,
  deployment: DeploymentObject | undefined,
  release: PodTemplate,
): Promise<boolean> {
  const id = ownReleaseOf(deployment);
  if (!deployment || id === undefined) return false;
  const comparison = await compareTemplate(of.api, deployment, release);
  const { name } = deployment.metadata;
  if (comparison.kind === "unknown") {
    pulumi.log.warn(
      `${of.service} ${track}: Deployment ${name} could not be compared with release ${id} (${comparison.why}).`,
    );
    return false;
  }
  await store(of, track, deployment, id, comparison);
  const drift = driftIn(comparison);
  if (drift === undefined) return false;
  const sentence = `Deployment ${name} rolled and differs from release ${id}: ${drift}.`;
  pulumi.log.warn(
    `${of.service} ${track}: ${sentence} See who else writes it, with kubectl get deployment ${name} -n ${of.namespace} --show-managed-fields -o yaml, then run pulumi up again.`,
  );
  await writeEvent(of.api, deployment, "Warning", "ReleaseDrifted", sentence, sentence);
  return true;
}

/** The differences as a part of a sentence; undefined if there are none. */
export function driftIn(comparison: Comparison | undefined): string | undefined {
  if (comparison?.kind !== "compared" || comparison.differences.length === 0) return undefined;
  return describeDrift(driftsOf(comparison.differences));
}

/** Stores the release's template for `gray status` and drivers. If that fails, it warns and `up` goes on. */
async function store(
  of: Of,
  track: Track,
  deployment: DeploymentObject,
  release: string,
  comparison: Comparison,
): Promise<void> {
  if (comparison.kind === "unknown") return;
  const { api, namespace, service } = of;
  try {
    await storeTemplate(api, namespace, service, track, describedFor(deployment, release, comparison.described));
  } catch (error) {
    pulumi.log.warn(
      `${service} ${track}: the template of release ${release} could not be stored, so gray status shows no drift (${(error as Error).message.replace(/\.$/, "")}).`,
    );
  }
}
