/** The metadata of an object in the API (ObjectMeta), and which manager owns which fields. */

/** The metadata of an object; the fields used here. */
export interface Metadata {
  readonly name: string;
  readonly namespace: string;
  readonly uid: string;
  readonly generation: number;
  readonly resourceVersion?: string;
  /** An RFC 3339 time. */
  readonly creationTimestamp?: string;
  readonly deletionTimestamp?: string;
  readonly labels?: Record<string, string>;
  readonly annotations?: Record<string, string>;
}

/** An object of which only the metadata is used here. */
export interface PartialObject {
  readonly metadata: Metadata;
}

/** One manager and the fields that it owns; the attributes used here. */
export interface FieldOwner {
  readonly manager?: string;
  readonly operation?: string;
  readonly subresource?: string;
  readonly apiVersion?: string;
  readonly fieldsType?: string;
  readonly time?: string;
  readonly fieldsV1?: Fields;
}

/** A set of fields in the format of the API server: `f:` is a field, `k:` an item by its keys, `.` the object itself. */
export interface Fields {
  readonly [name: string]: Fields;
}
