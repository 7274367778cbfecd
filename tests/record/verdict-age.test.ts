import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { StackState } from "../../components/history.ts";
import type { Release } from "../../components/release.ts";
import type { RecordReading } from "../../record/record.ts";
import { verdictAge } from "../../record/verdict-age.ts";
import { canary, prod } from "../fake/web.ts";
import { wholeRecord } from "../fake/whole-record.ts";
import { verdict, World } from "../fake/world.ts";

const hour = 3_600_000;

describe("the age of a verdict", () => {
  const [a, b] = ["aaaaaaaaaaaa", "bbbbbbbbbbbb"];
  const now = Date.parse("2026-01-02T00:00:00Z");
  const record = (word: "good" | "bad", by: string, at: string): RecordReading => ({
    kind: "read",
    record: { ...wholeRecord, verdicts: { [b]: { ...verdict(word, by), at } }, stableHistory: [a] },
  });
  const own = (changes: Partial<StackState>): StackState => ({
    namespace: "dora-apps",
    cluster: "uid",
    current: { stable: b },
    history: [],
    ...changes,
  });
  const yesterday = record("good", "alice", "2026-01-01T00:30:00Z");
  for (const [sentence, stable, reading, state, expected] of [
    ["is in whole hours", b, yesterday, undefined, { release: b, hours: 23 }],
    [
      "is 0 if the clock of its author is ahead",
      b,
      record("good", "alice", "2026-01-02T01:30:00Z"),
      undefined,
      { release: b, hours: 0 },
    ],
    [
      "is assumed in a plan",
      b,
      record("good", "gray plan", "2026-01-01T00:00:00Z"),
      undefined,
      { release: b, hours: "assumed" },
    ],
    ["is none without stable", undefined, yesterday, undefined, undefined],
    ["is none without a record", b, { kind: "absent" }, undefined, undefined],
    ["is none if the verdict is bad", b, record("bad", "alice", "2026-01-01T00:00:00Z"), undefined, undefined],
    ["is none without a verdict on the release", "cccccccccccc", yesterday, undefined, undefined],
    ["is none if stable has run the release", a, yesterday, undefined, undefined],
    [
      "is that of the admission while stable runs the release",
      b,
      yesterday,
      own({ verdict: { release: b, hours: 5 } }),
      { release: b, hours: 5 },
    ],
    [
      "is none while stable runs the release if the admission was for another one",
      b,
      yesterday,
      own({ verdict: { release: a, hours: 5 } }),
      undefined,
    ],
    ["is none while stable runs the release if the admission had none", b, yesterday, own({}), undefined],
    [
      "is that of the record if stable runs another release",
      b,
      yesterday,
      own({ current: { stable: a }, verdict: { release: a, hours: 5 } }),
      { release: b, hours: 23 },
    ],
  ] as const) {
    it(sentence, () => {
      const release = stable === undefined ? undefined : ({ id: stable } as Release);
      assert.deepEqual(verdictAge(release, reading, state, now), expected);
    });
  }
});

describe("the age of the verdict that admits stable's release", () => {
  let world: World;
  let a: string;
  let b: string;
  beforeEach(async () => {
    world = await World.start();
    await world.up("canary", canary("a"));
    await world.up("prod", prod("a"));
    a = world.runs("web");
    await world.up("canary", canary("b"));
    b = world.runs("web-canary");
  });
  afterEach(() => world.stop());

  /** What policies receive about stable when its stack runs. */
  const reported = async (tag: string, options: Parameters<World["up"]>[2] = {}) => {
    const { resources } = await world.up("prod", prod(tag), options);
    return resources.find(({ type }) => type === "gray-release:index:CanaryService")?.inputs.admissions.stable;
  };
  const judge = (release: string, hours: number) => {
    const at = new Date(Date.now() - hours * hour - 1000).toISOString();
    world.writeRecord({ verdicts: { [release]: { ...verdict("good"), at } } }, "web");
  };

  it("is in whole hours, and stays the same once stable runs the release", async () => {
    judge(b, 30);
    assert.deepEqual(await reported("b", { preview: true }), { admitted: true, verdictHours: 30 });
    assert.deepEqual(await reported("b"), { admitted: true, verdictHours: 30 });
    judge(b, 500);
    assert.deepEqual(await reported("b"), { admitted: true, verdictHours: 30 });
    assert.equal(world.runs("web"), b);
  });

  it("is absent for a rollback", async () => {
    judge(b, 1);
    await reported("b");
    world.writeRecord(
      { verdicts: { [a]: { ...verdict("good"), at: new Date(0).toISOString() } }, stableHistory: [a, b] },
      "web",
    );
    await world.up("canary", canary("a"));
    assert.deepEqual(await reported("a"), { admitted: true });
    assert.equal(world.runs("web"), a);
  });

  it("is absent for a release that the gate refuses", async () => {
    assert.deepEqual(await reported("b", { preview: true }), { admitted: false, code: "no-verdict" });
  });

  describe("in a plan", () => {
    let folder: string;
    let environment: Record<string, string>;
    beforeEach(() => {
      folder = mkdtempSync(join(tmpdir(), "gray-rendered-"));
      environment = { GRAY_RENDERED: join(folder, "releases.json") };
    });
    afterEach(() => rmSync(folder, { recursive: true }));

    it("is assumed for a release that canary has not run yet", async () => {
      await world.up("canary", canary("c"), { preview: true, environment });
      assert.deepEqual(await reported("c", { preview: true, environment }), { admitted: true, assumed: true });
    });

    it("is the real age for a release that is judged already", async () => {
      judge(b, 2);
      await world.up("canary", canary("b"), { preview: true, environment });
      assert.deepEqual(await reported("b", { preview: true, environment }), { admitted: true, verdictHours: 2 });
    });
  });
});
