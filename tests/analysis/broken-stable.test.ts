import assert from "node:assert/strict";
import fc from "fast-check";
import { armCountsOf } from "../../analysis/arms.ts";
import { healthAfter, isCanaryBroken, type StableHealth, whyBroken } from "../../analysis/broken-stable.ts";
import { nothing } from "../../analysis/count.ts";
import { defaults } from "../../analysis/defaults.ts";
import { Evidence } from "../../analysis/evidence.ts";
import type { PodTick, Tick } from "../../analysis/tick.ts";
import { type Assessment, type Decisions, judge } from "../../analysis/verdict.ts";
import { Chance } from "../../benchmarks/evidence/chance.ts";
import { runs } from "../long.ts";
import { type Answered, canary, stable, tick } from "./ticks.ts";

const arms = { canary, stable: [stable] };
const failingAll: Answered = { failed: 20 };
const bySomeone: Decisions = { stableIsBroken: "alice" };

/** The ticks of so many seconds, one each. */
const ticks = (seconds: number, each: (second: number) => Tick) =>
  Array.from({ length: seconds }, (_, at) => each(at + 1));

/** Why stable is broken after these ticks. */
function brokenAfter(all: readonly Tick[]): string | undefined {
  let health: StableHealth | undefined;
  for (const each of all) health = healthAfter(health, armCountsOf(each, arms), arms, defaults);
  return whyBroken(health, defaults);
}

/** A tick whose pods of stable are changed. */
function withStable(second: number, change: (pod: PodTick) => PodTick[], answered: Answered = {}): Tick {
  const made = tick(second, {}, answered);
  const pods = made.pods.flatMap((pod) => (pod.track === "stable" ? change(pod) : [pod]));
  const listed = new Set(pods.map(({ pod }) => pod));
  return { ...made, pods, targets: made.targets.filter(({ target }) => listed.has(target)) };
}
const unready = (pod: PodTick): PodTick[] => [{ ...pod, ready: false }];
const silent: Answered = { requests: 0 };

