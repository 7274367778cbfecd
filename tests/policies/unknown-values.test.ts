import assert from "node:assert/strict";
import { canaryService, unknownUntilUp } from "../../policies/engine/examples.ts";
import { policiesOf } from "../../policies/engine/pack.ts";
import type { ExampleResource, Rule } from "../../policies/engine/rule.ts";
import { rules } from "../../policies/engine/rules.ts";
import { knownIdentity } from "../../policies/rules/release/known-identity.ts";
import { stride } from "../long.ts";
import { runPolicies } from "./run-policies.ts";

describe("policies with values that are known only during up", () => {
  for (const [nth, rule] of rules.entries()) {
    const level = rule.level ?? "mandatory";

    it(`${rule.name} stays ${level}, and does not pass unknown values`, async () => {
      // known-identity reports unknown names and labels for all rules.
      const policies = policiesOf(rule === knownIdentity ? [rule] : [rule, knownIdentity]);
      for (const { name, resources, message: _, ...options } of rule.examples.disallowed) {
        for (const [where, hidden] of hiddenOnce(resources, nth)) {
          // With a service in the stack, because names matter only then.
          const found = await runPolicies(policies, [{ ...canaryService(), name: "shop" }, ...hidden], options);
          const of = `${name}, with ${where} unknown`;
          assert.ok(found.length > 0 || passesUnknown(rule), `${of}: passed`);
          for (const { policy, ...violation } of found) {
            assert.equal(violation.level, policy === rule.name ? level : "mandatory", `${of}: ${violation.message}`);
          }
        }
      }
      // One example is enough, because this checks only the level.
      for (const { name, resources, ...options } of rule.examples.allowed.slice(-1)) {
        for (const [where, hidden] of hiddenOnce(resources, nth)) {
          for (const { policy, ...violation } of await runPolicies(policies, hidden, options)) {
            assert.equal(violation.level, policy === rule.name ? level : "mandatory", `${name}, with ${where} unknown`);
          }
        }
      }
    });
  }

  /** As no-secret-outputs.ts documents: unknown outputs are judged during `up`. */
  const passesUnknown = ({ of }: Rule) => of === "outputs";
});

/** Variants of the resources, in each of which one value is unknown: every eighth value by default, from the nth on. */
function* hiddenOnce(
  resources: readonly ExampleResource[],
  nth: number,
): Generator<[where: string, ExampleResource[]]> {
  const step = stride(8);
  let at = nth;
  for (const [i, resource] of resources.entries()) {
    for (const path of pathsIn(resource.props)) {
      if (at++ % step !== 0) continue;
      const hidden = { ...resource, props: without(resource.props, path) as Record<string, unknown> };
      yield [`${resource.name} ${path.join(".")}`, resources.with(i, hidden)];
    }
  }
}

function pathsIn(value: unknown, path: readonly string[] = []): string[][] {
  const own = path.length > 0 ? [[...path]] : [];
  if (typeof value !== "object" || value === null) return own;
  return [...own, ...Object.entries(value).flatMap(([key, field]) => pathsIn(field, [...path, key]))];
}

function without(value: unknown, [key = "", ...rest]: readonly string[]): unknown {
  const copy = (Array.isArray(value) ? [...value] : { ...(value as object) }) as Record<string, unknown>;
  copy[key] = rest.length === 0 ? unknownUntilUp : without(copy[key], rest);
  return copy;
}
