/** Stores the pod template that each track's release describes, so that read-only commands can detect drift. */
import * as v from "valibot";
import { plainObject, understand } from "../components/schema.ts";
import { type Track, tracks } from "../components/traffic.ts";
import type { ServiceHandle } from "../kubernetes/service-handle.ts";
import { changeStore, readStore } from "./config-map-store.ts";

/** A release's pod template, completed with the API server's defaults. */
export interface DescribedTemplate {
  /** The id of the release. */
  readonly release: string;
  /** Hash of the UID of the Deployment for which it was computed. */
  readonly deployment: string;
  /**
   * The template. Texts that may be secrets are replaced by hashes, because everyone with read access to ConfigMaps can
   * read it.
   */
  readonly template: object;
}

/** The template of each track, from the latest comparison. */
export type DescribedTemplates = Partial<Record<Track, DescribedTemplate>>;

const schema = v.object({ release: v.string(), deployment: v.string(), template: plainObject<object>() });

/**
 * Reads the templates from the ConfigMap `<service>-templates`. Entries that cannot be parsed are left out: the next
 * `up` writes them anew.
 *
 * @throws ApiError or UserError if the cluster cannot be read
 */
export async function readTemplates(of: ServiceHandle): Promise<DescribedTemplates> {
  const stored = (await readStore(of, "templates")) ?? {};
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
 * Stores the template of a track, so that commands with read access only can compare. Writes nothing if it is stored
 * already.
 *
 * @throws ApiError or UserError if it could not be written
 */
export async function storeTemplate(of: ServiceHandle, track: Track, described: DescribedTemplate): Promise<void> {
  const text = JSON.stringify(described);
  await changeStore(of, "templates", (before = {}) =>
    before[track] === text ? undefined : { ...before, [track]: text },
  );
}
