import * as v from "valibot";
import { plainObject, understand } from "../components/schema.ts";
import { type Track, tracks } from "../components/traffic.ts";
import type { Cluster } from "../kubernetes/cluster.ts";
import { changeStore, readStore } from "./config-map-store.ts";

/** A pod template with the API server's defaults, and the release that comes to it. */
export interface DescribedTemplate {
  /** The id of the release. */
  readonly release: string;
  /** Hash of the UID of the Deployment that it was made for. */
  readonly deployment: string;
  /** With hashes in the place of texts in which secrets may be: whoever may read ConfigMaps reads it. */
  readonly template: object;
}

/** What each track's pods should be by the release that it was last compared with. */
export type DescribedTemplates = Partial<Record<Track, DescribedTemplate>>;

const schema = v.object({ release: v.string(), deployment: v.string(), template: plainObject<object>() });

/**
 * The pod templates that the tracks were last compared with, from the ConfigMap `<service>-templates`. What cannot be understood
 * there is left out: it is written anew by the next `up`.
 */
export async function readTemplates(api: Cluster, namespace: string, service: string): Promise<DescribedTemplates> {
  const stored = (await readStore(api, namespace, service, "templates")) ?? {};
  return Object.fromEntries(
    tracks.flatMap((track) => {
      const text = stored[track];
      if (text === undefined) return [];
      try {
        return [[track, understand(schema, JSON.parse(text))]];
      } catch {
        return [];
      }
    }),
  );
}

/**
 * Keeps what a track's pods should be, so that whoever may only look at the cluster can compare. Writes nothing where that stands
 * there already.
 *
 * @throws ApiError or Refusal if it could not be written
 */
export async function keepTemplate(
  api: Cluster,
  namespace: string,
  service: string,
  track: Track,
  described: DescribedTemplate,
): Promise<void> {
  const text = JSON.stringify(described);
  await changeStore(api, namespace, service, "templates", (before = {}) =>
    before[track] === text ? undefined : { ...before, [track]: text },
  );
}
