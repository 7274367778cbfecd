import assert from "node:assert/strict";
import fc from "fast-check";
import type { LeaseObject } from "../../kubernetes/objects/lease.ts";
import type { Holder } from "../../rollout/holder.ts";
import { acquisition, identityOf, parseIdentity } from "../../rollout/lease-acquisition.ts";

const holder: Holder = { host: "ci-7", pid: 4711, started: "2617702", machine: "3b6a12cd.4026531836" };
const held = (resourceVersion = "5", leaseDurationSeconds = 15) => ({
  metadata: { resourceVersion },
  spec: { holderIdentity: identityOf(holder), leaseDurationSeconds, renewTime: "1970-01-01T00:00:00.000000Z" },
});
const never = () => false;

describe("the acquisition of a lease", () => {
  const seen = { version: "5", at: 1000 };

  it("succeeds if there is none, or it is free", () => {
    assert.deepEqual(acquisition(undefined, seen, 1000, never), { kind: "take" });
    const nobodys = { metadata: { resourceVersion: "6" }, spec: { leaseDurationSeconds: 15 } };
    assert.deepEqual(acquisition(nobodys, seen, 1000, never), { kind: "take" });
  });

  it("succeeds at once if it is free, with or without a spec", () => {
    assert.deepEqual(acquisition({ metadata: { resourceVersion: "5" } } as LeaseObject, seen, 1000, never), {
      kind: "take",
    });
    const free = { metadata: { resourceVersion: "5" }, spec: { holderIdentity: "" } };
    assert.deepEqual(acquisition(free as LeaseObject, seen, 1000, never), { kind: "take" });
  });

  it("succeeds at once if its holder has ended, even if it was renewed meanwhile", () => {
    const asked: Holder[] = [];
    const gone = (one: Holder) => asked.push(one) > 0;
    assert.deepEqual(acquisition(held("6"), seen, 1000, gone), { kind: "take" });
    assert.deepEqual(asked, [holder]);
  });

  it("fails if it was written since the first observation, whatever its times", () => {
    assert.deepEqual(acquisition(held("6"), seen, 1_000_000, never), { kind: "leave" });
    assert.deepEqual(acquisition(held("6"), { ...seen, version: undefined }, 1000, never), { kind: "leave" });
  });

  it("succeeds if it was not written for its duration and a second more", () => {
    assert.deepEqual(acquisition(held(), seen, 1000, never), { kind: "wait", milliseconds: 16_000 });
    assert.deepEqual(acquisition(held(), seen, 16_999, never), { kind: "wait", milliseconds: 1 });
    assert.deepEqual(acquisition(held(), seen, 17_000, never), { kind: "take" });
    assert.deepEqual(acquisition(held("5", 40), seen, 17_000, never), { kind: "wait", milliseconds: 25_000 });
  });

  it("waits if the state of the holder is unknown", () => {
    const theirs = { metadata: { resourceVersion: "5" }, spec: { holderIdentity: "another-tool_4711" } };
    assert.deepEqual(
      acquisition(theirs, seen, 1000, () => true),
      { kind: "wait", milliseconds: 16_000 },
    );
  });
});

describe("the identity in a lease", () => {
  it("begins with host and pid, and can be parsed", () => {
    assert.match(identityOf(holder), /^ci-7\/4711\/2617702\/3b6a12cd\.4026531836\/[0-9a-f]{8}$/);
    assert.deepEqual(parseIdentity(identityOf(holder)), holder);
  });

  it("is unique for each acquisition", () => {
    assert.notEqual(identityOf(holder), identityOf(holder));
  });

  it("has no known process if another tool wrote it", () => {
    const others = [
      "",
      "pod-1",
      "a/b/c/d/e",
      "ci-7/0/1/m/t",
      "ci-7/-1/1/m/t",
      "ci-7/4711/1/m",
      "ci-7/47x/1/m/t",
      "ci-7/4711/1//t",
      "ci-7/4711/1/m/t/x",
    ];
    for (const one of others) assert.equal(parseIdentity(one), undefined, one);
    fc.assert(
      fc.property(fc.string(), (text) => {
        const { pid = 1 } = parseIdentity(text) ?? {};
        assert.ok(pid > 0);
      }),
    );
  });
});
