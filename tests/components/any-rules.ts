import fc from "fast-check";
import type { Rule, Value } from "../../components/rule.ts";

// Few names and values, so that many requests satisfy a rule.
export const paths = ["/a", "/a/b", "/a/b/c", "/ab", "/b", "/b/"];
const value = fc.oneof(
  { weight: 3, arbitrary: fc.constantFrom<Value>("1", "2", "12") },
  { weight: 2, arbitrary: fc.constantFrom<Value>({ pattern: "1|2" }, { pattern: "1" }, { pattern: ".*" }) },
);
const number = fc.integer({ min: 1, max: 100 });
const conditions: fc.Arbitrary<Omit<Rule, "to">>[] = [
  fc.record({ headers: fc.dictionary(fc.constantFrom("X-A", "x-b", "x-c"), value, { minKeys: 1, maxKeys: 3 }) }),
  fc.record({ query: fc.dictionary(fc.constantFrom("p", "q"), value, { minKeys: 1, maxKeys: 2 }) }),
  fc.record({ pathPrefix: fc.constantFrom(...paths) }),
  fc.record({ bucket: fc.record({ header: fc.constant("x-d"), below: number }) }),
  fc.oneof(
    fc.record({ cookie: fc.record({ name: fc.constantFrom("a.b", "aXb"), value: fc.constantFrom("1", "2") }) }),
    fc.record({ bucket: fc.record({ cookie: fc.constant("d"), below: number }) }),
  ),
];
const anyRule: fc.Arbitrary<Rule> = fc
  .tuple(
    fc.constantFrom("stable", "canary"),
    fc.subarray(conditions, { minLength: 1, maxLength: 3 }).chain((some) => fc.tuple(...some)),
  )
  .map(([to, some]) => Object.assign({ to }, ...some));
/** User rules that are valid for `rulesSchema`. */
export const anyRules = fc.array(anyRule, { maxLength: 7 });
