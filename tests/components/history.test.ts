import assert from "node:assert/strict";
import fc from "fast-check";
import { configMapsToKeep, remember, serviceKey } from "../../components/history.ts";
import type { Release } from "../../components/release.ts";

const release = (id: string, configMaps: Release["configMaps"] = {}): Release => ({
  id,
  template: { metadata: { labels: {} }, spec: { containers: [] } },
  configMaps,
});
const id = fc.constantFrom(..."abcdefghijkl");
const history = fc.uniqueArray(id, { maxLength: 12 }).map((ids) => ids.map((each) => release(each)));
const limit = fc.integer({ min: 1, max: 10 });
const ids = (releases: readonly Release[]) => releases.map((each) => each.id);

describe("the history", () => {
  const remembered = fc.tuple(history, id, limit, fc.array(id));

  it("begins with the release that runs", () => {
    fc.assert(
      fc.property(remembered, ([before, now, size, pinned]) => {
        assert.equal(remember(before, release(now), size, pinned)[0]?.id, now);
      }),
    );
  });

  it("contains no release twice", () => {
    fc.assert(
      fc.property(remembered, ([before, now, size, pinned]) => {
        const after = ids(remember(before, release(now), size, pinned));
        assert.equal(new Set(after).size, after.length);
      }),
    );
  });

  it("never drops a release that stable runs or last ran", () => {
    fc.assert(
      fc.property(remembered, ([before, now, size, pinned]) => {
        const after = ids(remember(before, release(now), size, pinned));
        for (const each of pinned) if (ids(before).includes(each)) assert.ok(after.includes(each));
      }),
    );
  });

  it("keeps the newest up to its limit, and beyond it only pinned releases", () => {
    fc.assert(
      fc.property(remembered, ([before, now, size, pinned]) => {
        const after = ids(remember(before, release(now), size, pinned));
        const newest = [now, ...ids(before).filter((each) => each !== now)].slice(0, size);
        assert.deepEqual(after.slice(0, newest.length), newest);
        for (const each of after.slice(newest.length)) assert.ok(pinned.includes(each));
      }),
    );
  });

  it("keeps the others in their order", () => {
    const before = ["c", "b", "a"].map((each) => release(each));
    assert.deepEqual(ids(remember(before, release("b"), 10, [])), ["b", "c", "a"]);
  });

  it("replaces a release that it already contains", () => {
    const after = remember([release("a")], release("a", { new: {} }), 10, []);
    assert.deepEqual(after, [release("a", { new: {} })]);
  });
});

describe("the ConfigMaps to retain", () => {
  it("are those of every release in the history and of live pods", () => {
    const kept = [release("b", { "web-config-b": { f: "b" } }), release("a", { "web-config-a": { f: "a" } })];
    assert.deepEqual(configMapsToKeep(kept, { "web-config-old": { f: "o" } }), {
      "web-config-a": { f: "a" },
      "web-config-b": { f: "b" },
      "web-config-old": { f: "o" },
    });
  });

  it("are those of live pods if the history is empty", () => {
    assert.deepEqual(configMapsToKeep([], { m: { f: "a" } }), { m: { f: "a" } });
  });
});

it("services of the same name in two namespaces have separate stack states", () => {
  assert.notEqual(serviceKey("a", "web"), serviceKey("b", "web"));
});
