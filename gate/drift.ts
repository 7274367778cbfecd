import * as pulumi from "@pulumi/pulumi";
import { deployedTemplate, type PodTemplate, type Release } from "../components/release.ts";
import type { Track } from "../components/traffic.ts";
import { describeDrift, driftsOf } from "../live/difference.ts";
import { writeEvent } from "../live/event.ts";
import { type DeploymentObject, type Live, madeOf } from "../live/live.ts";
import { describedFor } from "../live/sealed.ts";
import { type Comparison, compareTemplate, leaveNothingElse } from "../live/template.ts";
import { keepTemplate } from "../record/template-store.ts";
import type { Guarded } from "./hooks.ts";

type Of = Pick<Guarded, "api" | "namespace" | "service">;

/** What came of comparing each track; absent where there is nothing to compare. */
export type Comparisons = Partial<Record<Track, Comparison>>;

/**
 * Compares what stands with the releases that it is labelled with, as the program begins, and warns of drift. Outside of a
 * preview it keeps what it compared with.
 *
 * @param tracks those that this stack owns
 * @param releases those whose content is known
 */
export async function compareLive(
  of: Of,
  tracks: readonly Track[],
  live: Live,
  releases: readonly Release[],
): Promise<Comparisons> {
  const pairs = tracks.map(async (track) => {
    const deployment = live.deployments[track];
    const release = releases.find(({ id }) => id === madeOf(deployment));
    if (!deployment || !release) return [];
    const comparison = await compareTemplate(of.api, deployment, deployedTemplate(release, track));
    const drift = driftIn(comparison);
    if (drift !== undefined) {
      pulumi.log.warn(
        `${of.service} ${track}: Deployment ${deployment.metadata.name} is not as release ${release.id} says: ${drift}. This up writes it anew, which rolls its pods.`,
      );
    }
    if (!pulumi.runtime.isDryRun()) await keep(of, track, deployment, release.id, comparison);
    return [[track, comparison] as const];
  });
  return Object.fromEntries((await Promise.all(pairs)).flat());
}

/** Before a track's Deployment is written: what its new release leaves out goes in the same write, whoever put it there. */
export async function leaveOnlyRelease(of: Of, deployment: DeploymentObject, release: PodTemplate): Promise<void> {
  if (madeOf(deployment) === undefined) return;
  const comparison = await compareTemplate(of.api, deployment, release);
  if (comparison.kind === "unknown") return;
  const trouble = await leaveNothingElse(of.api, deployment, release, comparison.differences);
  if (trouble === undefined) return;
  pulumi.log.warn(
    `${of.service}: fields of Deployment ${deployment.metadata.name} that the release leaves out may stay (${trouble}).`,
  );
}

/**
 * After a track's roll: whether its pods are what the release says and nothing else. What cannot be compared, as where the right
 * is missing or an admission webhook takes no dry runs, ends no `up`: it is said.
 *
 * @returns whether something is known to be another
 */
export async function isDrifted(
  of: Of,
  track: Track,
  deployment: DeploymentObject | undefined,
  release: PodTemplate,
): Promise<boolean> {
  const id = madeOf(deployment);
  if (!deployment || id === undefined) return false;
  const comparison = await compareTemplate(of.api, deployment, release);
  const { name } = deployment.metadata;
  if (comparison.kind === "unknown") {
    pulumi.log.warn(
      `${of.service} ${track}: Deployment ${name} could not be compared with release ${id} (${comparison.why}).`,
    );
    return false;
  }
  await keep(of, track, deployment, id, comparison);
  const drift = driftIn(comparison);
  if (drift === undefined) return false;
  const sentence = `Deployment ${name} rolled and is not as release ${id} says: ${drift}.`;
  pulumi.log.warn(
    `${of.service} ${track}: ${sentence} See who else writes it, with kubectl get deployment ${name} -n ${of.namespace} --show-managed-fields -o yaml, then run pulumi up again.`,
  );
  await writeEvent(of.api, deployment, "Warning", "ReleaseDrifted", sentence, sentence);
  return true;
}

/** The differences for a sentence; undefined where there are none. */
export function driftIn(comparison: Comparison | undefined): string | undefined {
  if (comparison?.kind !== "compared" || comparison.differences.length === 0) return undefined;
  return describeDrift(driftsOf(comparison.differences));
}

/** Keeps what the release comes to, for `gray status` and drivers. That it could not be kept ends no `up`. */
async function keep(
  of: Of,
  track: Track,
  deployment: DeploymentObject,
  release: string,
  comparison: Comparison,
): Promise<void> {
  if (comparison.kind === "unknown") return;
  const { api, namespace, service } = of;
  try {
    await keepTemplate(api, namespace, service, track, describedFor(deployment, release, comparison.described));
  } catch (error) {
    pulumi.log.warn(
      `${service} ${track}: what release ${release} says could not be kept, so gray status sees no drift (${(error as Error).message.replace(/\.$/, "")}).`,
    );
  }
}
