import assert from "node:assert/strict";
import { type LabelSelector, selects } from "../../components/label-selector.ts";

describe("a selector by labels", () => {
  const labels = { app: "web", track: "stable" };
  const by = (operator: string, values?: string[]): LabelSelector => ({
    matchExpressions: [{ key: "track", operator, ...(values && { values }) }],
  });
  for (const [selector, is] of [
    [{ matchLabels: { app: "web" } }, true],
    [{ matchLabels: { app: "web", tier: "front" } }, false],
    [{ ...by("In", ["canary"]), matchLabels: { app: "web" } }, false],
    [by("In", ["stable", "canary"]), true],
    [by("NotIn", ["canary"]), true],
    [by("NotIn", ["stable"]), false],
    [by("Exists"), true],
    [by("DoesNotExist"), false],
    [{}, true],
    [undefined, false],
  ] as const) {
    it(`${is ? "selects" : "does not select"} by ${JSON.stringify(selector)}`, () => {
      assert.equal(selects(selector, labels), is);
    });
  }
});
