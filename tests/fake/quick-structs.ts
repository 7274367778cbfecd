import { createRequire } from "node:module";

const { Struct } = createRequire(import.meta.url)("google-protobuf/google/protobuf/struct_pb.js");

/** The library's own conversion. */
export const { fromJavaScript } = Struct;

/**
 * Makes a Struct of an object from the array that the library keeps inside of it. The library itself writes each value anew for each
 * object around it, which takes four times as long.
 */
export function quickStruct(object: object): typeof Struct {
  return new Struct(fieldsOf(object));
}

// The SDK makes a Struct of the inputs and outputs of each resource.
Struct.fromJavaScript = quickStruct;

const fieldsOf = (object: object): unknown[] => [Object.entries(object).map(([key, value]) => [key, fieldOf(value)])];

/** A Value: an array with its field at the place of its number (struct.proto). */
function fieldOf(value: unknown): unknown[] {
  if (value === null) return [0];
  if (typeof value === "number") return [null, value];
  if (typeof value === "string") return [null, null, value];
  if (typeof value === "boolean") return [null, null, null, value];
  if (Array.isArray(value)) return [null, null, null, null, null, [value.map(fieldOf)]];
  if (typeof value === "object") return [null, null, null, null, fieldsOf(value)];
  throw new Error(`a Struct holds no ${typeof value}`);
}
