import assert from "node:assert/strict";
import { stackAnnotation } from "../../components/names.ts";
import { comparisonOf } from "../../evaluation/comparison.ts";
import type { DeploymentObject } from "../../kubernetes/objects/deployment.ts";
import { pod } from "../analysis/reading.ts";

const runs = (release: string) =>
  ({ metadata: {}, spec: { template: { metadata: { labels: { release } } } } }) as unknown as DeploymentObject;
const a = pod("a", { release: "A" });
const b = pod("b", { release: "B" });

describe("the comparison", () => {
  it("is between canary's release and stable's", () => {
    const found = comparisonOf("web", { canary: runs("B"), stable: runs("A") }, [a, { ...b, track: "canary" }], true);
    assert.deepEqual(found, { canary: "B", stable: ["A"], first: false });
  });

  it("is with the release of the remaining pods while stable rolls to canary's release", () => {
    const found = comparisonOf("web", { canary: runs("B"), stable: runs("B") }, [a, b], true);
    assert.deepEqual(found, { canary: "B", stable: ["A"], first: false });
  });

  it("is of the first release alone if stable has never run", () => {
    assert.deepEqual(comparisonOf("web", { canary: runs("A") }, [{ ...a, track: "canary" }], false), {
      canary: "A",
      stable: [],
      first: true,
    });
  });

  it("is not of the first release if stable is there, though it has never run completely", () => {
    assert.equal(comparisonOf("web", { canary: runs("B"), stable: runs("A") }, [], false).first, false);
  });

  it("ignores pods of a former release on the canary track", () => {
    const old = pod("old", { release: "Z", track: "canary" });
    assert.deepEqual(comparisonOf("web", { canary: runs("B"), stable: runs("A") }, [a, old], true).stable, ["A"]);
  });

  it("is refused after stable has rolled to canary's release", () => {
    assert.throws(
      () => comparisonOf("web", { canary: runs("B"), stable: runs("B") }, [b], true),
      /^UserError: Both tracks of web run release B, so there is nothing to compare: run pulumi up of the stack that owns canary with/,
    );
  });

  it("is refused with the name of the stack that owns canary, if its Deployment has it", () => {
    const canary = { ...runs("B"), metadata: { annotations: { [stackAnnotation]: "acme/shop/live" } } };
    assert.throws(
      () => comparisonOf("web", { canary: canary as unknown as DeploymentObject, stable: runs("B") }, [b], true),
      /so there is nothing to compare: run pulumi up --stack acme\/shop\/live with a new release first\.$/,
    );
  });

  it("is refused if stable has run but is gone, instead of taking canary for the first release", () => {
    assert.throws(
      () => comparisonOf("web", { canary: runs("B") }, [], true),
      /^UserError: web has no stable Deployment any more, so release B has no baseline: run pulumi up/,
    );
  });

  it("is refused if there is no canary", () => {
    assert.throws(() => comparisonOf("web", {}, [], false), /no canary Deployment to observe: run pulumi up/);
  });
});
