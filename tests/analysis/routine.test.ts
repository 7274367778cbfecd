import assert from "node:assert/strict";
import fc from "fast-check";
import { advance, nothingCounted } from "../../analysis/counters.ts";
import { Evidence } from "../../analysis/evidence.ts";
import { addRoutine, isRoutine } from "../../analysis/routine.ts";
import type { Tick } from "../../analysis/tick.ts";
import { judge } from "../../analysis/verdict.ts";
import { a, lastTick, ofA, ticksOf } from "./counted.ts";
import { pod, read, reading, requests } from "./reading.ts";
import { canary, stable, tick } from "./ticks.ts";

describe("routine requests", () => {
  for (const [sentence, count, expected, isFound] of [
    ["are those of all probes", 910, [450, 455], true],
    ["are those of one probe, if the other asks what is not counted", 450, [450, 455], true],
    ["are those of reading the metrics too", 1200, [300, 450, 455], true],
    ["are not more than that", 1000, [450, 455], false],
    ["are not less than that", 300, [450, 455], false],
    ["may be a few more or less, because a probe begins at any time of its period", 455, [450], true],
    ["may be one in twenty and five more, and not more than that", 1055, [1000], true],
    ["may not be six more than one in twenty", 1056, [1000], false],
    ["are none where no source is known", 5, [], false],
    ["are none where no source sent any", 5, [0], false],
  ] as const) {
    it(sentence, () => {
      assert.equal(isRoutine(count, expected), isFound);
    });
  }

  it("are found among any of their sources, and users beside them are seen", () => {
    const sources = fc.array(fc.record({ count: fc.nat(2000), isCounted: fc.boolean() }), {
      minLength: 1,
      maxLength: 6,
    });
    fc.assert(
      fc.property(sources, fc.nat(5000), (all, users) => {
        const counted = all.reduce((sum, { count, isCounted }) => sum + (isCounted ? count : 0), 0);
        const most = all.reduce((sum, { count }) => sum + count, 0);
        const expected = all.map(({ count }) => count);
        if (counted > 0) assert.ok(isRoutine(counted, expected));
        assert.ok(!isRoutine(most * 1.06 + 6 + users, expected));
      }),
    );
  });

  it("are added source by source, even if not all targets have the same", () => {
    assert.deepEqual(addRoutine([1, 4], [1, 5, 2]), [2, 9, 2]);
    assert.deepEqual(addRoutine([1], []), [1]);
  });

  it("are expected of a pod for the time between its samples, and for one reading", () => {
    const routine = { perReading: 1, perSecond: [0.1, 0.5] };
    const of = (count: number, at?: number) => ({ ...ofA({ 200: count }, at), routine });
    const expected = (each: Tick | undefined) => each?.targets.map((target) => target.routine);
    assert.deepEqual(expected(lastTick(reading(0, [a], [of(1)]), reading(10, [a], [of(2)]))), [[1, 1, 5]]);
    assert.deepEqual(expected(lastTick(reading(0, [a], [of(1, 0)]), reading(10, [a], [of(2, 4000)]))), [[1, 0.4, 2]]);
    const b = { ...read("b", requests({ 200: 1 })), routine };
    assert.deepEqual(expected(lastTick(reading(90, [], []), reading(100, [pod("b")], [b]))), [[1, 1, 5]]);
    const [, unread, late] = ticksOf(reading(0, [a], [of(1)]), reading(10, [a], []), reading(20, [a], [of(4)]));
    assert.deepEqual([expected(unread), expected(late)], [[], [[1, 2, 10]]]);
    assert.deepEqual(expected(lastTick(reading(0, [a], [ofA({ 200: 1 })]), reading(10, [a], [ofA({ 200: 2 })]))), [
      undefined,
    ]);
  });
});

describe("a release that only routine requests reach", () => {
  /** Ten minutes in which each pod answers so many requests a second, of which so many may be probes. */
  const observed = (perSecond: number, probes: number | undefined) => {
    const evidence = new Evidence({ canary, stable: [stable] });
    for (let second = 10; second <= 600; second += 10) {
      const each = tick(second, { requests: 10 * perSecond }, { requests: 10 * perSecond }, { seconds: 10 });
      const targets = each.targets.map((target) => ({
        ...target,
        ...(probes !== undefined && { routine: [2, 10 * probes] }),
      }));
      evidence.observe({ ...each, targets });
    }
    return Evidence.resume(JSON.parse(JSON.stringify(evidence)));
  };
  const judged = (perSecond: number, probes: number | undefined) => judge(observed(perSecond, probes), 600_000);

  it("is not good, and the verdict says so", () => {
    const { verdict, guard, reason } = judged(2, 2);
    assert.deepEqual([verdict, guard], ["undecided", "only probes"]);
    assert.equal(
      reason,
      "canary's 1 200 requests came at the rate of kubelet's probes and of reading its metrics, so no user seems to reach it: leave those out by a label, as with --without path=/healthz",
    );
  });

  it("is good as soon as users come too, or if probes are not counted", () => {
    assert.equal(judged(3, 2).verdict, "good");
    assert.equal(judged(2, undefined).verdict, "good");
  });

  it("is not good by its own rates either while stable is broken", () => {
    const evidence = new Evidence({ canary, stable: [stable] });
    for (let second = 10; second <= 600; second += 10) {
      const each = tick(second, { requests: 20 }, { requests: 20, failed: 20 }, { seconds: 10 });
      evidence.observe({ ...each, targets: each.targets.map((target) => ({ ...target, routine: [2, 20] })) });
    }
    assert.equal(judge(evidence, 600_000, { stableIsBroken: "alice" }).guard, "only probes");
  });

  it("may be new, and its probes are told by their count from the first reading on", () => {
    const b = pod("b", { release: canary, track: "canary" });
    const of = (seconds: number) => ({
      ...read("b", requests({ 200: 10 * seconds }), { release: canary }),
      routine: { perReading: 0, perSecond: [10] },
    });
    const evidence = new Evidence({ canary, stable: [stable] });
    let { after } = advance(nothingCounted, reading(0, [], []));
    for (let second = 1; second <= 90; second++) {
      const next = advance(after, reading(second, [b], [of(second)]));
      after = next.after;
      if (next.tick) evidence.observe(next.tick);
    }
    assert.equal(judge(evidence, 90_000).guard, "only probes");
  });
});
