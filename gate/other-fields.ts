/** Prepares a live Deployment so that the next write removes the fields of its pod template that the release leaves out. */

import { setTimeout as sleep } from "node:timers/promises";
import type { PodTemplate } from "../components/release.ts";
import { ApiError } from "../kubernetes/api-error.ts";
import { backoff } from "../kubernetes/backoff.ts";
import type { Cluster } from "../kubernetes/cluster.ts";
import type { DeploymentObject } from "../kubernetes/objects/deployment.ts";
import { objectPath } from "../kubernetes/resources.ts";
import type { Difference } from "../live/difference.ts";
import { ownersForNextApply } from "../live/field-owners.ts";
import { reasonOf } from "../live/template.ts";

/** How often the field owners are read and written, if the Deployment changes in between. */
const attempts = 5;

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
  const { namespace, name } = deployment.metadata;
  const path = objectPath("Deployment", namespace, name);
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
