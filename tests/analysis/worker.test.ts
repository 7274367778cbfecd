import assert from "node:assert/strict";
import fc from "fast-check";
import { answersOf } from "../../analysis/arms.ts";
import { Evidence } from "../../analysis/evidence.ts";
import { indicatorsOf } from "../../analysis/indicators/built-in.ts";
import { countersOf, seriesNames } from "../../analysis/providers/metrics.ts";
import { ratesOf } from "../../analysis/rates.ts";
import { judge } from "../../analysis/verdict.ts";
import { type Answered, canary, stable, tick } from "./ticks.ts";

/** What a pod of a worker does in a second: it answers scrapes alone, some of them with 500. */
const work = (total: number, bad: number): Answered => ({ requests: 4, failed: 2, pairs: { failed: { bad, total } } });
const question = { canary, stable: [stable], pairs: ["failed"], items: "failed" };

function observed(seconds: number, each: (second: number) => [ofCanary: Answered, ofStable: Answered]): Evidence {
  const evidence = new Evidence(question);
  for (let second = 1; second <= seconds; second++) evidence.observe(tick(second, ...each(second)));
  return evidence;
}
const judged = (seconds: number, ...of: Parameters<typeof observed>[1][]) => {
  const [each = () => [work(20, 0), work(20, 0)] as [Answered, Answered]] = of;
  return judge(observed(seconds, each), seconds * 1000);
};

describe("the verdict on a worker", () => {
  it("is bad if canary fails more of its items than stable, within seconds", () => {
    const { verdict, reason } = judged(6, () => [work(20, 1), work(20, 0)]);
    assert.equal(verdict, "bad");
    assert.match(
      reason,
      /^canary counts as failed in 5 % of its items, which stable never does, at least .*, seen in \d+ items over \d s$/,
    );
  });

  it("is good after enough items, whatever its port answers to scrapes", () => {
    const { verdict, reason } = judged(120);
    assert.equal(verdict, "good");
    assert.match(reason, /^canary counts as failed in 0 % of its items .*seen in 2 400 items over 2 min$/);
  });

  it("is not bad for trouble that both tracks share", () => {
    assert.notEqual(judged(300, () => [work(20, 1), work(20, 1)]).verdict, "bad");
  });

  it("is never good without items, and says so", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 400 }), (seconds) => {
        const { verdict, reason } = judged(seconds, () => [work(0, 0), work(20, 0)]);
        assert.equal(verdict, "undecided");
        assert.match(reason, /^no item has reached canary in .*, so there are no data on it$/);
      }),
      { numRuns: 10 },
    );
  });

  it("is undecided before canary has processed enough items", () => {
    const { verdict, reason } = judged(100, () => [work(1, 0), work(20, 0)]);
    assert.equal(verdict, "undecided");
    assert.equal(reason, "canary has processed 100 items of the 500 that a verdict needs");
  });

  it("says of a broken stable that its items fail", () => {
    const { reason } = judged(90, () => [work(20, 0), work(20, 20)]);
    assert.match(reason, /^stable is broken \(it counts as failed in 100 % of its items, for/);
  });

  describe("by a pair whose total leaves out the items that failed", () => {
    /** Of twenty items, so many fail and the others are counted in the total. */
    const apart = (bad: number) => work(20 - bad, bad);
    const unusable = (arm: string) =>
      `the total of pair failed must include its bad events: ${arm} had more bad events than events in all`;

    it("is bad if canary fails all its items, and stable does not", () => {
      const { verdict, reason } = judged(60, () => [apart(20), apart(0)]);
      assert.equal(verdict, "bad");
      assert.match(reason, /^canary counts as failed in 100 % of its items, which stable never does/);
    });

    it("is bad if canary fails all its items after a good hour", () => {
      assert.equal(judged(3700, (second) => [apart(second > 3600 ? 20 : 0), apart(0)]).verdict, "bad");
    });

    for (const [arm, ofCanary] of [
      ["canary", 20],
      ["stable", 0],
    ] as const) {
      it(`is withheld, rather than calling stable broken, if ${arm} is seen to do so`, () => {
        const { verdict, guard, reason } = judged(90, () => [apart(ofCanary), apart(20)]);
        assert.deepEqual([verdict, guard, reason], ["undecided", "pair", unusable(arm)]);
      });
    }

    it("is withheld with a resumed observation too", () => {
      const evidence = observed(90, () => [apart(0), apart(20)]);
      assert.equal(judge(Evidence.resume(JSON.parse(JSON.stringify(evidence))), 90_000).reason, unusable("stable"));
    });

    it("is not withheld because a failure was counted before its item", () => {
      const batch = (second: number) => (second % 10 === 0 ? work(2000, 0) : work(0, second % 10 === 5 ? 1 : 0));
      assert.equal(judged(300, (second) => [batch(second), batch(second)]).verdict, "good");
    });

    it("is withheld for any other pair too", () => {
      const evidence = new Evidence({ canary, stable: [stable], pairs: ["lost"] });
      const lost: Answered = { pairs: { lost: { bad: 5, total: 0 } } };
      for (let second = 1; second <= 90; second++) evidence.observe(tick(second, lost, lost));
      assert.equal(
        judge(evidence, 90_000).reason,
        "the total of pair lost must include its bad events: canary had more bad events than events in all",
      );
    });
  });

  it("by canary's own rates is bad on the first release if too many items fail", () => {
    const evidence = new Evidence({ ...question, stable: [], first: true });
    for (let second = 1; second <= 60; second++) evidence.observe(tick(second, work(20, 2)));
    const { verdict, reason } = judge(evidence, 60_000);
    assert.equal(verdict, "bad");
    assert.match(reason, /^canary counts as failed in 10 % of its items, surely more than/);
  });

  it("is the same after its evidence was stored", () => {
    const evidence = observed(120, () => [work(20, 0), work(20, 0)]);
    const resumed = Evidence.resume(JSON.parse(JSON.stringify(evidence)));
    assert.deepEqual(judge(resumed, 120_000), judge(evidence, 120_000));
    assert.equal(resumed.unit.noun, "item");
  });
});

