/** The objects of a service that are still in the cluster after `pulumi destroy`. */
import { ownerAnnotation, serviceLabel } from "../components/names.ts";
import { type ObjectKind, type ObjectReference, objectKinds } from "../components/object-reference.ts";
import { ApiError, NotServed } from "../kubernetes/api-error.ts";
import type { Cluster } from "../kubernetes/cluster.ts";
import { listPath, objectPath } from "../kubernetes/resources.ts";
import { isServed } from "../kubernetes/served.ts";
import type { ServiceHandle } from "../kubernetes/service-handle.ts";
import { modeByRouteKind } from "../live/traffic/modes.ts";
import { storedMaps, storeName } from "../record/config-map-store.ts";
import { isVerdictName } from "../record/stored-verdict.ts";

/** Kinds that a service has only with an argument. */
const optional: readonly ObjectKind[] = [
  "Secret",
  "ServiceAccount",
  "PodDisruptionBudget",
  "HorizontalPodAutoscaler",
  "ScaledObject",
];

/** An object of a service that exists in the cluster. */
export interface Leftover extends ObjectReference {
  readonly namespace: string;
  /** Owner id of the stack that made it; absent if an older version made it, which had no owner ids. */
  readonly owner?: string;
}

/**
 * The objects of a service in the cluster, found by its label. An `up` that was killed leaves objects that no stack state has. The
 * record and the other stores are left out.
 *
 * @throws ApiError if the permission to list one of the kinds is missing
 */
export async function leftovers(of: ServiceHandle): Promise<Leftover[]> {
  const { namespace, service } = of;
  const found = await Promise.all(
    objectKinds.map(async (kind) =>
      (await list(of, kind))
        .filter(({ metadata }) => metadata.deletionTimestamp === undefined)
        .filter(({ metadata: { name } }) => kind !== "ConfigMap" || !isStored(service, name))
        .map(({ metadata: { name, annotations } }) => {
          const owner = annotations?.[ownerAnnotation];
          return { kind, namespace, name, ...(owner !== undefined && { owner }) };
        }),
    ),
  );
  return found.flat();
}

/** Deletes those of the objects that have this owner id. @returns the deleted ones */
export async function deleteOwned(api: Cluster, left: readonly Leftover[], owner: string): Promise<Leftover[]> {
  const owned = left.filter((each) => each.owner === owner);
  for (const { kind, namespace, name } of owned) await api.delete(objectPath(kind, namespace, name));
  return owned;
}

/** Whether gray stores its own data in a ConfigMap of this name. */
function isStored(service: string, name: string): boolean {
  return storedMaps.some((map) => storeName(service, map) === name) || isVerdictName(service, name);
}

async function list(of: ServiceHandle, kind: ObjectKind) {
  const { api, namespace, service } = of;
  try {
    return await api.list(listPath(kind, namespace), `${serviceLabel}=${service}`);
  } catch (error) {
    if (error instanceof NotServed && !(await isServed(api, kind))) return [];
    // Roles for earlier versions do not have the permission, and a program with such a role could not create them.
    if (optional.includes(kind) && error instanceof ApiError && error.status === 403) return [];
    const mode = modeByRouteKind(kind);
    if (mode === undefined) throw error;
    const isForbidden = error instanceof ApiError && error.status === 403;
    if (!isForbidden || (await mode.isUsed(of))) throw error;
    return [];
  }
}
