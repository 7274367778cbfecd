/** The schema of the Pulumi package, from the TypeScript declarations of the arguments and outputs. */
import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { type Declarations, declarationsOf, type Field, fieldsFrom, type Shape, split } from "./declarations.ts";

/** A type in a package's schema (https://www.pulumi.com/docs/iac/packages-and-automation/pulumi-packages/schema). */
type TypeSpec = Readonly<Record<string, unknown>>;

const kubernetes = (type: string, version: string, group = "core/v1"): TypeSpec => ({
  $ref: `/kubernetes/v${version}/schema.json#/types/kubernetes:${encodeURIComponent(group)}:${type}`,
});
const numberOrText: TypeSpec = { oneOf: [{ type: "number" }, { type: "string" }] };
const integerOrText: TypeSpec = { oneOf: [{ type: "integer" }, { type: "string" }] };
const anything: TypeSpec = { $ref: "pulumi.json#/Any" };

/** The types that are not read from their text, because another package declares them or languages have no such type. */
function specialTypes(version: string): Readonly<Record<string, TypeSpec>> {
  return {
    Container: kubernetes("Container", version),
    // No field of a patch is required, and `containers` are an argument of their own.
    'Omit<PodSpec, "containers">': kubernetes("PodSpecPatch", version),
    'PodSpec["volumes"]': { type: "array", items: kubernetes("Volume", version) },
    'Omit<Unwrap<types.input.core.v1.ServiceSpec>, "selector" | "ports">': kubernetes("ServiceSpec", version),
    'HorizontalSpec["metrics"]': { type: "array", items: kubernetes("MetricSpec", version, "autoscaling/v2") },
    'HorizontalSpec["behavior"]': kubernetes("HorizontalPodAutoscalerBehavior", version, "autoscaling/v2"),
    // KEDA has no package of types.
    ScaledObjectSpec: { type: "object", additionalProperties: anything },
    "asset.Asset": { $ref: "pulumi.json#/Asset" },
    "(typeof methods)[number]": { type: "string" },
    Duration: numberOrText,
    Percent: numberOrText,
    PodAmount: integerOrText,
    'RolloutContext["admissions"]': anything,
  };
}

/**
 * The schema of the package.
 *
 * @param root the folder of the checkout
 * @throws Error for a type that it does not understand; it names the type
 * @example packageSchema(".").resources["gray-release:index:CanaryService"].requiredInputs
 */
export function packageSchema(root: string) {
  const { version, description, license, dependencies } = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
  const reader = new Reader(readDeclarations(root), specialTypes(dependencies["@pulumi/kubernetes"]));
  const inputs = reader.fieldsOf("ServiceArgs");
  const service = reader.shape("CanaryService");
  const outputs = service.fields.map((field) => ({ ...field, ...outputType(field.type) }));
  return {
    name: "gray-release",
    version,
    displayName: "Gray release",
    description,
    license,
    keywords: ["kind/component", "category/infrastructure", "kubernetes", "canary"],
    meta: { moduleFormat: "(.*)" },
    language: {
      csharp: { respectSchemaVersion: true, packageReferences: { "Pulumi.Kubernetes": "4.*" } },
      go: {
        respectSchemaVersion: true,
        generateResourceContainerTypes: true,
        importBasePath: "example.com/gray-release/sdk/go/grayrelease",
      },
      java: { dependencies: { "com.pulumi:kubernetes": dependencies["@pulumi/kubernetes"] } },
      nodejs: {
        respectSchemaVersion: true,
        dependencies: { "@pulumi/kubernetes": dependencies["@pulumi/kubernetes"] },
      },
      python: {
        respectSchemaVersion: true,
        pyproject: { enabled: true },
        requires: { "pulumi-kubernetes": ">=4.0.0,<5.0.0" },
      },
    },
    resources: {
      "gray-release:index:CanaryService": {
        isComponent: true,
        description: service.comment,
        inputProperties: reader.properties("CanaryService", inputs),
        requiredInputs: required(inputs),
        properties: reader.properties("CanaryService", outputs),
        required: required(outputs),
      },
    },
    // Last, because it fills while the others are read.
    types: reader.types(),
  };
}

function readDeclarations(root: string): Declarations {
  const shapes = new Map<string, Shape>();
  const types = new Map<string, string>();
  for (const file of globSync("components/**/*.ts", { cwd: root })) {
    const found = declarationsOf(readFileSync(join(root, file), "utf8"));
    for (const [name, shape] of found.shapes) shapes.set(name, shape);
    for (const [name, type] of found.types) types.set(name, type);
  }
  return { shapes, types };
}

/** The type of a resource's output, and whether it may be absent. */
function outputType(type: string): Pick<Field, "type"> & Partial<Pick<Field, "isOptional">> {
  const inner = /^pulumi\.Output<(.*)>$/.exec(type)?.[1];
  if (inner === undefined) return { type };
  const known = split(inner, "|").filter((part) => part !== "undefined");
  return { type: known.join(" | "), ...(inner.includes("| undefined") && { isOptional: true }) };
}

function required(fields: readonly Field[]): string[] {
  return fields.filter(({ isOptional }) => !isOptional).map(({ name }) => name);
}

/** Reads types, and collects those that the package declares. */
class Reader {
  readonly #declared: Declarations;
  readonly #special: Readonly<Record<string, TypeSpec>>;
  readonly #types = new Map<string, object>();

