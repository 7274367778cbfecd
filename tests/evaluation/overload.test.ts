import assert from "node:assert/strict";
import type { Pod } from "../../analysis/reading.ts";
import { Overload } from "../../evaluation/overload.ts";

const pod = (track: string, ready: boolean) => ({ track, ready, terminating: false }) as Pod;
const alone = [pod("stable", false), pod("canary", true)];
const both = [pod("stable", true), pod("canary", true)];

describe("canary has all users", () => {
  it("once that has lasted for 5 s, and is said once until stable has a ready pod again", () => {
    const overload = new Overload();
    const said = (at: number, pods: readonly Pod[], share = 1) =>
      overload.update({ at: at * 1000, pods, share }) !== undefined;
    assert.deepEqual(
      [
        said(0, alone),
        said(4, alone),
        said(5, alone),
        said(6, alone),
        said(7, both, 0.5),
        said(8, alone),
        said(13, alone),
      ],
      [false, false, true, false, false, false, true],
    );
  });

  it("not where a gateway splits the requests, nor where the share is unknown", () => {
    const overload = new Overload();
    for (const at of [0, 5000, 10_000]) {
      assert.equal(overload.update({ at, pods: alone, share: 0.1 }), undefined);
      assert.equal(overload.update({ at, pods: alone }), undefined);
    }
  });
});
