import { type Declared, type Resource, readDeclared } from "./declared.ts";

/** What a run of a program has declared so far. Each policy is shown every resource, and all policies of a pack share what was read of it. */
export class Program {
  declared: Declared[] = [];
  #read = new Map<string, Declared | undefined>();

  /** The resource as rules see it; undefined if it is nothing that they look at. The stack itself comes first, and begins a run. */
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
