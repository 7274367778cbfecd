import assert from "node:assert/strict";
import { overloadOf } from "../../live/overload.ts";

const pod = (track: string, ready = true, terminating = false) => ({ track, ready, terminating });

describe("canary has all users", () => {
  it("when no pod of stable is ready, which is said with the number of its pods", () => {
    assert.equal(
      overloadOf([pod("stable", false), pod("stable", true, true), pod("canary"), pod("canary")]),
      "No pod of stable is ready, so all users are on 2 pods of canary, whatever its weight: watch their load until stable has pods again.",
    );
  });

  it("not while a pod of stable is ready, nor when none of canary's is", () => {
    assert.equal(overloadOf([pod("stable"), pod("canary")]), undefined);
    assert.equal(overloadOf([pod("stable", false), pod("canary", false)]), undefined);
  });
});
