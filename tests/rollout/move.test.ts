import assert from "node:assert/strict";
import { describeHold } from "../../rollout/move.ts";

describe("a hold in one sentence", () => {
  it("has its reason, and what a person can do about it if there is anything", () => {
    assert.equal(describeHold({ reason: "lunch", ways: "resume it" }), "lunch; resume it");
    assert.equal(describeHold({ reason: "lunch" }), "lunch");
  });
});
