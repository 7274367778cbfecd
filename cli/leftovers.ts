import { backendName, ownerAnnotation, serviceLabel } from "../components/names.ts";
import { type ObjectKind, objectKinds, type ServiceObject } from "../components/objects.ts";
import { ApiError, type Cluster, NotServed } from "../kubernetes/cluster.ts";
import { collectionOf, type LiveObject, pathOf } from "../live/object.ts";
import { hasGatewayApi } from "../live/routes.ts";
import { storedMaps, storeName } from "../record/config-map-store.ts";

/** An object of a service that stands in the cluster. */
export interface Leftover extends ServiceObject {
  readonly namespace: string;
  /** The owner id of the stack that made it; absent where a version made it that knew none. */
  readonly owner?: string;
}

/**
 * What stands of a service, by its label, whatever a state says: an `up` that was killed leaves objects that no state holds. The record
 * and its like are not among them.
 */
export async function leftovers(api: Cluster, namespace: string, service: string): Promise<Leftover[]> {
  const storeNames = storedMaps.map((what) => storeName(service, what));
  const found = await Promise.all(
    objectKinds.map(async (kind) =>
      (await list(api, kind, namespace, service))
        .filter(({ metadata }) => metadata.deletionTimestamp === undefined)
        .filter(({ metadata: { name } }) => kind !== "ConfigMap" || !storeNames.includes(name))
        .map(({ metadata: { name, annotations } }) => {
          const owner = annotations?.[ownerAnnotation];
          return { kind, namespace, name, ...(owner !== undefined && { owner }) };
        }),
    ),
  );
  return found.flat();
}

/** Deletes what of them a stack has made. */
export async function deleteOwned(api: Cluster, left: readonly Leftover[], owner: string): Promise<Leftover[]> {
  const owned = left.filter((each) => each.owner === owner);
  for (const { kind, namespace, name } of owned) await api.delete(pathOf(kind, namespace, name));
  return owned;
}

async function list(api: Cluster, kind: ObjectKind, namespace: string, service: string): Promise<LiveObject[]> {
  try {
    return await api.list<LiveObject>(collectionOf(kind, namespace), `${serviceLabel}=${service}`);
  } catch (error) {
    if (kind !== "HTTPRoute") throw error;
    if (error instanceof NotServed && !(await hasGatewayApi(api))) return [];
    const isForbidden = error instanceof ApiError && error.status === 403;
    // Only a service with a gateway has a Service for stable alone.
    if (!isForbidden || (await api.get(pathOf("Service", namespace, backendName(service, "stable"))))) throw error;
    return [];
  }
}
