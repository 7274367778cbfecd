import type { Item, Path } from "./difference.ts";

/** Who owns which fields of an object (`metadata.managedFields`, KEP-555); the fields used here. */
export interface FieldOwner {
  readonly manager?: string;
  readonly operation?: string;
  readonly subresource?: string;
  readonly apiVersion?: string;
  readonly fieldsType?: string;
  readonly time?: string;
  readonly fieldsV1?: Fields;
}

/** A set of fields as the API server writes it: `f:` a field, `k:` an item by its keys, `.` the thing itself. */
interface Fields {
  readonly [name: string]: Fields;
}

/**
 * The name under which Kubernetes keeps what stood before anybody applied. The Pulumi provider takes over all of it before it
 * applies (`fixCSAFieldManagers`, 4.18 to 4.32), as `kubectl apply --server-side` does.
 */
const beforeFirstApply = "before-first-apply";

/**
 * The owners of a Deployment once fields of its pod template are left to whoever applies next. An apply takes away only what its
 * manager applied before and no other owns (KEP-555). So these fields are taken from every owner but the last that applied, and
 * given to the one that the provider takes over. Nothing of the object itself changes.
 *
 * @param fields what is to be left, by its place in the pod template
 * @returns undefined where nobody applies to this object
 */
export function leftToNextApply(owners: readonly FieldOwner[], fields: readonly Path[]): FieldOwner[] | undefined {
  const last = owners
    .filter(({ operation, subresource }) => operation === "Apply" && !subresource)
    .sort((a, b) => Date.parse(a.time ?? "") - Date.parse(b.time ?? ""))
    .at(-1);
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

/**
 * Whether somebody has set a field of a Deployment's pod template, or a field that it is in as a whole. Nobody owns what the API server has
 * added by itself to what was written before: the defaults of a newer version. Where no owners of the template are kept, every field counts as set.
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
  // What is owned as a whole, as a list without keys, has nothing in it here.
  return Object.keys(inside).length === 0 || holds(inside, others);
}

function isBeforeFirstApply({ manager, operation, subresource }: FieldOwner): boolean {
  return manager === beforeFirstApply && operation === "Update" && !subresource;
}

/** A place in the pod template, by the steps of `fieldsV1`. */
function placeOf(path: Path): string[] {
  return ["f:spec", "f:template", ...path.map(nameOf)];
}

/** A step of a path as `fieldsV1` writes it. */
function nameOf(step: string | Item): string {
  if (typeof step === "string") return `f:${step}`;
  const sorted = Object.entries(step.key).sort(([a], [b]) => (a < b ? -1 : 1));
  return `k:${JSON.stringify(Object.fromEntries(sorted))}`;
}

/** Without a field and all that is in it; what holds nothing else goes too. */
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
