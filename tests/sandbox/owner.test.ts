import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { claimRefusal, type Owner, readOwner, requireClaim, standingPlaces, writeOwner } from "../../sandbox/owner.ts";
import type { Places } from "../../sandbox/places.ts";

const at: Places = { checkout: "/src/mine", cache: "/c", state: "/var/lib/gray-release", run: "/run/gray-release" };
const link = { host: "10.200.0.1", node: "10.200.0.2" };
const owner: Owner = { checkout: "/src/mine", state: at.state, link, since: "2026-11-23T07:00:00.000Z" };
const everythingExists = () => true;

describe("the sandbox's owner", () => {
  it("is the checkout that comes first", () => {
    assert.equal(claimRefusal(undefined, at, everythingExists), undefined);
  });

  it("may bring it up again", () => {
    assert.equal(claimRefusal(owner, at, everythingExists), undefined);
  });

  it("keeps other checkouts off, which are told whose it is, how to use it and how to end it", () => {
    assert.equal(
      claimRefusal({ ...owner, checkout: "/src/theirs" }, at, everythingExists),
      "a sandbox that /src/theirs brought up is there, in /var/lib/gray-release: " +
        'use it as it is with `eval "$(npm run --silent sandbox env)"`, or end it with `npm run sandbox -- down`',
    );
  });

  it("loses it when its checkout is gone", () => {
    const gone = (path: string) => path !== "/src/theirs";
    assert.equal(claimRefusal({ ...owner, checkout: "/src/theirs" }, at, gone), undefined);
  });

  it("is told when its sandbox stands in another folder", () => {
    assert.match(
      claimRefusal({ ...owner, state: "/data" }, at, everythingExists) ?? "",
      /in \/data: unset GRAY_SANDBOX_DIR/,
    );
  });

  describe("on disk", () => {
    let folder: string;
    let here: Places;
    beforeEach(() => {
      folder = mkdtempSync(join(tmpdir(), "gray-owner-"));
      here = { ...at, state: join(folder, "state"), run: join(folder, "run") };
    });
    afterEach(() => rmSync(folder, { recursive: true }));

    it("is remembered through a reboot, and found from another GRAY_SANDBOX_DIR", () => {
      const written = { ...owner, state: here.state };
      writeOwner(here, written);
      rmSync(here.run, { recursive: true });
      assert.deepEqual(readOwner(here), written);
      writeOwner(here, written);
      assert.deepEqual(standingPlaces({ ...here, state: join(folder, "elsewhere") }).state, here.state);
    });

    it("gets no folder that holds something else, because `down` deletes it", () => {
      mkdirSync(here.state);
      assert.equal(requireClaim(here), undefined);
      writeFileSync(join(here.state, "thesis.tex"), "");
      assert.throws(
        () => requireClaim(here),
        /state is not empty and no sandbox: set GRAY_SANDBOX_DIR to a folder of its own/,
      );
    });

    it("is asked for when there is none", () => {
      assert.throws(() => standingPlaces(here), /there is no sandbox here: start one with `npm run sandbox -- up`/);
    });
  });
});
