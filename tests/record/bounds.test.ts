import assert from "node:assert/strict";
import fc from "fast-check";
import { resolveStep } from "../../components/step.ts";
import { UserError } from "../../components/user-error.ts";
import { parseRecord, type RolloutRecord, type Verdict } from "../../record/record.ts";
import { bounded } from "../../record/record-retention.ts";
import { changeRecord } from "../../record/record-store.ts";
import { type Rollout, rolloutIn } from "../../rollout/rollout.ts";
import { RolloutStore, recordDecision } from "../../rollout/rollout-store.ts";
import { ApiServer } from "../fake/api-server.ts";
import { direct } from "../fake/direct.ts";
import { openRollout } from "../fake/open-rollout.ts";
import { idOf } from "../fake/release-id.ts";
import { runs } from "../long.ts";

const mebibyte = 1 << 20;
const [a, b] = ["aaaaaaaaaaaa", "bbbbbbbbbbbb"];
const path = "/api/v1/namespaces/dora-apps/configmaps/web-rollout";
const at = (minute: number) => new Date(Date.UTC(2026, 0, 1, 0, minute)).toISOString();

/** The characters that take the most bytes, and control characters that an attacker would hide in a text. */
const nasty = [
  "\u0800",
  '"',
  "\\",
  "\n",
  "\u001b[31m",
  "\u0000",
  "\u2028",
  "\u202e",
  "::error::",
  "\ud800",
  "\u{1f600}",
];
const huge = fc
  .record({
    of: fc.array(fc.constantFrom(...nasty), { minLength: 1, maxLength: 5 }),
    times: fc.constantFrom(1, 300, 3000),
  })
  .map(({ of, times }) => of.join("").repeat(times));
const added = fc.dictionary(
  fc.constantFrom("mood", "moon", "samples"),
  fc.oneof(huge, fc.array(huge, { maxLength: 3 })),
);

const verdict = fc.record({
  word: fc.constantFrom("good", "bad", "undecided"),
  by: huge,
  reason: huge,
  minute: fc.nat(9999),
  added,
  numbers: added,
});
const largest = fc
  .record({
    verdicts: fc.array(verdict, { minLength: 1, maxLength: 5 }),
    copies: fc.constantFrom(1, 40),
    stableHistory: fc.constantFrom(0, 3, 250),
    replacedBy: fc.constantFrom(0, 3, 250),
    words: fc.record({ by: huge, reason: huge }),
    steps: fc.constantFrom(0, 90),
    added,
  })
  .map(({ verdicts, copies, stableHistory, replacedBy, words, steps, added }) => {
    const all = Array.from({ length: copies }, () => verdicts).flat();
    const word = { ...words, at: at(1) };
    const names = Array.from({ length: steps }, (_, i) => `GET /${i}${"x".repeat(2000)}`);
    const open = {
      ...openRollout(b, a),
      steps: [resolveStep({ stage: "dark", checks: names }, []), resolveStep({ stage: "full" }, [])],
      by: words.by,
      approved: word,
      paused: word,
      left: word,
      rollbackRequested: word,
      effect: { name: words.reason, at: at(2) },
      ...added,
    };
    const ended = { release: a, from: b, began: at(0), ended: at(1), outcome: "undone", ...words, ...added };
    return {
      version: 2,
      cluster: "cluster-uid",
      sequence: 1e9,
      epoch: 1e9,
      verdicts: Object.fromEntries(
        all.map(({ word, by, reason, minute, added, numbers }, i) => [
          idOf(i),
          { verdict: word, by, reason, at: at(minute), evidence: { verdict: word, reason, ...numbers }, ...added },
        ]),
      ),
      stableHistory: Array.from({ length: stableHistory }, (_, i) => idOf(i)),
      replacedBy: Object.fromEntries(Array.from({ length: replacedBy }, (_, i) => [idOf(i), idOf(i + 1)])),
      adopted: { release: a, front: { app: "web" }, ...added },
      ended: Array.from({ length: 40 }, () => ended),
      open,
      ...added,
    } as unknown as RolloutRecord;
  });

/** The texts of a value, wherever they are. */
function textsIn(value: unknown): string[] {
  if (typeof value === "string") return [value];
  return typeof value === "object" && value !== null ? Object.values(value).flatMap(textsIn) : [];
}

