/** Compares a live Deployment's pod template with its release. */

import type { PodTemplate } from "../components/release.ts";
import { clauseOf, UserError } from "../components/user-error.ts";
import { ApiError } from "../kubernetes/api-error.ts";
import type { Cluster } from "../kubernetes/cluster.ts";
import type { DeploymentObject } from "../kubernetes/objects/deployment.ts";
import { objectPath } from "../kubernetes/resources.ts";
import type { DescribedTemplate } from "../record/template-store.ts";
import { type Difference, type Drift, differences, driftsOf } from "./difference.ts";
import { isOwned } from "./field-owners.ts";
import { hashedLike } from "./hashed-template.ts";
import { ownReleaseOf } from "./live.ts";

type LiveTemplate = DeploymentObject["spec"]["template"];

/** The result of comparing a live Deployment's pod template with a release. */
export type Comparison =
  | {
      readonly kind: "compared";
      /** The release's template as the API server would store it. */
      readonly described: LiveTemplate;
      readonly differences: readonly Difference[];
    }
  /** It could not be compared; `why` is a sentence without a full stop. */
  | { readonly kind: "unknown"; readonly why: string };

/**
 * Compares a live Deployment's pod template with that of a release, field by field. A dry run shows how the API server would store the
 * release's template, so that both sides have its defaults and the changes of admission webhooks.
 *
 * @param release the release's pod template with the labels of its track
 */
export async function compareTemplate(
  api: Cluster,
  { metadata, spec }: DeploymentObject,
  release: PodTemplate,
): Promise<Comparison> {
  try {
    const path = objectPath("Deployment", metadata.namespace, metadata.name);
    const tried = await api.tryPatch(path, [{ op: "replace", path: "/spec/template", value: release }]);
    const described = tried.spec.template;
    return { kind: "compared", described, differences: differences({ release, described, live: spec.template }) };
  } catch (error) {
    return { kind: "unknown", why: reasonOf(error) };
  }
}

/** The message of an API error or a UserError, without its full stop. @throws any other error */
export function reasonOf(error: unknown): string {
  if (error instanceof ApiError || error instanceof UserError) return clauseOf(error);
  throw error;
}

/**
 * The fields of a track's pod template that differ from its release, by the template that the last `up` stored. An adopted Deployment
 * has no drift. A new field without an owner is a default of a newer API server, and no drift.
 *
 * @param described the stored template
 * @returns undefined if the stored template is of another release or Deployment, or there is none
 */
export function driftFrom(deployment: DeploymentObject, described: DescribedTemplate | undefined): Drift[] | undefined {
  const release = ownReleaseOf(deployment);
  if (release === undefined) return [];
  if (described === undefined || described.release !== release) return undefined;
  const live = hashedLike(described, deployment);
  if (live === undefined) return undefined;
  const { template } = described;
  const { managedFields = [] } = deployment.metadata;
  const found = differences({ release: template, described: template, live });
  return driftsOf(found.filter((each) => each.described !== undefined || isOwned(managedFields, each.path)));
}
