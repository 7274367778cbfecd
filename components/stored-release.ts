/** The form in which a release is stored in the cluster: an immutable ConfigMap, whose name has the id of the release. Pure. */

import * as v from "valibot";
import { canonicalJson } from "./canonical.ts";
import type { Files } from "./config-files.ts";
import { type PodTemplate, type Release, releaseId } from "./release.ts";
import { releaseIdSchema } from "./release-id.ts";
import { plainObject, understand } from "./schema.ts";

const schema = v.object({ template: plainObject<PodTemplate>(), configMaps: v.array(v.string()) });

/** The name of the ConfigMap with a release. @example storedReleaseName("web", "0123456789ab") // "web-release-0123456789ab" */
export function storedReleaseName(service: string, id: string): string {
  return `${service}-release-${id}`;
}

/**
 * The id of the release in the ConfigMap of this name; undefined if it is another ConfigMap.
 *
 * @example storedReleaseId("web", "web-release-0123456789ab") // "0123456789ab"
 */
export function storedReleaseId(service: string, name: string): string | undefined {
  const prefix = storedReleaseName(service, "");
  const id = name.slice(prefix.length);
  return name.startsWith(prefix) && v.is(releaseIdSchema, id) ? id : undefined;
}

/**
 * The data of the ConfigMap with a release: its pod template and the names of the ConfigMaps that it mounts, but no content of these. The
 * same release gives the same text.
 *
 * @example storedReleaseData(release).release // '{"template":{...},"configMaps":["web-config-0123456789"]}'
 */
export function storedReleaseData({ template, configMaps }: Release): { readonly release: string } {
  return { release: canonicalJson({ template, configMaps: Object.keys(configMaps).sort() }) };
}

/**
 * The release in the data of its ConfigMap. Its id is computed again from its content and that of the ConfigMaps that it mounts.
 *
 * @param id the id in the name of the ConfigMap
 * @param filesOf the files of a live ConfigMap; undefined if there is none
 * @throws Error with the reason, as a part of a sentence, if it is not complete or another one
 * @example understoodRelease("0123456789ab", storedReleaseData(release), (name) => release.configMaps[name])
 */
export function understoodRelease(
  id: string,
  data: Readonly<Record<string, string>> | undefined,
  filesOf: (configMap: string) => Files | undefined,
): Release {
  const { template, configMaps: names } = understand(schema, JSON.parse(data?.release ?? "null"));
  const missing = names.find((name) => filesOf(name) === undefined);
  if (missing !== undefined) throw new Error(`the ConfigMap ${missing} that it mounts is missing`);
  const configMaps = Object.fromEntries(names.map((name) => [name, filesOf(name) as Files]));
  if (releaseId(template, configMaps) !== id) throw new Error("its content does not match its id");
  return { id, template, configMaps };
}
