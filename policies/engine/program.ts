import { type Declared, type Resource, readDeclared } from "./declared.ts";

/**
 * The resources that a run of a program has declared so far. Pulumi passes each resource to every policy; this reads it once for all.
 *
 * @example
 * ```ts
 * const program = new Program();
 * program.read(resource);
 * program.declared.length // 1
 * ```
 */
export class Program {
  declared: Declared[] = [];
  #read = new Map<string, Declared | undefined>();

  /** The resource as rules read it; undefined if no rule looks at it. The stack itself is the first resource, so it resets the run. */
  read(resource: Resource): Declared | undefined {
    const { type, urn } = resource;
    if (type === "pulumi:pulumi:Stack") {
      this.declared = [];
      this.#read = new Map();
      return undefined;
    }
    if (this.#read.has(urn)) return this.#read.get(urn);
    const one = readDeclared(resource);
    this.#read.set(urn, one);
    if (one) this.declared.push(one);
    return one;
  }
}
