/** Rebuilds a release that is not stored any more from a Deployment that runs it. Pure. */

import { isDeepStrictEqual } from "node:util";
import type { Files } from "../components/config-files.ts";
import { configMapsOf, type PodTemplate, type Release, releaseId } from "../components/release.ts";
import type { DeploymentObject } from "../kubernetes/objects/deployment.ts";
import type { Fields } from "../kubernetes/objects/metadata.ts";
import { lastApplied } from "./field-owners.ts";
import { ownReleaseOf } from "./live.ts";

/**
 * The release that a Deployment runs: its pod template with the fields that the last apply set (server-side apply, KEP-555), so without what the
 * API server and other managers added.
 *
 * @param filesOf the files of a live ConfigMap; undefined if there is none
 * @returns undefined if the content that is left does not give the release's id, for example because the API server stores an amount in another form
 */
export function rebuiltRelease(
  deployment: DeploymentObject,
  filesOf: (configMap: string) => Files | undefined,
): Release | undefined {
  const id = ownReleaseOf(deployment);
  const applied = lastApplied(deployment.metadata.managedFields ?? [])?.["f:spec"]?.["f:template"];
  if (id === undefined || applied === undefined) return undefined;
  const found = kept(deployment.spec.template, applied);
  return [withoutHiddenDefaults(found), found]
    .map((template) => releaseOf(template as DeploymentObject["spec"]["template"], filesOf))
    .find((release) => release.id === id);
}

/** The release with a deployed pod template. */
function releaseOf(
  { metadata, spec }: DeploymentObject["spec"]["template"],
  filesOf: (configMap: string) => Files | undefined,
): Release {
  const { track: _, release: __, ...labels } = metadata.labels ?? {};
  const template = { metadata: { ...metadata, labels }, spec } as PodTemplate;
  const names = configMapsOf(spec).filter((name) => filesOf(name) !== undefined);
  const configMaps = Object.fromEntries(names.map((name) => [name, filesOf(name) as Files]));
  return { id: releaseId(template, configMaps), template, configMaps };
}

/** The defaults of the fields that an apply owns only as a whole (structType=atomic of core/v1), so that its set does not show them. */
const defaultsInside: Readonly<Record<string, readonly [field: string, value: string]>> = {
  fieldRef: ["apiVersion", "v1"],
  resourceFieldRef: ["divisor", "0"],
};

function withoutHiddenDefaults(value: unknown): unknown {
  if (typeof value !== "object" || value === null) return value;
  if (Array.isArray(value)) return value.map(withoutHiddenDefaults);
  return Object.fromEntries(
    Object.entries(value).map(([name, inside]) => {
      const [field = "", byDefault] = defaultsInside[name] ?? [];
      if (byDefault === undefined || inside?.[field] !== byDefault) return [name, withoutHiddenDefaults(inside)];
      const { [field]: _, ...rest } = inside;
      return [name, rest];
    }),
  );
}

/** The parts of a value that are in a set of fields. */
function kept(value: unknown, fields: Fields): unknown {
  const inside = Object.entries(fields).filter(([step]) => step !== ".");
  // A field without parts of its own is set as a whole.
  if (inside.length === 0 || typeof value !== "object" || value === null) return value;
  if (Array.isArray(value)) {
    return value.flatMap((item) => {
      const found = inside.find(([step]) => isItem(step, item));
      return found ? [kept(item, found[1])] : [];
    });
  }
  return Object.fromEntries(
    Object.entries(value).flatMap(([name, field]) => {
      const found = fields[`f:${name}`];
      return found === undefined ? [] : [[name, kept(field, found)]];
    }),
  );
}

/** Whether a step of a set of fields means this item of a list: by its keys (`k:`), or by its value (`v:`). */
function isItem(step: string, item: unknown): boolean {
  const [kind, text] = [step.slice(0, 2), step.slice(2)];
  if (kind === "v:") return isDeepStrictEqual(JSON.parse(text), item);
  if (kind !== "k:" || typeof item !== "object" || item === null) return false;
  return Object.entries(JSON.parse(text)).every(([key, value]) => (item as Record<string, unknown>)[key] === value);
}