describe("the size limits of a record", () => {
  let api: ApiServer;
  before(async () => {
    api = await ApiServer.start();
    // As the real one does (k8s.io/kubernetes, ValidateConfigMap).
    api.intercept = ({ method, body }) => {
      const values = Object.values((body?.data ?? {}) as Record<string, string>);
      const size = values.reduce((sum, text) => sum + Buffer.byteLength(text), 0);
      const isTooLong = (method === "PUT" || method === "POST") && size > mebibyte;
      return isTooLong ? { status: 422, body: { message: "Too long: must have at most 1048576 bytes" } } : undefined;
    };
  });
  after(() => api.stop());
  const of = () => ({ api: direct(api), cluster: "cluster-uid", namespace: "dora-apps", service: "web" });
  const write = (record: RolloutRecord) =>
    changeRecord({ api: direct(api), namespace: "dora-apps", service: "web", cluster: "cluster-uid" }, () => record);
  const text = (): string => api.objects.get(path)?.data.record;

  it("hold for any text: the record can be written, read again and changed by a driver", async () => {
    await fc.assert(
      fc.asyncProperty(largest, async (record) => {
        api.objects.delete(path);
        await write(record);
        assert.ok(Buffer.byteLength(text()) <= 900 * 1024, `${Buffer.byteLength(text())} bytes`);
        const reading = parseRecord(text(), "cluster-uid");
        assert.ok(reading.kind === "read");
        assert.deepEqual(JSON.parse(JSON.stringify(reading.record)), JSON.parse(text()));
        const { verdicts } = reading.record;
        for (const name of Object.values(verdicts) as string[]) {
          const size = Buffer.byteLength(JSON.stringify(api.objects.get(path.replace("web-rollout", name))));
          assert.ok(size <= 16 * 1024, `a verdict of ${size} bytes`);
        }
        const store = await RolloutStore.takeOver(of(), (rollout) => rollout as Rollout);
        const reason = "x\u001b[31m\n".repeat(100_000);
        const word = { by: reason, reason, at: at(3) };
        await store.write((rollout) => ({
          ...rollout,
          paused: word,
          rollbackRequested: word,
          effect: { name: reason, at: at(3) },
        }));
        await recordDecision(of(), (rollout) => ({ open: { ...(rollout as Rollout), approved: word } }));
        const texts = textsIn(rolloutIn("web", JSON.parse(text()))?.paused);
        assert.ok(texts.every((each) => each.length <= 300 && !/\p{Cc}/u.test(each)));
        assert.deepEqual(JSON.parse(text()).verdicts, verdicts, "no verdict was written again");
        const { release, from, began } = openRollout(b, a);
        const ended = { release, from, began, by: reason, ended: at(4), outcome: "undone" as const, reason };
        assert.equal(await store.close(ended, { [b]: a }), true);
        assert.equal(await store.close(ended, { [b]: a }), true, "its answer was lost");
      }),
      { numRuns: runs(5) },
    );
  }).timeout(180_000);

  it("drop old rollouts and verdicts, and never a verdict that keeps out a bad release", () => {
    const reason = "\u0800".repeat(300);
    const verdicts = Object.fromEntries(
      Array.from({ length: 150 }, (_, i) => [
        idOf(i),
        {
          verdict: i === 0 ? ("bad" as const) : ("good" as const),
          by: "alice",
          reason,
          at: at(i),
          evidence: { verdict: "good", reason },
        },
      ]),
    );
    const ended = Array.from({ length: 20 }, () => ({
      release: a,
      from: b,
      began: at(0),
      ended: at(1),
      by: "alice",
      outcome: "undone" as const,
      reason,
    }));
    const open = { epoch: 1, release: idOf(1) };
    const full: RolloutRecord = {
      version: 2,
      cluster: "uid",
      sequence: 0,
      verdicts,
      stableHistory: [idOf(0)],
      open,
      ended,
    };
    const all = bounded(full, mebibyte);
    assert.deepEqual([Object.keys(all.verdicts).length, all.ended?.length], [102, 20]);
    const less = bounded(full, 40_000);
    assert.deepEqual([Object.keys(less.verdicts).length, less.ended?.length], [22, 5]);
    const least = bounded(full, 1);
    assert.deepEqual(Object.keys(least.verdicts).sort(), [idOf(0), idOf(1)]);
    assert.deepEqual([least.ended, least.open], [[], open]);
  });

  it("leave room for other keys of the same ConfigMap", async () => {
    const notes = "n".repeat(mebibyte - 20_000);
    api.put(path, { metadata: { name: "web-rollout" }, data: { notes } });
    const { record } = { record: { version: 2, cluster: "cluster-uid", sequence: 0, verdicts: {}, stableHistory: [] } };
    api.put(path, { metadata: { name: "web-rollout" }, data: { notes, record: JSON.stringify(record) } });
    const reason = "\u0800".repeat(300);
    const verdicts = Object.fromEntries(
      Array.from({ length: 100 }, (_, i) => [idOf(i), { verdict: "good" as const, by: "alice", reason, at: at(i) }]),
    );
    await write({ version: 2, cluster: "cluster-uid", sequence: 0, stableHistory: [], verdicts });
    assert.equal(api.objects.get(path)?.data.notes, notes);
    assert.equal(Object.keys(JSON.parse(text()).verdicts).length, 20);
  });

  it("do not make a record of an older version unreadable: a long reason is cut to one line", () => {
    const reason = `GET /healthz answered \u001b[31m500\n${"x".repeat(2 * mebibyte)}`;
    const open = { ...openRollout(b, a), paused: { by: "gray", reason, at: at(0) } };
    const verdicts = { [b]: { verdict: "bad", by: "evidence", reason, at: at(0) } };
    const written = JSON.stringify({ version: 2, cluster: "uid", sequence: 0, verdicts, stableHistory: [a], open });
    const reading = parseRecord(written, "uid");
    assert.ok(reading.kind === "read", "it is read");
    const { record } = reading;
    for (const cut of [(record.verdicts[b] as Verdict).reason, rolloutIn("web", record)?.paused?.reason]) {
      assert.match(cut ?? "", /^GET \/healthz answered 500 x+…$/);
      assert.equal(cut?.length, 300);
    }
  });

  for (const [what, change] of [
    ["the release that is rolled out", { open: { epoch: 1, release: "../../etc" } }],
    ["a release that a track must run", { open: { epoch: 1, release: b, runs: { canary: "../../etc" } } }],
    ["a judged release", { verdicts: { "../../etc": { verdict: "good", by: "x", reason: "x", at: at(0) } } }],
    ["a completed release", { stableHistory: ["../../etc"] }],
    ["a release that replaces another", { replacedBy: { [a]: "../../etc" } }],
    ["a replaced release", { replacedBy: { "../../etc": a } }],
    ["an adopted release", { adopted: { release: "../../etc", front: {} } }],
    [
      "the release of a finished rollout",
      { ended: [{ release: "../x", from: a, began: at(0), ended: at(0), by: "x", outcome: "undone", reason: "x" }] },
    ],
    [
      "the release that a rollout rolled back to",
      { ended: [{ release: a, from: "../x", began: at(0), ended: at(0), by: "x", outcome: "undone", reason: "x" }] },
    ],
  ] as const) {
    it(`hold for the id of ${what}, which is part of paths`, async () => {
      const base = { version: 2 as const, cluster: "cluster-uid", sequence: 0, verdicts: {}, stableHistory: [] };
      const reading = parseRecord(JSON.stringify({ ...base, ...change }), "cluster-uid");
      assert.ok(reading.kind === "unreadable");
      assert.match(reading.why, /must be the id of a release \(12 hex digits\)/);
      api.objects.delete(path);
      await assert.rejects(write({ ...base, ...change } as unknown as RolloutRecord), (error) => {
        assert.ok(error instanceof UserError);
        assert.match(error.message, /^The record web-rollout in namespace dora-apps was not changed, because /);
        return true;
      });
      assert.equal(api.objects.has(path), false);
    });
  }

  it("hold for the ids of the open rollout, which only its driver reads", async () => {
    for (const change of [{ from: "../x" }, { runs: { canary: a, stable: "../x" } }]) {
      const record = { open: { ...openRollout(b, a), ...change } } as unknown as RolloutRecord;
      assert.throws(() => rolloutIn("web", record), /12 hex digits/);
      api.objects.delete(path);
      await assert.rejects(
        RolloutStore.open(of(), (epoch) => ({ ...openRollout(b, a), ...change, epoch })),
        /^UserError: The rollout of bbbbbbbbbbbb of web cannot be written \(.*12 hex digits/,
      );
      assert.equal(api.objects.has(path), false);
    }
  });
});
