/** Reads and changes the field ownership of a Deployment (`metadata.managedFields`, KEP-555). */

import type { FieldOwner, Fields } from "../kubernetes/objects/metadata.ts";
import type { Item, Path } from "./difference.ts";

/**
 * Kubernetes' manager for fields that were set before the first apply. Pulumi's provider takes over all of its fields before it applies
 * (`fixCSAFieldManagers`, 4.18 to 4.32), as `kubectl apply --server-side` does.
 */
const beforeFirstApply = "before-first-apply";

/**
 * The field owners of a Deployment after which the next apply removes these fields, if it leaves them out. An apply removes only fields
 * that its manager applied before and that no other manager owns (KEP-555). So the fields are taken from every owner but the last one
 * that applied, and given to the owner that the provider takes over. The object itself does not change.
 *
 * @param fields their places in the pod template
 * @returns undefined if no manager applies to this object
 */
export function ownersForNextApply(owners: readonly FieldOwner[], fields: readonly Path[]): FieldOwner[] | undefined {
  const last = lastApply(owners);
  if (last === undefined) return undefined;
  const paths = fields.map(placeOf);
  const before = owners.find(isBeforeFirstApply);
  const others = owners
    .filter((owner) => owner !== before)
    .map((owner) =>
      owner === last || !owner.fieldsV1 ? owner : { ...owner, fieldsV1: paths.reduce(without, owner.fieldsV1) },
    );
  const fieldsV1 = paths.reduce(withField, before?.fieldsV1 ?? {});
  return [
    ...others.filter((owner) => owner.fieldsV1 === undefined || Object.keys(owner.fieldsV1).length > 0),
    { manager: beforeFirstApply, operation: "Update", apiVersion: "apps/v1", fieldsType: "FieldsV1", fieldsV1 },
  ];
}

/** The fields that the last apply set; undefined if none did. */
export function lastApplied(owners: readonly FieldOwner[]): Fields | undefined {
  return lastApply(owners)?.fieldsV1;
}

function lastApply(owners: readonly FieldOwner[]): FieldOwner | undefined {
  return owners
    .filter(({ operation, subresource }) => operation === "Apply" && !subresource)
    .sort((a, b) => Date.parse(a.time ?? "") - Date.parse(b.time ?? ""))
    .at(-1);
}

/**
 * Whether a manager has set a field of a Deployment's pod template, or a whole field that contains it. The defaults that a newer API
 * server adds to a stored object have no owner. If no owners of the template are stored, every field counts as set.
 *
 * @param field its place in the pod template
 */
export function isOwned(owners: readonly FieldOwner[], field: Path): boolean {
  const known = owners.flatMap(({ fieldsV1 = {} }) => (holds(fieldsV1, placeOf([])) ? fieldsV1 : []));
  return known.length === 0 || known.some((fields) => holds(fields, placeOf(field)));
}

function holds(fields: Fields, [first, ...others]: readonly string[]): boolean {
  if (first === undefined) return true;
  const inside = fields[first];
  if (inside === undefined) return false;
  // A field that is owned as a whole, such as a list without keys, is empty here.
  return Object.keys(inside).length === 0 || holds(inside, others);
}

function isBeforeFirstApply({ manager, operation, subresource }: FieldOwner): boolean {
  return manager === beforeFirstApply && operation === "Update" && !subresource;
}

/** A place in the pod template as the steps of `fieldsV1`. */
function placeOf(path: Path): string[] {
  return ["f:spec", "f:template", ...path.map(nameOf)];
}

/** A step of a path in the format of `fieldsV1`. */
function nameOf(step: string | Item): string {
  if (typeof step === "string") return `f:${step}`;
  const sorted = Object.entries(step.key).sort(([a], [b]) => (a < b ? -1 : 1));
  return `k:${JSON.stringify(Object.fromEntries(sorted))}`;
}

/** The set without a field and everything in it. Parents that become empty are removed too. */
function without(fields: Fields, [first = "", ...others]: readonly string[]): Fields {
  const { [first]: found, ...rest } = fields;
  if (found === undefined) return fields;
  if (others.length === 0) return rest;
  const inside = without(found, others);
  if (inside === found) return fields;
  return Object.keys(inside).length === 0 ? rest : { ...rest, [first]: inside };
}

function withField(fields: Fields, [first, ...others]: readonly string[]): Fields {
  if (first === undefined) return Object.keys(fields).length === 0 ? {} : { ".": {}, ...fields };
  return { ...fields, [first]: withField(fields[first] ?? {}, others) };
}
