import { setTimeout as sleep } from "node:timers/promises";
import { serviceLabel } from "../components/names.ts";
import { backoff } from "../kubernetes/backoff.ts";
import { ApiError, type Cluster } from "../kubernetes/cluster.ts";

/** What is kept in the cluster of a service, beside its own objects: each in the ConfigMap `<service>-<what>`. */
export const storedMaps = ["rollout", "evidence", "diagnostics", "templates"] as const;
export type StoredMap = (typeof storedMaps)[number];

/** Texts by their keys. */
export type StoredData = Readonly<Record<string, string>>;

interface MapObject {
  readonly metadata: { readonly resourceVersion?: string; readonly labels?: Record<string, string> };
  readonly data?: StoredData;
}

/** Times that a change is tried while other writers are faster, in about seven seconds. */
const attempts = 12;
/** Milliseconds between two of them. Each attempt is two requests. */
const pauses = { first: 80, most: 1000 };

export function storeName(service: string, what: StoredMap): string {
  return `${service}-${what}`;
}

/** What is kept there; undefined where there is no such ConfigMap. */
export async function readStore(
  api: Cluster,
  namespace: string,
  service: string,
  what: StoredMap,
): Promise<StoredData | undefined> {
  const object = await api.get<MapObject>(pathOf(namespace, service, what));
  return object && (object.data ?? {});
}

/**
 * Changes what is kept there, or begins it, so that no other writer's change is lost: it writes only over what it read, and
 * reads again after a pause when another writer was faster.
 *
 * @param to what is to be kept, of what is; undefined to write nothing
 * @throws what `to` throws; ApiError or Refusal if it could not be written, also where other writers were always faster (409)
 */
export async function changeStore(
  api: Cluster,
  namespace: string,
  service: string,
  what: StoredMap,
  to: (before: StoredData | undefined) => StoredData | undefined,
): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    const found = await api.get<MapObject>(pathOf(namespace, service, what));
    const data = to(found && (found.data ?? {}));
    if (data === undefined) return;
    const object = {
      apiVersion: "v1",
      kind: "ConfigMap",
      metadata: {
        ...found?.metadata,
        name: storeName(service, what),
        namespace,
        labels: { ...found?.metadata.labels, app: service, [serviceLabel]: service },
      },
      data,
    };
    try {
      await (found
        ? api.replace(pathOf(namespace, service, what), object)
        : api.create(collectionOf(namespace), object));
      return;
    } catch (error) {
      const overtaken = error instanceof ApiError && (error.status === 409 || (found && error.status === 404));
      if (!overtaken || attempt === attempts) throw error;
      // What ends the wait ends the next request, and that says why.
      await sleep(backoff(attempt, pauses), undefined, { signal: api.stopping }).catch(() => {});
    }
  }
}

/** Deletes everything that is kept of a service. */
export async function forgetAll(api: Cluster, namespace: string, service: string): Promise<void> {
  for (const what of storedMaps) await api.delete(pathOf(namespace, service, what));
}

function collectionOf(namespace: string): string {
  return `/api/v1/namespaces/${namespace}/configmaps`;
}

function pathOf(namespace: string, service: string, what: StoredMap): string {
  return `${collectionOf(namespace)}/${storeName(service, what)}`;
}
