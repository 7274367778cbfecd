import assert from "node:assert/strict";
import { comparisonOf } from "../../evaluation/comparison.ts";
import type { DeploymentObject } from "../../live/live.ts";
import { pod } from "../analysis/reading.ts";

const runs = (release: string) =>
  ({ spec: { template: { metadata: { labels: { release } } } } }) as unknown as DeploymentObject;
const a = pod("a", { release: "A" });
const b = pod("b", { release: "B" });

describe("what is compared", () => {
  it("is canary's release with what stable runs", () => {
    const found = comparisonOf("web", { canary: runs("B"), stable: runs("A") }, [a, { ...b, track: "canary" }], true);
    assert.deepEqual(found, { canary: "B", stable: ["A"], first: false });
  });

  it("is, while stable rolls to canary's release, canary's with that of the remaining pods", () => {
    const found = comparisonOf("web", { canary: runs("B"), stable: runs("B") }, [a, b], true);
    assert.deepEqual(found, { canary: "B", stable: ["A"], first: false });
  });

  it("is the first release alone where stable never was", () => {
    assert.deepEqual(comparisonOf("web", { canary: runs("A") }, [{ ...a, track: "canary" }], false), {
      canary: "A",
      stable: [],
      first: true,
    });
  });

  it("leaves pods of a former release on the canary track out", () => {
    const old = pod("old", { release: "Z", track: "canary" });
    assert.deepEqual(comparisonOf("web", { canary: runs("B"), stable: runs("A") }, [a, old], true).stable, ["A"]);
  });

  it("is refused after stable has rolled to canary's release", () => {
    assert.throws(
      () => comparisonOf("web", { canary: runs("B"), stable: runs("B") }, [b], true),
      /^Refusal: Both tracks of web run release B, so there is nothing to compare: pulumi up --stack canary brings/,
    );
  });

  it("is refused where stable ran once and is gone, instead of taking canary for the first release", () => {
    assert.throws(
      () => comparisonOf("web", { canary: runs("B") }, [], true),
      /^Refusal: web has no stable Deployment any more, so there is nothing to compare release B with: run pulumi up/,
    );
  });

  it("is refused where there is no canary", () => {
    assert.throws(() => comparisonOf("web", {}, [], false), /no canary Deployment to observe: run pulumi up/);
  });
});
