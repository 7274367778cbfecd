import assert from "node:assert/strict";
import fc from "fast-check";
import type { Holder } from "../../rollout/holder.ts";
import { acquisition, identityOf, parseIdentity } from "../../rollout/lease-acquisition.ts";

const holder: Holder = { host: "ci-7", pid: 4711, started: "2617702", machine: "3b6a12cd.4026531836" };
const held = (resourceVersion = "5", leaseDurationSeconds = 15) => ({
  metadata: { resourceVersion },
  spec: { holderIdentity: identityOf(holder), leaseDurationSeconds, renewTime: "1970-01-01T00:00:00.000000Z" },
});
const never = () => false;

describe("a claim to the lease", () => {
  const seen = { version: "5", at: 1000 };

  it("holds where there is none, or nobody has it", () => {
    assert.deepEqual(acquisition(undefined, seen, 1000, never), { kind: "take" });
    const nobodys = { metadata: { resourceVersion: "6" }, spec: { leaseDurationSeconds: 15 } };
    assert.deepEqual(acquisition(nobodys, seen, 1000, never), { kind: "take" });
  });

  it("holds at once where the process that has it is gone, also where it renewed it meanwhile", () => {
    const asked: Holder[] = [];
    const gone = (one: Holder) => asked.push(one) > 0;
    assert.deepEqual(acquisition(held("6"), seen, 1000, gone), { kind: "take" });
    assert.deepEqual(asked, [holder]);
  });

  it("does not hold where it was written since it was first seen, however old it says it is", () => {
    assert.deepEqual(acquisition(held("6"), seen, 1_000_000, never), { kind: "leave" });
    assert.deepEqual(acquisition(held("6"), { ...seen, version: undefined }, 1000, never), { kind: "leave" });
  });

  it("holds where it was not written for as long as it says it lasts, and a second more", () => {
    assert.deepEqual(acquisition(held(), seen, 1000, never), { kind: "wait", milliseconds: 16_000 });
    assert.deepEqual(acquisition(held(), seen, 16_999, never), { kind: "wait", milliseconds: 1 });
    assert.deepEqual(acquisition(held(), seen, 17_000, never), { kind: "take" });
    assert.deepEqual(acquisition(held("5", 40), seen, 17_000, never), { kind: "wait", milliseconds: 25_000 });
  });

  it("waits for somebody whose process it cannot know", () => {
    const theirs = { metadata: { resourceVersion: "5" }, spec: { holderIdentity: "another-tool_4711" } };
    assert.deepEqual(
      acquisition(theirs, seen, 1000, () => true),
      { kind: "wait", milliseconds: 16_000 },
    );
  });
});

describe("the identity in a lease", () => {
  it("begins with host and pid, and says who it is", () => {
    assert.match(identityOf(holder), /^ci-7\/4711\/2617702\/3b6a12cd\.4026531836\/[0-9a-f]{8}$/);
    assert.deepEqual(parseIdentity(identityOf(holder)), holder);
  });

  it("is another one each time", () => {
    assert.notEqual(identityOf(holder), identityOf(holder));
  });

  it("is nobody's process where another tool wrote it", () => {
    const others = [
      "",
      "pod-1",
      "a/b/c/d/e",
      "ci-7/0/1/m/t",
      "ci-7/-1/1/m/t",
      "ci-7/4711/1/m",
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