describe("the indicators of a worker", () => {
  it("are its pairs, latency and stability, and share alpha", () => {
    const found = indicatorsOf(["failed", "late"], false, "failed");
    assert.deepEqual(
      found.map(({ name, hasObjective }) => [name, hasObjective]),
      [
        ["failed", true],
        ["latency", false],
        ["stability", false],
        ["late", false],
      ],
    );
    assert.ok(Math.abs(found.reduce((sum, { alphaShare }) => sum + alphaShare, 0) - 1) < 1e-12);
  });
});

describe("the items of a worker", () => {
  const pairs = (bad: number, total: number) =>
    answersOf(
      { target: "a", release: "a", pod: true, requests: { 500: 7 }, pairs: { failed: { bad, total } } },
      "failed",
    );

  it("take the place of answers, and a failure may be counted before its item", () => {
    assert.deepEqual(pairs(3, 10), { requests: 10, ok: 7, moved: 0, refused: 0, failed: 3, unknown: 0 });
    assert.deepEqual(pairs(1, 0), { requests: 1, ok: 0, moved: 0, refused: 0, failed: 1, unknown: 0 });
  });

  it("are none of a target that does not count them", () => {
    const none = { target: "a", release: "a", pod: true, requests: { 200: 9 }, pairs: {} };
    assert.equal(answersOf(none, "failed").requests, 0);
  });

  it("have rates", () => {
    const rates = ratesOf([tick(1, work(20, 5))], [canary], "failed");
    assert.deepEqual([rates.tps2xx, rates.tps5xx], [15, 5]);
  });
});

describe("the metrics of a worker", () => {
  const metrics = {
    requests: false,
    latency: false,
    pairs: { failed: { bad: { metric: "jobs_failed_total" }, total: { metric: "jobs_total" } } },
  } as const;
  const series = (name: string, value: number) => ({ name, labels: {}, value });

  it("are its pairs alone", () => {
    assert.deepEqual(seriesNames(metrics), ["jobs_failed_total", "jobs_total"]);
    assert.deepEqual(seriesNames({ ...metrics, latency: "lag_seconds" }), [
      "lag_seconds_bucket",
      "lag_seconds_count",
      "jobs_failed_total",
      "jobs_total",
    ]);
  });

  it("need no counter of requests, and a counter of its own that is missing is reported", () => {
    const declared = new Set(["jobs_failed_total", "jobs_total"]);
    const all = [series("jobs_total", 10), series("jobs_failed_total", 1), series("http_requests_total", 5)];
    const { samples, wrong } = countersOf(metrics, all, { declared });
    assert.equal(wrong, undefined);
    assert.deepEqual(
      samples?.map(({ counter }) => counter.kind),
      ["pair", "pair"],
    );
    const { wrong: missing } = countersOf(metrics, [series("jobs_total", 10)], { declared: new Set(["jobs_total"]) });
    assert.equal(missing, "answers but has no jobs_failed_total");
  });
});
