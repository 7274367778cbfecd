import assert from "node:assert/strict";
import { sameLabels, showLabels } from "../../live/labels.ts";

describe("labels", () => {
  it("are shown as kubectl does, sorted by name", () => {
    assert.equal(showLabels({ track: "stable", app: "web" }), "app=web,track=stable");
    assert.equal(showLabels({}), "");
  });

  it("are the same in any order, and differ in a value, a name or their number", () => {
    const labels = { app: "web", track: "stable" };
    assert.ok(sameLabels(labels, { track: "stable", app: "web" }));
    assert.ok(sameLabels({}, {}));
    for (const other of [{ app: "web" }, { ...labels, track: "canary" }, { app: "web", tracks: "stable" }]) {
      assert.equal(sameLabels(labels, other as Record<string, string>), false);
    }
  });
});