describe("stable is broken", () => {
  const cases: [sentence: string, readonly Tick[], broken: RegExp | undefined][] = [
    [
      "when it has answered 5xx for 30 s",
      ticks(31, (s) => tick(s, {}, failingAll)),
      /^it answers 5xx in 100 % .* for 30 s$/,
    ],
    ["not before 30 s", ticks(30, (s) => tick(s, {}, failingAll)), undefined],
    ["when surely more than a fifth of its requests fail", ticks(60, (s) => tick(s, {}, { failed: 6 })), /in 30 %/],
    ["not when a fifth fail", ticks(600, (s) => tick(s, {}, { failed: 4 })), undefined],
    [
      "not by one failing pod of nine",
      ticks(600, (s) => tick(s, {}, (pod) => (pod === 0 ? failingAll : {}))),
      undefined,
    ],
    ["not by refusals", ticks(600, (s) => tick(s, {}, { refused: 20 })), undefined],
    [
      "not when every second tick is well, as a minute's share of 5xx is too small",
      ticks(600, (s) => tick(s, {}, { failed: s % 6 === 0 ? 20 : 0 })),
      undefined,
    ],
    [
      "not after three failed requests, which may be one client",
      ticks(60, (s) => tick(s, {}, (pod) => (s === 1 && pod === 0 ? { requests: 3, failed: 3 } : silent))),
      undefined,
    ],
    [
      "not any more a minute after it recovered",
      [...ticks(300, (s) => tick(s, {}, failingAll)), ...ticks(60, (s) => tick(300 + s, {}))],
      undefined,
    ],
    [
      "when none of its pods has been ready for 30 s",
      ticks(31, (s) => withStable(s, unready, silent)),
      /^none of its 9 pods is ready, for 30 s$/,
    ],
    [
      "not while one pod is ready",
      ticks(600, (s) => withStable(s, (pod) => (pod.pod === "stable-1" ? [pod] : unready(pod)), silent)),
      undefined,
    ],
    ["not when its pods are ready again", [...ticks(60, (s) => withStable(s, unready)), tick(61, {})], undefined],
    [
      "by the ticks since it failed again, where it was well in between",
      [...ticks(60, (s) => withStable(s, unready)), tick(61, {}), ...ticks(20, (s) => withStable(61 + s, unready))],
      undefined,
    ],
    ["when it has neither pods nor counters", ticks(31, (s) => withStable(s, () => [])), /^it has no pod, for 30 s$/],
    [
      "not by its pods where only those of canary are listed, but counters of both come",
      ticks(600, (s) => ({ ...tick(s, {}), pods: tick(s, {}).pods.filter(({ track }) => track === "canary") })),
      undefined,
    ],
    ["not where no pods are listed at all", ticks(600, (s) => ({ ...tick(s, {}), pods: [], targets: [] })), undefined],
    [
      "not by its pods while it rolls to canary's release",
      ticks(600, (s) => withStable(s, (pod) => [{ ...pod, ready: false, release: canary }])),
      undefined,
    ],
    ["not by the time in which nothing was seen", [withStable(1, unready), withStable(600, unready)], undefined],
  ];
  for (const [sentence, all, broken] of cases) {
    it(sentence, () => {
      const found = brokenAfter(all);
      if (broken === undefined) assert.equal(found, undefined);
      else assert.match(found ?? "", broken);
    });
  }

  it("not by what it answered before a gap, such as that between two drivers", () => {
    const before = ticks(90, (s) => tick(s, {}, failingAll));
    assert.match(brokenAfter(before) ?? "", /100 %/);
    assert.equal(brokenAfter([...before, ...ticks(60, (s) => tick(1200 + s, {}))]), undefined);
    const mixed = ticks(60, (s) => tick(1200 + s, {}, { failed: 3 }));
    assert.equal(brokenAfter([...before, ...mixed]), undefined);
  });

  it("never for a share of 5xx below the limit, in any order of the failures", () => {
    const seconds = fc.array(fc.integer({ min: 0, max: 3 }), { minLength: 1, maxLength: 200 });
    fc.assert(
      fc.property(seconds, (failed) => {
        assert.equal(brokenAfter(failed.map((each, at) => tick(at + 1, {}, { failed: each }))), undefined);
      }),
    );
  });
});

/** The assessment after these ticks. */
function judged(all: readonly Tick[], decisions: Decisions = {}, first = false): Assessment {
  const evidence = new Evidence({ canary, stable: [stable], first });
  for (const each of all) evidence.observe(each);
  // A restored observation must judge alike.
  const restored = Evidence.resume(JSON.parse(JSON.stringify(evidence)));
  const at = all.at(-1)?.at ?? 0;
  const assessment = judge(evidence, at, decisions);
  assert.deepEqual(judge(restored, at, decisions), assessment);
  return assessment;
}

