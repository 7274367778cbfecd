/** Detects and repairs drift during `up`: fields of a live pod template that differ from the track's release. */

import * as pulumi from "@pulumi/pulumi";
import { deployedTemplate, type PodTemplate, type Release } from "../components/release.ts";
import { type Track, tracks } from "../components/traffic.ts";
import { clauseOf } from "../components/user-error.ts";
import type { Cluster } from "../kubernetes/cluster.ts";
import { writeEvent } from "../kubernetes/event.ts";
import type { DeploymentObject } from "../kubernetes/objects/deployment.ts";
import type { ServiceHandle } from "../kubernetes/service-handle.ts";
import { describeDrift, driftsOf } from "../live/difference.ts";
import { hashedTemplate } from "../live/hashed-template.ts";
import { type Live, ownReleaseOf } from "../live/live.ts";
import { type Comparison, compareTemplate } from "../live/template.ts";
import { storeTemplate } from "../record/template-store.ts";
import { disownOtherFields } from "./other-fields.ts";

/** A live Deployment, compared with the release in its label. */
export interface Compared {
  readonly deployment: DeploymentObject;
  /** Id of the release. */
  readonly release: string;
  readonly comparison: Comparison;
}

/** The comparison of each track; absent if there is nothing to compare. */
export type Comparisons = Partial<Record<Track, Compared>>;

/**
 * Compares the live Deployments with the releases in their labels, when the program starts.
 *
 * @param tracks the tracks that this stack owns
 * @param releases the releases whose content is known
 */
export async function compareLive(
  api: Cluster,
  tracks: readonly Track[],
  live: Live,
  releases: readonly Release[],
): Promise<Comparisons> {
  const pairs = tracks.map(async (track) => {
    const deployment = live.deployments[track];
    const release = releases.find(({ id }) => id === ownReleaseOf(deployment));
    if (!deployment || !release) return [];
    const comparison = await compareTemplate(api, deployment, deployedTemplate(release, track));
    return [[track, { deployment, release: release.id, comparison }] as const];
  });
  return Object.fromEntries((await Promise.all(pairs)).flat());
}

/** The warning of drift for a track that is compared when the program starts; undefined if there is none. */
export function driftWarning(service: string, track: Track, compared: Compared): string | undefined {
  const drift = driftIn(compared.comparison);
  if (drift === undefined) return undefined;
  return `${service} ${track}: Deployment ${compared.deployment.metadata.name} differs from release ${compared.release}: ${drift}. This up writes it again, which rolls its pods.`;
}

/** Stores the releases' templates for `gray status` and drivers. If that fails, it warns and `up` goes on. */
export async function storeTemplates(of: ServiceHandle, comparisons: Comparisons): Promise<void> {
  await Promise.all(tracks.map((track) => store(of, track, comparisons[track])));
}

/** Call before a track's Deployment is written: the same write then removes all fields that the new release leaves out. */
export async function removeOtherFields(
  of: ServiceHandle,
  deployment: DeploymentObject,
  release: PodTemplate,
): Promise<void> {
  if (ownReleaseOf(deployment) === undefined) return;
  const comparison = await compareTemplate(of.api, deployment, release);
  if (comparison.kind === "unknown") return;
  const trouble = await disownOtherFields(of.api, deployment, release, comparison.differences);
  if (trouble === undefined) return;
  pulumi.log.warn(
    `${of.service}: fields of Deployment ${deployment.metadata.name} in namespace ${of.namespace} that the release leaves out may stay (${trouble}): compare with gray status after this up.`,
  );
}

/**
 * Whether a track's pods differ from the release after its roll. If that cannot be compared, because a permission is missing or an
 * admission webhook supports no dry runs, it warns and `up` goes on.
 *
 * @returns whether a difference is known
 */
export async function isDrifted(
  of: ServiceHandle,
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
      `${of.service} ${track}: Deployment ${name} could not be compared with release ${id} (${comparison.why}), so no difference between them is reported: grant patch on deployments (docs/reference/rbac.md), or let the webhook support dry runs.`,
    );
    return false;
  }
  await store(of, track, { deployment, release: id, comparison });
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
function driftIn(comparison: Comparison): string | undefined {
  if (comparison.kind !== "compared" || comparison.differences.length === 0) return undefined;
  return describeDrift(driftsOf(comparison.differences));
}

async function store(of: ServiceHandle, track: Track, compared: Compared | undefined): Promise<void> {
  if (compared === undefined || compared.comparison.kind === "unknown") return;
  const { deployment, release, comparison } = compared;
  try {
    await storeTemplate(of, track, hashedTemplate(deployment, release, comparison.described));
  } catch (error) {
    pulumi.log.warn(
      `${of.service} ${track}: the template of release ${release} could not be stored (${clauseOf(error)}), so gray status shows no drift: correct that, then run pulumi up again.`,
    );
  }
}
