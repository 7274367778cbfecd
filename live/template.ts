/** Compares a live Deployment's pod template with its release, and prepares it so that the next write removes other fields. */

import { setTimeout as sleep } from "node:timers/promises";
import type { PodTemplate } from "../components/release.ts";
import { UserError } from "../components/user-error.ts";
import { ApiError } from "../kubernetes/api-error.ts";
import { backoff } from "../kubernetes/backoff.ts";
import type { Cluster } from "../kubernetes/cluster.ts";
import type { DeploymentObject } from "../kubernetes/objects/deployment.ts";
import { objectPath } from "../kubernetes/resources.ts";
import type { DescribedTemplate } from "../record/template-store.ts";
import { type Difference, type Drift, differences, driftsOf } from "./difference.ts";
import { isOwned, ownersForNextApply } from "./field-owners.ts";
import { ownReleaseOf } from "./live.ts";
import { sealedLike } from "./sealed.ts";

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

/** How often the field owners are read and written, if the Deployment changes in between. */
const attempts = 5;

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
    const tried = await api.tryPatch(pathOf(metadata), [{ op: "replace", path: "/spec/template", value: release }]);
    const described = tried.spec.template;
    return { kind: "compared", described, differences: differences({ release, described, live: spec.template }) };
  } catch (error) {
    return { kind: "unknown", why: reasonOf(error) };
  }
}

/**
 * Makes the next write of a release remove all fields from the pod template that the release leaves out: those of another manager, the
 * API server's copy of a field, or a default that depends on another field.
 *
 * If the provider applies (its default), ownership of the fields is prepared for its next apply, and no pod changes. If it merges
 * (`enableServerSideApply: false`), only a replaced template removes them, so the whole template is written first.
 *
 * @param found the differences of the live template
 * @returns why it could not be done, without a full stop; undefined if it was
 */
export async function disownOtherFields(
  api: Cluster,
  deployment: DeploymentObject,
  release: PodTemplate,
  found: readonly Difference[],
): Promise<string | undefined> {
  const fields = found.filter(({ isNamed }) => !isNamed).map(({ path }) => path);
  if (fields.length === 0) return undefined;
  const path = pathOf(deployment.metadata);
  for (let attempt = 1; ; attempt++) {
    try {
      const live = attempt === 1 ? deployment : await api.get(path);
      const { managedFields = [], resourceVersion } = live?.metadata ?? {};
      const owners = ownersForNextApply(managedFields, fields);
      await api.patch(path, [
        { op: "test", path: "/metadata/resourceVersion", value: resourceVersion },
        owners
          ? { op: "replace", path: "/metadata/managedFields", value: owners }
          : { op: "replace", path: "/spec/template", value: release },
      ]);
      return undefined;
    } catch (error) {
      const overtaken = error instanceof ApiError && (error.status === 409 || error.status === 422);
      if (!overtaken || attempt === attempts) return reasonOf(error);
      await sleep(backoff(attempt, { first: 10, most: 100 }));
    }
  }
}

function pathOf({ namespace, name }: DeploymentObject["metadata"]) {
  return objectPath("Deployment", namespace, name);
}

/** The message of an API error or a UserError, without its full stop. @throws any other error */
function reasonOf(error: unknown): string {
  if (error instanceof ApiError || error instanceof UserError) return error.message.replace(/\.$/, "");
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
  const live = sealedLike(described, deployment);
  if (live === undefined) return undefined;
  const { template } = described;
  const { managedFields = [] } = deployment.metadata;
  const found = differences({ release: template, described: template, live });
  return driftsOf(found.filter((each) => each.described !== undefined || isOwned(managedFields, each.path)));
}