  constructor(declared: Declarations, special: Readonly<Record<string, TypeSpec>>) {
    this.#declared = declared;
    this.#special = special;
  }

  shape(name: string): Shape {
    const shape = this.#declared.shapes.get(name);
    if (!shape) throw new Error(`no interface or class ${name} in components/`);
    return shape;
  }

  /** The fields of an interface, with those that it inherits. */
  fieldsOf(name: string): Field[] {
    const { parents, fields } = this.shape(name);
    return [...fields, ...parents.flatMap((parent) => this.fieldsOf(parent))];
  }

  properties(owner: string, fields: readonly Field[]): Record<string, TypeSpec> {
    return Object.fromEntries(
      fields.map(({ name, type, comment }) => {
        const spec = this.typeOf(type, owner + name.charAt(0).toUpperCase() + name.slice(1));
        const values = literalsOf(this.#declared.types.get(type) ?? type);
        const description = values.length > 1 ? `${comment} One of ${values.join(", ")}.` : comment;
        return [name, { ...spec, ...(description !== "" && { description: description.trim() }) }];
      }),
    );
  }

  types(): Record<string, object> {
    return Object.fromEntries([...this.#types].sort(([a], [b]) => (a < b ? -1 : 1)));
  }

  /** @param place the name for a type without one */
  typeOf(text: string, place: string): TypeSpec {
    const special = this.#special[text];
    if (special) return special;
    const parts = split(text, "|").filter((part) => part !== "undefined");
    if (parts.length > 1) return this.#union(parts, place);
    const [type = ""] = parts;
    if (type !== text) return this.typeOf(type, place);
    if (type === "string" || type.startsWith('"')) return { type: "string" };
    if (type === "boolean") return { type: "boolean" };
    // Shares and times, which may have fractions, have names of their own.
    if (type === "number") return { type: "integer" };
    const list = /^readonly (.*)\[\]$/.exec(type)?.[1];
    if (list !== undefined) return { type: "array", items: this.typeOf(list, place) };
    const inner = /^Readonly<(.*)>$/.exec(type)?.[1];
    if (inner !== undefined) return this.typeOf(inner, place);
    // Every property of a package accepts Outputs.
    const input = /^Input<(.*)>$/.exec(type)?.[1];
    if (input !== undefined) return this.typeOf(input, place);
    const map = /^Record<string, (.*)>$/.exec(type)?.[1];
    if (map !== undefined) return { type: "object", additionalProperties: this.typeOf(map, place) };
    if (type.startsWith("{")) return this.#object(place, "", fieldsFrom(type, 1));
    const alias = this.#declared.types.get(type);
    if (alias !== undefined) return this.typeOf(alias, type);
    if (this.#declared.shapes.has(type)) {
      return this.#object(type.replace(/Args$/, ""), this.shape(type).comment, this.fieldsOf(type));
    }
    throw new Error(`the type ${type} (${place}) has no counterpart in a package's schema: add it to specialTypes`);
  }

  /** A union of objects is one type with the fields of all, of which those that not all have are optional. */
  #union(parts: readonly string[], place: string): TypeSpec {
    const shapes = parts.filter((part) => part.startsWith("{") || this.#declared.shapes.has(part));
    if (shapes.length === parts.length) return this.#object(place, this.#commentOf(parts), this.#merged(parts));
    const specs = parts.map((part) => this.typeOf(part, place));
    const different = new Map(specs.map((spec) => [JSON.stringify(spec), spec]));
    if (different.size === 1) return specs[0] as TypeSpec;
    // A name for a union of types is that of its parts.
    const flat = [...different.values()].flatMap((spec) => (spec.oneOf as TypeSpec[] | undefined) ?? [spec]);
    return { oneOf: [...new Map(flat.map((spec) => [JSON.stringify(spec), spec])).values()] };
  }

  #commentOf(parts: readonly string[]): string {
    return parts
      .map((part) => this.#declared.shapes.get(part)?.comment ?? "")
      .join(" ")
      .trim();
  }

  #merged(parts: readonly string[]): Field[] {
    const all = parts.map((part) => (part.startsWith("{") ? fieldsFrom(part, 1) : this.fieldsOf(part)));
    const merged = new Map<string, Field>();
    for (const field of all.flat()) {
      const same = all.flat().filter(({ name }) => name === field.name);
      const types = [...new Set(same.map(({ type }) => type))];
      merged.set(field.name, {
        name: field.name,
        type: types.join(" | "),
        isOptional: same.length < all.length || same.some(({ isOptional }) => isOptional),
        comment: [...new Set(same.map(({ comment }) => comment))].filter((comment) => comment !== "").join(" "),
      });
    }
    return [...merged.values()];
  }

  #object(name: string, description: string, fields: readonly Field[]): TypeSpec {
    const token = `gray-release:index:${name}`;
    this.#types.set(token, {
      type: "object",
      ...(description !== "" && { description }),
      properties: this.properties(name, fields),
      required: required(fields),
    });
    return { $ref: `#/types/${token}` };
  }
}

/** The texts that a type allows, if it allows no others. */
function literalsOf(type: string): string[] {
  const parts = split(type, "|");
  return parts.every((part) => part.startsWith('"')) ? parts.map((part) => part.slice(1, -1)) : [];
}
