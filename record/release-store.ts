/** Reads the releases of a service that are stored in the cluster, each in a ConfigMap of its own. */

import { oneLine } from "../border/foreign-text.ts";
import { type Files, filesOf } from "../components/config-files.ts";
import { serviceLabel } from "../components/names.ts";
import type { Release } from "../components/release.ts";
import { storedReleaseId, understoodRelease } from "../components/stored-release.ts";
import type { ConfigMapObject } from "../kubernetes/objects/config-map.ts";
import { listPath } from "../kubernetes/resources.ts";
import type { ServiceHandle } from "../kubernetes/service-handle.ts";
import { isVerdictName } from "./stored-verdict.ts";

/** A release whose ConfigMap is there and cannot be understood. It is not absent: nothing is pruned while there is one. */
export interface DamagedRelease {
  readonly id: string;
  /** The reason, as a part of a sentence. */
  readonly why: string;
}

/** The stored releases of a service. */
export interface StoredReleases {
  /** Newest first, by the time of their creation. */
  readonly releases: readonly Release[];
  readonly damaged: readonly DamagedRelease[];
}

/** The ConfigMaps of a service. @throws ApiError or UserError if they cannot be read: then nothing is known about its releases */
export async function readConfigMaps({ api, namespace, service }: ServiceHandle): Promise<readonly ConfigMapObject[]> {
  return api.list(listPath("ConfigMap", namespace), `${serviceLabel}=${service}`);
}

/** The releases in the ConfigMaps of a service. */
export function releasesIn(service: string, configMaps: readonly ConfigMapObject[]): StoredReleases {
  const contents = filesIn(service, configMaps);
  const releases: Release[] = [];
  const damaged: DamagedRelease[] = [];
  for (const { metadata, data } of configMaps.toSorted(newestFirst)) {
    const id = storedReleaseId(service, metadata.name);
    if (id === undefined) continue;
    try {
      releases.push(understoodRelease(id, data, (name) => contents[name]));
    } catch (error) {
      damaged.push({ id, why: oneLine((error as Error).message) });
    }
  }
  return { releases, damaged };
}

/** The files of each ConfigMap of a service that cannot change, by its name. Those with verdicts are left out. */
export function filesIn(service: string, configMaps: readonly ConfigMapObject[]): Record<string, Files> {
  return Object.fromEntries(
    configMaps
      .filter(({ immutable, metadata: { name } }) => immutable && !isVerdictName(service, name))
      .map((map) => [map.metadata.name, filesOf(map)]),
  );
}

function newestFirst(a: ConfigMapObject, b: ConfigMapObject): number {
  const [of, other] = [a, b].map(({ metadata }) => Date.parse(metadata.creationTimestamp ?? "") || 0);
  return (other ?? 0) - (of ?? 0);
}
