/** Deletes everything that gray stores for a service. */

import type { ServiceHandle } from "../kubernetes/service-handle.ts";
import { deleteStore, storedMaps } from "./config-map-store.ts";
import { deleteVerdicts } from "./verdict-store.ts";

/**
 * Deletes all ConfigMaps that gray stores for a service. The record is deleted before the verdicts that it names.
 *
 * @throws ApiError or UserError if one cannot be deleted
 */
export async function forgetAll(of: ServiceHandle): Promise<void> {
  for (const map of storedMaps) await deleteStore(of, map);
  await deleteVerdicts(of);
}