describe("a verdict while stable is broken", () => {
  const well = ticks(90, (s) => tick(s, {}, failingAll));

  it("needs a person's decision where canary is good by its own rates", () => {
    const { verdict, reason, basis, needsDecision } = judged(well);
    assert.deepEqual([verdict, basis, needsDecision], ["undecided", "own rates", true]);
    assert.match(
      reason,
      /^stable is broken \(it answers 5xx in 100 % of its requests, for 89 s\), so canary cannot be compared with it; by its own rates it is good: canary answers 5xx in 0 % of its requests, surely less than 0.5 % with 95 % confidence, seen in 1 800 requests over 90 s$/,
    );
  });

  it("is good with that decision, and says whose it is and why", () => {
    const { verdict, reason, basis, needsDecision } = judged(well, bySomeone);
    assert.deepEqual([verdict, basis, needsDecision], ["good", "own rates", undefined]);
    assert.match(
      reason,
      /^by canary's own rates, since stable is broken \(it answers .*\), as alice decided: canary answers/,
    );
  });

  it("is good where no pod of stable is ready and nothing of it can be read", () => {
    const problems = {
      problems: ["stable-1 does not answer."],
      problemsOf: { [stable]: ["stable-1 does not answer."] },
    };
    const all = ticks(90, (s) => ({
      ...withStable(s, unready),
      targets: [...tick(s, {}).targets].slice(0, 1),
      ...problems,
    }));
    assert.equal(judged(all, bySomeone).verdict, "good");
    assert.equal(judged(all).needsDecision, true);
  });

  const notGood: [sentence: string, readonly Tick[], Assessment["verdict"], reason: RegExp][] = [
    [
      "canary fails as well",
      ticks(90, (s) => tick(s, { failed: 10 }, failingAll)),
      "bad",
      /canary answers 5xx in 50 % of its requests, surely more than the 1 %/,
    ],
    [
      "canary's rate is above the tolerance",
      ticks(90, (s) => tick(s, { failed: s % 6 === 0 ? 1 : 0 }, failingAll)),
      "undecided",
      /not decided yet: canary answers 5xx in 0.83 % of its requests, but good needs surely less than 0.5 %/,
    ],
    [
      "canary had one burst of failures",
      ticks(90, (s) => tick(s, { failed: s === 5 ? 20 : 0 }, failingAll)),
      "undecided",
      /one burst|not decided/,
    ],
    [
      "canary refuses most of its requests",
      ticks(90, (s) => tick(s, { refused: 15 }, failingAll)),
      "undecided",
      /canary answers 4xx in 75 % of its requests, and there is nothing/,
    ],
    [
      "canary has had no request",
      ticks(90, (s) => tick(s, silent, failingAll)),
      "undecided",
      /no request has reached canary/,
    ],
    [
      "canary has had too few requests",
      ticks(90, (s) => tick(s, { requests: 1 }, failingAll)),
      "undecided",
      /canary has answered 90 requests of the 500/,
    ],
    [
      "the warm-up is not over",
      ticks(50, (s) => tick(s, {}, failingAll)),
      "undecided",
      /canary warms up for another 10 s/,
    ],
    [
      "canary's pod is not ready",
      ticks(90, (s) => tick(s, {}, failingAll, { canaryPod: { ready: false } })),
      "undecided",
      /canary's pod canary-1 is not ready/,
    ],
    [
      "canary's pod restarted, although stable's restart too",
      ticks(90, (s) => tick(s, {}, failingAll, { canaryPod: { restarts: s === 9 ? 1 : 0 } })),
      "undecided",
      /restarted or lost their readiness 1 time/,
    ],
    [
      "a pod of canary cannot be read",
      [
        ...well,
        tick(91, {}, failingAll, {
          problems: ["canary-2 does not answer."],
          problemsOf: { [canary]: ["canary-2 does not answer."] },
        }),
      ],
      "undecided",
      /some metrics are missing \(canary-2 does not answer\)/,
    ],
    [
      "something cannot be read, and it is unknown of which release",
      [
        ...well,
        tick(91, {}, failingAll, {
          problems: ["Backend mixes releases."],
          problemsOf: { "": ["Backend mixes releases."] },
        }),
      ],
      "undecided",
      /some metrics are missing/,
    ],
  ];
  for (const [sentence, all, verdict, reason] of notGood) {
    it(`is never good where ${sentence}, and without a decision neither good nor bad`, () => {
      const decided = judged(all, bySomeone);
      assert.equal(decided.verdict, verdict, decided.reason);
      assert.match(decided.reason, reason);
      const undecided = judged(all);
      assert.equal(undecided.verdict, "undecided", undecided.reason);
      assert.equal(undecided.needsDecision, undefined);
    });
  }

  it("is not good while canary fails of late, however long it was well", () => {
    // So long that a minute of failures stays below the tolerance.
    const long = ticks(3600, (s) => tick(s, { requests: 400 }, { requests: 400 }));
    const failing = { requests: 100, failed: 100 };
    const outage = ticks(60, (s) => tick(3600 + s, failing, failing));
    const { verdict, basis, reason } = judged([...long, ...outage], bySomeone);
    assert.deepEqual([verdict, basis], ["undecided", "own rates"], reason);
    assert.match(reason, /canary answers 5xx in .* of its requests of late, and good needs less than 0\.5 % now too$/);
    assert.equal(judged([...long, ...outage]).needsDecision, undefined);
  });

  it("is never good from silence", () => {
    const evidence = new Evidence({ canary, stable: [stable] });
    for (const each of well) evidence.observe(each);
    assert.equal(judge(evidence, 200_000, bySomeone).verdict, "undecided");
    assert.match(judge(evidence, 200_000, bySomeone).reason, /no data for/);
  });

  it("is never good with any failure rate of canary from the tolerance on, whatever stable does", () => {
    const rates = fc.record({ failed: fc.integer({ min: 1, max: 20 }), ofStable: fc.integer({ min: 8, max: 20 }) });
    fc.assert(
      fc.property(rates, fc.integer({ min: 60, max: 150 }), ({ failed, ofStable }, seconds) => {
        const all = ticks(seconds, (s) => tick(s, { failed }, { failed: ofStable }));
        assert.notEqual(judged(all, bySomeone).verdict, "good");
      }),
      { numRuns: 20 },
    );
  });

  /** The first verdicts of simulated hours in which half of stable's requests fail, and canary's at this rate. */
  const simulated = (rate: number) =>
    Array.from({ length: runs(100) }, (_, seed) => {
      const chance = new Chance(seed);
      const evidence = new Evidence({ canary, stable: [stable] });
      for (let second = 1; second <= 900; second++) {
        evidence.observe(tick(second, { failed: chance.some(20, rate) }, () => ({ failed: chance.some(20, 0.5) })));
        const { verdict } = second % 5 === 0 ? judge(evidence, second * 1000, bySomeone) : { verdict: "undecided" };
        if (verdict !== "undecided") return verdict;
      }
      return "undecided";
    });

  it("is good for a canary that seldom fails, and never bad", () => {
    assert.deepEqual([...new Set(simulated(0.0005))], ["good"]);
  });

  it("is good for at most 5 % of canaries at the tolerance, however often it is asked", () => {
    const found = simulated(0.005);
    assert.ok(found.filter((each) => each === "good").length <= Math.ceil(found.length * 0.05), `${found}`);
  });

  it("is bad for a canary that fails in 5 % of its requests", () => {
    assert.deepEqual([...new Set(simulated(0.05))], ["bad"]);
  });

  it("is not bad because stable fails at once, so that its requests are neither slow nor refused", () => {
    const all = ticks(120, (s) =>
      tick(s, { slower: { 0.1: 20, 1: 0 }, refused: 5 }, { ...failingAll, slower: { 0.1: 0, 1: 0 } }),
    );
    assert.equal(judged(all, bySomeone).verdict, "good");
    const recovered = ticks(60, (s) => tick(120 + s, { slower: { 0.1: 0, 1: 0 } }, { slower: { 0.1: 0, 1: 0 } }));
    assert.notEqual(judged([...all, ...recovered], bySomeone).verdict, "bad");
  });

  it("is bad without a decision where canary fails even more than stable", () => {
    const all = ticks(90, (s) => tick(s, { failed: 20 }, { failed: 8 }));
    assert.equal(judged(all).verdict, "bad");
  });

  it("is by comparison where stable is well, whatever was decided", () => {
    const { verdict, reason, basis } = judged(
      ticks(90, (s) => tick(s, {})),
      bySomeone,
    );
    assert.deepEqual([verdict, basis], ["good", undefined]);
    assert.match(reason, /stable/);
  });
});

describe("canary fails in too many requests to be those of a few clients", () => {
  const at = 1_000_000;
  const health = (seconds: number, exposure: number) => ({
    at,
    recent: nothing(),
    recentCanary: { events: exposure / 2, exposure },
    canaryFailingSince: at - seconds * 1000,
  });

  it("after 30 s of it in many requests", () => {
    assert.equal(isCanaryBroken(health(30, 100), defaults), true);
  });

  it("not before, and not in few requests", () => {
    assert.equal(isCanaryBroken(health(29, 1000), defaults), false);
    assert.equal(isCanaryBroken(health(300, 99), defaults), false);
    assert.equal(isCanaryBroken(undefined, defaults), false);
    assert.equal(isCanaryBroken({ at, recent: nothing(), recentCanary: nothing() }, defaults), false);
  });
});
