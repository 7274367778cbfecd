/** Reads and changes the ConfigMaps in which gray stores the state of a service. */

import { setTimeout as sleep } from "node:timers/promises";
import { serviceLabel } from "../components/names.ts";
import { ApiError } from "../kubernetes/api-error.ts";
import { backoff } from "../kubernetes/backoff.ts";
import { listPath, objectPath, typeOf } from "../kubernetes/resources.ts";
import type { ServiceHandle } from "../kubernetes/service-handle.ts";

/** The ConfigMaps that gray stores for a service. Each is named `<service>-<map>`. */
export const storedMaps = ["rollout", "evidence", "diagnostics", "templates"] as const;
/** Name of one of these ConfigMaps, without the service. */
export type StoredMap = (typeof storedMaps)[number];

/** The data of a ConfigMap: texts by key. */
export type StoredData = Readonly<Record<string, string>>;

/** Attempts at a change while other writers are faster. Together they take about seven seconds. */
const attempts = 12;
/** Milliseconds between two attempts. Each attempt is two requests. */
const pauseMilliseconds = { first: 80, most: 1000 };

/** Another writer was faster: what was read is no longer so. */
export class Overtaken extends ApiError {
  constructor() {
    super(409, "The object has been modified.");
  }
}

/** Name of a service's ConfigMap, for example `web-rollout`. */
export function storeName(service: string, map: StoredMap): string {
  return `${service}-${map}`;
}

/**
 * The data of a service's ConfigMap; undefined if there is no such ConfigMap.
 *
 * @throws ApiError or UserError if it cannot be read
 */
export async function readStore(of: ServiceHandle, map: StoredMap): Promise<StoredData | undefined> {
  const object = await of.api.get(pathOf(of, map));
  return object && (object.data ?? {});
}

/**
 * Changes a service's ConfigMap, or creates it, without losing another writer's change: it replaces only the version
 * that it read. If another writer was faster, it reads and tries again after a pause.
 *
 * @param to computes the new data from the current data; undefined skips the write. It may throw Overtaken
 * @throws what `to` throws; ApiError or UserError if the write failed, also if other writers were faster in every
 * attempt (409)
 */
export async function changeStore(
  of: ServiceHandle,
  map: StoredMap,
  to: (before: StoredData | undefined) => StoredData | undefined | Promise<StoredData | undefined>,
): Promise<void> {
  const { api, namespace, service } = of;
  for (let attempt = 1; ; attempt++) {
    const found = await api.get(pathOf(of, map));
    try {
      const data = await to(found && (found.data ?? {}));
      if (data === undefined) return;
      const object = {
        ...typeOf("ConfigMap"),
        metadata: {
          ...found?.metadata,
          name: storeName(service, map),
          namespace,
          labels: { ...found?.metadata.labels, app: service, [serviceLabel]: service },
        },
        data,
      };
      await (found ? api.replace(pathOf(of, map), object) : api.create(listPath("ConfigMap", namespace), object));
      return;
    } catch (error) {
      const overtaken = error instanceof ApiError && (error.status === 409 || (found && error.status === 404));
      if (!overtaken || attempt === attempts) throw error;
      // The signal that ends this wait also ends the next request, whose error gives the reason.
      await sleep(backoff(attempt, pauseMilliseconds), undefined, { signal: api.stopping }).catch(() => {});
    }
  }
}

/** Deletes a service's ConfigMap. @throws ApiError or UserError if it cannot be deleted */
export async function deleteStore(of: ServiceHandle, map: StoredMap): Promise<void> {
  await of.api.delete(pathOf(of, map));
}

function pathOf({ namespace, service }: ServiceHandle, map: StoredMap) {
  return objectPath("ConfigMap", namespace, storeName(service, map));
}
