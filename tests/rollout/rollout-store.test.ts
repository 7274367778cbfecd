import assert from "node:assert/strict";
import { UserError } from "../../components/user-error.ts";
import { Superseded } from "../../record/epoch.ts";
import type { Ended } from "../../record/record.ts";
import type { Rollout } from "../../rollout/rollout.ts";
import { RolloutStore, recordDecision } from "../../rollout/rollout-store.ts";
import type { ApiServer } from "../fake/api-server.ts";
import { a, b, quickCluster, recordPath, Trial } from "../fake/driven.ts";
import { idOf } from "../fake/release-id.ts";

describe("the rollout store", () => {
  let api: ApiServer;
  let end: () => Promise<void>;
  let trial: Trial;
  beforeEach(async () => {
    ({ api, end } = await quickCluster());
    trial = new Trial(api);
  });
  afterEach(() => end());

  const write = (changes: object) => {
    const record = { version: 2, cluster: "cluster-uid", sequence: 7, verdicts: {}, stableHistory: [], ...changes };
    api.put(recordPath, { metadata: { name: "web-rollout" }, data: { record: JSON.stringify(record) } });
  };
  const version = () => api.objects.get(recordPath)?.metadata.resourceVersion;
  const unchanged = async (refused: Promise<unknown>, error: typeof UserError | typeof Superseded, message: RegExp) => {
    const then = version();
    await assert.rejects(refused, (thrown) => {
      assert.ok(thrown instanceof error, String(thrown));
      assert.match(thrown.message, message);
      return true;
    });
    assert.equal(version(), then);
  };
  const ended = (outcome: Ended["outcome"], more: Partial<Ended> = {}): Ended => ({
    release: b,
    from: a,
    began: "2026-01-01T00:00:00Z",
    ended: "2026-01-01T00:10:00Z",
    by: "alice",
    outcome,
    reason: "every step was passed",
    ...more,
  });
  const decision = { by: "bob", reason: "lunch", at: "2026-01-01T00:00:00Z" };

  it("opens with a higher epoch than any former driver, also after finished rollouts", async () => {
    write({ epoch: 4 });
    const first = await trial.begin();
    assert.deepEqual([first.epoch, trial.open.epoch, trial.record.sequence], [5, 5, 8]);
    await first.close(ended("promoted"));
    assert.equal((await trial.begin()).epoch, 6);
    write({ epoch: 4, open: { ...trial.open, epoch: 9 } });
    assert.equal((await trial.takeOver()).epoch, 10);
  });

  it("opens nothing if the record gives a reason not to", async () => {
    write({ verdicts: { [b]: { verdict: "bad", ...decision } } });
    const refused = RolloutStore.open(trial.of, (_, { verdicts }) => {
      throw new UserError(`${b} was judged ${verdicts[b]?.verdict}.`);
    });
    await unchanged(refused, UserError, /was judged bad/);
  });

  it("lists a superseded rollout among the finished ones", async () => {
    await trial.begin();
    await trial.begin(undefined, { release: "cccccccccccc", by: "bob" });
    const [former] = trial.record.ended ?? [];
    assert.deepEqual(
      [former?.release, former?.outcome, former?.by, former?.reason, trial.open.release],
      [b, "superseded", "alice", "bob started the rollout of cccccccccccc", "cccccccccccc"],
    );
  });

  it("refuses a superseded driver", async () => {
    const former = await trial.begin();
    const present = await trial.takeOver();
    const message = /^Another driver has taken over the rollout of web: run gray status/;
    await unchanged(former.read(), Superseded, message);
    await unchanged(
      former.write((rollout) => rollout),
      Superseded,
      message,
    );
    await unchanged(former.close(ended("undone")), Superseded, message);
    assert.equal((await present.read()).rollout.epoch, present.epoch);
  });

  it("refuses the driver of a finished rollout, or of a deleted record", async () => {
    const store = await trial.begin();
    await (await trial.takeOver()).close(ended("undone"));
    const message = /^The rollout of web has ended: run gray history/;
    await unchanged(store.read(), Superseded, message);
    await unchanged(store.close(ended("promoted")), Superseded, message);
    api.objects.delete(recordPath);
    const forgotten =
      /^The record web-rollout in namespace \S+ no longer has this rollout, probably because it was deleted/;
    await unchanged(store.read(), Superseded, forgotten);
    await unchanged(
      store.write((rollout) => rollout),
      Superseded,
      forgotten,
    );
    assert.equal(api.objects.has(recordPath), false);
  });

  it("neither reads nor changes a rollout that it does not understand", async () => {
    const store = await trial.begin();
    write({ open: { ...trial.open, steps: [{ stage: "shadow" }] } });
    const newer =
      /^The rollout of bbbbbbbbbbbb of web was started by a version of gray-release .*: continue with that version/;
    await unchanged(store.read(), UserError, newer);
    await unchanged(trial.takeOver(), UserError, newer);
    await unchanged(
      recordDecision(trial.of, (rollout) => ({ open: rollout as Rollout })),
      UserError,
      newer,
    );
    write({ version: 3 });
    const record = /^The record web-rollout in namespace dora-apps cannot be read/;
    await unchanged(store.read(), UserError, record);
    await unchanged(trial.takeOver(), UserError, record);
    await unchanged(store.close(ended("promoted")), UserError, record);
  });

  it("preserves fields of a newer version", async () => {
    const store = await trial.begin();
    write({ open: { ...trial.open, mood: "sunny" }, moon: "full" });
    await store.write((rollout) => ({ ...rollout, step: 1 }));
    await recordDecision(trial.of, (rollout) => ({ open: { ...(rollout as Rollout), paused: decision } }));
    const { moon, open } = trial.record as unknown as { moon: string; open: { mood: string; step: number } };
    assert.deepEqual([moon, open.mood, open.step], ["full", "sunny", 1]);
  });

  it("raises the sequence number for each driver, and for nothing else", async () => {
    write({});
    const store = await trial.begin();
    await store.write((rollout) => ({ ...rollout, weight: 10 }));
    assert.equal(trial.record.sequence, 8);
    await trial.takeOver();
    assert.equal(trial.record.sequence, 9);
  });

  it("loses no decision of simultaneous writers", async () => {
    const store = await trial.begin();
    await Promise.all([
      ...Array.from({ length: 10 }, () => store.write((rollout) => ({ ...rollout, step: rollout.step + 1 }))),
      ...Array.from({ length: 10 }, (_, i) =>
        recordDecision(trial.of, (rollout, { verdicts }) => ({
          open: rollout as Rollout,
          verdicts: { ...verdicts, [idOf(i)]: { verdict: "good", ...decision } },
        })),
      ),
    ]);
    assert.deepEqual([trial.open.step, Object.keys(trial.record.verdicts).length], [10, 10]);
  });

  describe("closing", () => {
    it("stores the latest twenty, newest first, and the replacements of releases", async () => {
      for (let i = 1; i <= 21; i++) {
        const store = await trial.begin();
        assert.equal(await store.close(ended("undone", { reason: String(i) }), { [idOf(i)]: a }), true);
      }
      const { ended: all = [], replacedBy = {}, open } = trial.record;
      assert.deepEqual([all.length, all[0]?.reason, all.at(-1)?.reason], [20, "21", "2"]);
      assert.deepEqual([Object.keys(replacedBy).length, open], [21, undefined]);
    });

    it("happens once although its answer was lost", async () => {
      const store = await trial.begin();
      await store.close(ended("promoted"));
      const then = version();
      assert.equal(await store.close(ended("promoted")), true);
      assert.equal(version(), then);
    });

    it("does not promote a rollout that a person has paused or is rolling back", async () => {
      for (const change of [{ paused: decision }, { rollbackRequested: decision }]) {
        const store = await trial.begin();
        await recordDecision(trial.of, (rollout) => ({ open: { ...(rollout as Rollout), ...change } }));
        const then = version();
        assert.equal(await store.close(ended("promoted")), false);
        assert.equal(version(), then);
        assert.equal(await store.close(ended("undone")), true);
      }
    });

    it("ends the replacement of the release that runs now, although it was undone before", async () => {
      write({ replacedBy: { [a]: "cccccccccccc", dddddddddddd: a } });
      await (await trial.begin()).close(ended("undone"), { [b]: a });
      assert.deepEqual(trial.record.replacedBy, { dddddddddddd: a, [b]: a });
      await (await trial.begin()).close(ended("promoted"));
      assert.deepEqual(trial.record.replacedBy, { dddddddddddd: a });
    });
  });
});
