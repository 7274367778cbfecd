import assert from "node:assert/strict";
import fc from "fast-check";
import { Evidence } from "../../analysis/evidence.ts";
import type { Split } from "../../analysis/indicator.ts";
import type { Question } from "../../analysis/question.ts";
import type { Tick } from "../../analysis/tick.ts";
import { type Assessment, judge } from "../../analysis/verdict.ts";
import { runs, stride } from "../long.ts";
import { type Answered, canary, stable, tick } from "./ticks.ts";

interface Course {
  readonly question?: Partial<Question> | undefined;
  readonly split?: Split;
  /** When it is judged, in seconds after the last tick. @default 0 */
  readonly later?: number;
}

/** The assessment after so many seconds of ticks. */
function judged(
  seconds: number,
  each: (second: number) => Tick,
  { question, split, later = 0 }: Course = {},
): Assessment {
  const evidence = new Evidence({ canary, stable: [stable], ...question });
  for (let second = 1; second <= seconds; second++) evidence.observe(each(second), split);
  return judge(evidence, (seconds + later) * 1000);
}

/** Every so many seconds one event. */
const every = (seconds: number, second: number, events = 1) => (second % seconds === 0 ? events : 0);

describe("a verdict", () => {
  describe("bad", () => {
    it("comes when canary answers 5xx and stable never does, within seconds, and says so", () => {
      const found = judged(6, (second) => tick(second, { failed: 1 }));
      assert.equal(found.verdict, "bad");
      assert.match(
        found.reason,
        /^canary answers 5xx in 5 % of its requests, which stable never does, at least [\d.]+ times as often with 99 % confidence, seen in 1?\d\d requests over \d s$/,
      );
    });

    it("names how many times as often, and at least how many with which confidence", () => {
      const found = judged(120, (second) => tick(second, { failed: 1 }, (pod) => ({ failed: every(9, second + pod) })));
      assert.equal(found.verdict, "bad");
      assert.match(found.reason, /canary answers 5xx [\d.]+ times as often as stable, at least [\d.]+ times/);
      assert.ok(found.pValue <= 0.01);
    });

    it("stays, whatever comes after", () => {
      const found = judged(900, (second) => tick(second, { failed: second < 8 ? 1 : 0 }));
      assert.equal(found.verdict, "bad");
    });

    it("is not delayed by the warm-up", () => {
      assert.equal(judged(10, (second) => tick(second, { failed: 1 })).verdict, "bad");
    });

    it("comes for 4xx, for slow answers after the warm-up, for restarts and for a pair of the user", () => {
      const courses: [string, (second: number) => Tick, Partial<Question>?][] = [
        ["answers 4xx", (second) => tick(second, { refused: 3 }, { refused: 0 })],
        [
          "takes longer than 0.5 s",
          (second) => tick(second, { slower: { 0.1: 10, 0.5: 4 } }, { slower: { 0.1: 10, 0.5: 0 } }),
        ],
        [
          "restarts or loses its readiness",
          (second) => tick(second, {}, {}, { canaryPod: { restarts: every(10, second) } }),
        ],
        [
          "counts as lost orders",
          (second) =>
            tick(
              second,
              { pairs: { "lost orders": { bad: 1, total: 20 } } },
              { pairs: { "lost orders": { bad: 0, total: 20 } } },
            ),
          { pairs: ["lost orders"] },
        ],
      ];
      for (const [symptom, each, question] of courses) {
        const found = judged(180, each, { question });
        assert.equal(found.verdict, "bad", symptom);
        assert.ok(found.reason.includes(`canary ${symptom}`), found.reason);
      }
    });

    it("comes for answers that are missing, where each request is sent by weight", () => {
      const dropped = (second: number) => tick(second, { requests: 4 });
      const course = { question: { perRequest: true }, split: { canaryShare: 0.1 } };
      assert.equal(judged(120, dropped, course).verdict, "bad");
      assert.notEqual(judged(120, dropped).verdict, "bad");
    });

    it("does not come for trouble that both tracks share", () => {
      const found = judged(600, (second) =>
        tick(second, { failed: every(2, second) }, (pod) => ({ failed: every(2, second + pod) })),
      );
      assert.notEqual(found.verdict, "bad");
    });

    it("comes though the arms are scraped in different ticks", () => {
      const scraped = (second: number) =>
        tick(
          second,
          { requests: second % 30 === 7 ? 600 : 0, failed: second % 30 === 7 ? 60 : 0 },
          { requests: second % 30 === 20 ? 600 : 0 },
        );
      assert.equal(judged(300, scraped).verdict, "bad");
    });

    it("does not come for shared trouble that canary's counters tell later than stable's", () => {
      const trouble = (second: number) => second > 100 && second <= 150;
      const late = (second: number) => {
        const missed = second === 151 ? 51 : 1;
        const failing = second === 151 ? 500 : every(30, second);
        const each = tick(
          second,
          { requests: 20 * missed, failed: failing },
          { failed: trouble(second) ? 10 : every(30, second) },
        );
        return trouble(second) ? { ...each, targets: each.targets.filter(({ release }) => release !== canary) } : each;
      };
      assert.notEqual(judged(300, late).verdict, "bad");
    });

    it("does not come because pods of stable can no longer be read, or are gone", () => {
      const unequal = (second: number, left: number) => {
        const each = tick(second, { requests: 100, failed: every(2, second) }, (pod) => ({
          requests: 100,
          failed: pod === 0 ? 2 : every(20, second + pod),
        }));
        return { ...each, targets: each.targets.filter((_, at) => at <= left) };
      };
      for (const left of [0, 2]) {
        const found = judged(640, (second) => unequal(second, second < 600 ? 9 : left));
        assert.notEqual(found.verdict, "bad", `${left} left`);
      }
    });

    it("comes by the objective when nothing is left to compare with", () => {
      const full = (second: number) => {
        const { targets, pods, ...rest } = tick(second, { failed: second > 3600 ? 1 : 0 });
        const isLeft = ({ release }: { release: string }) => second <= 3600 || release === canary;
        return { ...rest, targets: targets.filter(isLeft), pods: pods.filter(isLeft) };
      };
      const { verdict, reason } = judged(3610, full);
      assert.equal(verdict, "bad");
      assert.match(
        reason,
        /^canary answers 5xx in 5 % of its requests, surely more than the 1 % of the objective, seen in/,
      );
    });

    it("does not come by the objective for one burst, whatever went wrong before", () => {
      const isLeft = ({ release }: { release: string }) => release === canary;
      const full = (second: number) => {
        const failed = second > 600 ? 20 : every(200, second);
        const { targets, pods, ...rest } = tick(second, { failed }, { failed: every(200, second) });
        const alone = { ...rest, targets: targets.filter(isLeft), pods: pods.filter(isLeft) };
        return second <= 600 ? { ...rest, targets, pods } : alone;
      };
      assert.notEqual(judged(601, full).verdict, "bad");
      assert.equal(judged(603, full).verdict, "bad");
    });

    it("does not come by the objective while no pod of stable is ready, if they have the same trouble", () => {
      const outage = (second: number) => {
        const failed = second > 195 ? 10 : 0;
        const { pods, ...rest } = tick(second, { failed }, { failed });
        return { ...rest, pods: pods.map((pod) => ({ ...pod, ready: pod.release === canary || second <= 195 })) };
      };
      assert.notEqual(judged(200, outage).verdict, "bad");
    });

    it("does not come by the objective while pods of stable are there and cannot be read", () => {
      const blind = (second: number) => {
        const each = tick(second, { failed: 1 }, { failed: 1 });
        return second <= 100 ? each : { ...each, targets: each.targets.filter(({ release }) => release === canary) };
      };
      assert.equal(judged(200, blind).guard, "no contrast");
    });

    it("is held back by the floor where canary's errors are too few to hurt anybody", () => {
      const few = (second: number) => tick(second, { requests: 1000, failed: every(4, second) }, { requests: 1000 });
      const found = judged(200, few);
      assert.deepEqual([found.verdict, found.guard], ["undecided", "floor"]);
      assert.match(found.reason, /less than 0.1 % of its requests/);
    });

    it("is held back after one burst, which may be one client", () => {
      const found = judged(4, (second) => tick(second, { failed: second === 2 ? 12 : 0 }));
      assert.deepEqual([found.verdict, found.guard], ["undecided", "burst"]);
    });

    it("is held back while a pod of stable looks as bad beside the others", () => {
      const found = judged(25, (second) =>
        tick(second, { failed: 3 }, (pod) => ({ failed: pod === 3 && second <= 6 ? 2 : 0 })),
      );
      assert.deepEqual([found.verdict, found.guard], ["undecided", "placebo"]);
      assert.equal(
        found.reason,
        "canary looks worse than stable, but so does stable's pod stable-4 compared with its other pods",
      );
    });
  });

  describe("good", () => {
    it("comes for a service without any error, at the end of the warm-up", () => {
      assert.equal(judged(59, (second) => tick(second, {})).guard, "warm-up");
      const found = judged(61, (second) => tick(second, {}));
      assert.equal(found.verdict, "good");
      assert.match(found.reason, /^canary answers 5xx in 0 % of its requests \(stable: 0 %\)/);
    });

    it("comes by ratio where both have more errors than the tolerance", () => {
      const found = judged(900, (second) =>
        tick(second, { failed: every(2, second) }, (pod) => ({ failed: every(2, second + pod) })),
      );
      assert.equal(found.verdict, "good");
    });

    it("never comes with one 5x stream among clean ones", () => {
      const slow = (second: number) =>
        tick(second, { slower: { 0.1: 2, 0.5: every(2, second) } }, (pod) => ({
          slower: { 0.1: 2, 0.5: every(10, second + pod) },
        }));
      const evidence = new Evidence({ canary, stable: [stable] });
      const step = stride(60);
      for (let second = 1; second <= 3600; second++) {
        evidence.observe(slow(second));
        if (second % step === 0) assert.notEqual(judge(evidence, second * 1000).verdict, "good", `${second} s`);
      }
    });

    it("never comes without a request to canary", () => {
      const found = judged(3600, (second) => tick(second, { requests: 0 }));
      assert.deepEqual([found.verdict, found.guard], ["undecided", "no data"]);
      assert.equal(found.reason, "no request has reached canary in 60 min, so there are no data on it");
    });

    it("never comes from silence: no tick, an old one, no pod, or one that cannot be read", () => {
      const clean = (second: number) => tick(second, {});
      const blind = (second: number) => {
        const { targets, ...rest } = tick(second, {});
        return {
          ...rest,
          targets: targets.filter(({ release }) => release !== canary),
          problems: ["pod canary-1 answers 500"],
        };
      };
      const gone = (second: number) => (second < 100 ? clean(second) : { ...clean(second), targets: [], pods: [] });
      const courses = [
        { found: judged(0, clean), reason: /^nothing has been observed yet$/ },
        { found: judged(300, clean, { later: 40 }), reason: /^no data for 40 s, so nothing can be decided$/ },
        { found: judged(300, gone), reason: /^no pod runs release bbbbbbbbbbbb$/ },
        { found: judged(300, blind), reason: /^the metrics of canary cannot be read \(pod canary-1 answers 500\)$/ },
        {
          found: judged(300, (second) => ({ ...clean(second), problems: ["pod stable-3 does not answer", "more"] })),
          reason: /^some metrics are missing \(pod stable-3 does not answer, and 1 more\)$/,
        },
      ];
      for (const { found, reason } of courses) {
        assert.deepEqual([found.verdict, found.guard], ["undecided", "no data"]);
        assert.match(found.reason, reason);
      }
    });

    it("waits for enough requests and says how many are missing", () => {
      const found = judged(90, (second) => tick(second, { requests: 2 }));
      assert.equal(found.reason, "canary has answered 180 requests of the 500 that a verdict needs");
    });

    it("waits while a pod of canary is not ready, and after it restarted", () => {
      const unready = judged(300, (second) => tick(second, {}, {}, { canaryPod: { ready: second < 300 } }));
      assert.equal(unready.reason, "canary's pod canary-1 is not ready");
      const restarted = judged(300, (second) =>
        tick(second, {}, {}, { canaryPod: { restarts: second === 200 ? 1 : 0 } }),
      );
      assert.equal(restarted.reason, "canary's pods restarted or lost their readiness 1 time");
      assert.equal(restarted.guard, "canary's pods");
    });

    it("does not count slow answers of the warm-up, but those after it", () => {
      const cold = (second: number) => tick(second, { slower: { 0.5: second <= 60 ? 10 : 0 } }, { slower: { 0.5: 0 } });
      assert.equal(judged(180, cold).verdict, "good");
      const slow = (second: number) => tick(second, { slower: { 0.5: second > 60 ? 10 : 0 } }, { slower: { 0.5: 0 } });
      assert.equal(judged(180, slow).verdict, "bad");
    });

    it("comes in spite of an edge that no user notices, unless that is the longest", () => {
      const noisy = (longest: object) => (second: number) => {
        const slower = { 0.005: every(5, second), ...longest };
        return tick(second, { slower }, { slower });
      };
      assert.equal(judged(110, noisy({ 0.25: 0 })).verdict, "good");
      const { verdict, reason } = judged(110, noisy({}));
      assert.equal(verdict, "undecided");
      assert.match(reason, /canary takes longer than 0.005 s in/);
    });

    it("does not come where canary is far slower, be it at an edge that no user notices", () => {
      const slower = { 0.25: 0 };
      const found = judged(600, (second) =>
        tick(second, { slower: { 0.005: 10, ...slower } }, { slower: { 0.005: 0, ...slower } }),
      );
      assert.equal(found.verdict, "bad");
    });

    it("says how long it will take at this pace, or that the numbers do not lead there", () => {
      const failing = (ofCanary: number, ofStable: number) => (second: number) =>
        tick(second, { failed: second % ofCanary === 0 ? 1 : 0 }, { failed: second % ofStable === 0 ? 1 : 0 });
      assert.match(
        judged(70, failing(10, 10)).reason,
        /^undecided, no trouble seen; about \d+ (s|min) more at this pace \(only 5xx still open\)$/,
      );
      assert.match(judged(300, failing(10, 20)).reason, /; at this pace it takes more than 60 min$/);
      const orders = (bad: number) => ({ pairs: { lost: { bad, total: 2 } } });
      const sparse = (second: number) => tick(second, orders(every(20, second)), orders(every(20, second)));
      const question = { pairs: ["lost"] };
      // It is good after 350 s.
      assert.match(judged(100, sparse, { question }).reason, /; about 4 min more at this pace$/);
      assert.match(judged(300, sparse, { question }).reason, /; about 6\d s more at this pace$/);
      assert.equal(judged(280, sparse, { question }).verdict, "undecided");
      assert.equal(judged(360, sparse, { question }).verdict, "good");
    });

    it("does not come from a warm-up in which every answer was slow", () => {
      const slow = (second: number) => tick(second, { slower: { 5: 20 } }, { slower: { 5: 0 } });
      for (const seconds of [60, 61, 62]) assert.notEqual(judged(seconds, slow).verdict, "good", `${seconds} s`);
    });

    it("does not come where the arms measure their latency differently, or only one does", () => {
      const courses: [string, Answered, Answered][] = [
        ["other edges", { slower: { 0.2: 0 } }, { slower: { 0.25: 0 } }],
        ["none on canary", {}, { slower: { 0.25: 0 } }],
      ];
      for (const [what, ofCanary, ofStable] of courses) {
        const found = judged(600, (second) => tick(second, ofCanary, ofStable));
        assert.equal(found.verdict, "undecided", what);
        assert.match(found.reason, /there are no data on how often canary takes longer than 0.25 s/);
      }
    });

    it("does not come from requests that ended before the warm-up did", () => {
      const found = judged(600, (second) => tick(second, { requests: second <= 40 ? 30 : 0 }));
      assert.deepEqual([found.verdict, found.guard], ["undecided", "warm-up"]);
    });

    it("does not come after a pod of canary vanished", () => {
      const found = judged(300, (second) => tick(second, {}, {}, { canaryPod: { vanished: second === 200 } }));
      assert.equal(found.guard, "canary's pods");
    });

    it("does not come any more when no pod of another release is left", () => {
      const full = (second: number) => {
        const each = tick(second, {});
        return second < 50 ? each : { ...each, targets: each.targets.filter(({ release }) => release === canary) };
      };
      assert.equal(judged(300, full).guard, "no contrast");
    });
  });

  describe("on a release with nothing to compare", () => {
    const alone = (failed: (second: number) => number) => (second: number) => {
      const { targets, pods, ...rest } = tick(second, { requests: 100, failed: failed(second) });
      return { ...rest, targets: targets.slice(0, 1), pods: pods.slice(0, 1) };
    };
    const first = { question: { stable: [], first: true } };

    it("is good for the first release by its own rates", () => {
      assert.equal(
        judged(
          120,
          alone(() => 0),
          first,
        ).verdict,
        "good",
      );
    });

    it("is bad when the objective is missed", () => {
      const found = judged(
        60,
        alone(() => 4),
        first,
      );
      assert.equal(found.verdict, "bad");
      assert.match(found.reason, /5xx in 4 % of its requests, surely more than the 1 % of the objective/);
    });

    it("is never good for a later one", () => {
      assert.equal(
        judged(
          600,
          alone(() => 0),
          { question: { stable: [] } },
        ).guard,
        "no contrast",
      );
    });
  });

  it("is the same after being stored and gone on with at any moment", () => {
    const course = fc.array(
      fc.record({ failed: fc.nat(3), refused: fc.nat(2), others: fc.nat(2), slow: fc.nat(5), restarts: fc.nat(1) }),
      { minLength: 2, maxLength: 80 },
    );
    fc.assert(
      fc.property(course, fc.nat(), (seconds, cut) => {
        const ticks = seconds.map(({ failed, refused, others, slow, restarts }, at) => {
          const answered = (failed: number): Answered => ({ failed, refused, slower: { 0.1: slow, 1: failed } });
          return tick(at + 1, answered(failed), (pod) => answered(every(3, pod + at, others)), {
            canaryPod: { restarts },
          });
        });
        const question = { canary, stable: [stable] };
        const whole = new Evidence(question);
        let parts = new Evidence(question);
        for (const [at, each] of ticks.entries()) {
          if (at === cut % ticks.length) parts = Evidence.resume(JSON.parse(JSON.stringify(parts)));
          whole.observe(each);
          parts.observe(each);
        }
        assert.deepEqual(JSON.parse(JSON.stringify(parts)), JSON.parse(JSON.stringify(whole)));
        assert.deepEqual(judge(parts, 0), judge(whole, 0));
      }),
      { numRuns: runs(100) },
    );
  });

  it("goes on with what version 2 stored, whose fields had other names", () => {
    const evidence = new Evidence({ canary, stable: [stable] });
    for (let at = 1; at <= 40; at++)
      evidence.observe(tick(at, { failed: 4 }, () => ({}), { canaryPod: { restarts: 1 } }));
    judge(evidence, 0);
    const { podFailures, conviction, streams, ...others } = JSON.parse(JSON.stringify(evidence));
    assert.ok(conviction && podFailures > 0);
    const earlier = {
      ...{ ...others, version: 2, lapses: podFailures },
      conviction: { at: conviction.at, because: conviction.reason },
      streams: mapped(streams, (indicator) =>
        mapped(indicator, ({ alphaShare, ...each }) => ({ ...each, part: alphaShare })),
      ),
    };
    assert.deepEqual(JSON.parse(JSON.stringify(Evidence.resume(earlier))), JSON.parse(JSON.stringify(evidence)));
    assert.throws(() => Evidence.resume({ version: 2 }));
  });

  it("cannot have a pair with a name that is taken", () => {
    for (const pairs of [["5xx"], ["latency"], ["orders", "orders"]]) {
      assert.throws(() => new Evidence({ canary, stable: [stable], pairs }), /cannot be named/);
    }
  });

  it("refuses stored evidence of another form", () => {
    assert.throws(() => Evidence.resume({ version: 3 }));
    assert.throws(() => Evidence.resume("{}"));
  });
});

// biome-ignore lint/suspicious/noExplicitAny: JSON of any form
function mapped(values: object, convert: (value: any) => unknown): object {
  return Object.fromEntries(Object.entries(values).map(([key, value]) => [key, convert(value)]));
}
