/** Pairs declared resources, for rules that compare two of them. */
import type { Declared } from "./declared.ts";
import { known, paired } from "./unknown.ts";

/**
 * Pairs a resource with each other declared resource: it may be the A or the B of a pair. Rules that compare two resources use
 * it, because their order is not fixed.
 *
 * If a rule needs a value that is known only during `up`, the resource with the value violates the rule, in a stack with a
 * service (pack.ts). The rule still judges the other resources.
 *
 * @param one the resource to judge
 * @param declared the resources declared so far
 * @param readA reads the values that the rule needs of an A; undefined of anything else
 * @param readB the same of a B
 * @example
 * ```ts
 * const asService = (one: Declared) => (one.is === "service" ? one : undefined);
 * const asIngress = (one: Declared) => (one.is === "object" && one.kind === "Ingress" ? one : undefined);
 * const judge: Rule["judge"] = (one, { declared }) =>
 *   pairsOf(one, declared, asIngress, asService).flatMap(([ingress, service]) =>
 *     ingress.name === service.name ? [] : [`${called(ingress)} is not named ${service.name}: rename it.`],
 *   );
 * ```
 */
export function pairsOf<A, B>(
  one: Declared,
  declared: readonly Declared[],
  readA: (each: Declared) => A | undefined,
  readB: (each: Declared) => B | undefined,
): [A, B][] {
  const others = declared.filter((other) => other !== one);
  const [a, b] = paired(() => [readA(one), readB(one)]);
  return [
    ...(a === undefined ? [] : readable(others, readB).map((other): [A, B] => [a, other])),
    ...(b === undefined ? [] : readable(others, readA).map((other): [A, B] => [other, b])),
  ];
}

/**
 * Reads a value of each resource, without those in which it is not known yet.
 *
 * @example readable(declared, asService)
 */
export function readable<T>(others: readonly Declared[], read: (each: Declared) => T | undefined): T[] {
  const found: T[] = [];
  for (const other of others) {
    const one = readOnce(other, read);
    if ("value" in one && one.value !== undefined) found.push(one.value);
  }
  return found;
}

type Read<T> = ReturnType<typeof known<T>>;

/** Values by reading function and resource. A resource never changes, and each later resource is compared with it. */
const cache = new WeakMap<object, WeakMap<Declared, unknown>>();

function readOnce<T>(one: Declared, read: (each: Declared) => T): Read<T> {
  const ofReader = cache.get(read) ?? new WeakMap<Declared, unknown>();
  cache.set(read, ofReader);
  const before = ofReader.get(one) as Read<T> | undefined;
  if (before !== undefined) return before;
  const found = known(() => read(one));
  ofReader.set(one, found);
  return found;
}
