import assert from "node:assert/strict";
import { convict, type Guard } from "../../analysis/conviction.ts";
import { Evidence } from "../../analysis/evidence.ts";
import { findings, logWorseOfAll, worstPod } from "../../analysis/finding.ts";
import type { Split } from "../../analysis/indicator.ts";
import { indicatorsOf } from "../../analysis/indicators/built-in.ts";
import type { Question, Settings } from "../../analysis/question.ts";
import type { PodTick, Tick } from "../../analysis/tick.ts";
import { judge } from "../../analysis/verdict.ts";
import { type Answered, canary, stable, tick } from "./ticks.ts";

function observed(ticks: readonly Tick[], question: Partial<Question> = {}, split?: Split): Evidence {
  const evidence = new Evidence({ canary, stable: [stable], ...question });
  for (const each of ticks) evidence.observe(each, split);
  return evidence;
}

/** The same evidence, as if it had been collected with other settings. */
function changed(evidence: Evidence, settings: Partial<Settings>): Evidence {
  const { conviction, question, ...stored } = JSON.parse(JSON.stringify(evidence));
  return Evidence.resume({ ...stored, question: { ...question, settings: { ...question.settings, ...settings } } });
}

/** Minutes of ticks; one tick is a minute unless told otherwise. */
const minutes = (count: number, each: (end: number) => Tick, from = 0) =>
  Array.from({ length: count }, (_, at) => each(60 * (from + at + 1)));
const minute = (
  end: number,
  ofCanary: Answered,
  ofStable: Answered | ((pod: number) => Answered) = {},
  canaryPod: Partial<PodTick> = {},
): Tick =>
  tick(
    end,
    { requests: 1200, ...ofCanary },
    typeof ofStable === "function" ? (pod) => ({ requests: 1200, ...ofStable(pod) }) : { requests: 1200, ...ofStable },
    { seconds: 60, canaryPod },
  );
const isCanary = ({ release }: { readonly release: string }) => release === canary;
const alone = (each: Tick): Tick => ({
  ...each,
  targets: each.targets.filter(isCanary),
  pods: each.pods.filter(isCanary),
});
/** Settings that never convict, so that evidence can be collected and judged by others afterwards. */
const never = { alpha: 1e-300 };
const first: Partial<Question> = { stable: [], first: true };

describe("1. the streams together convict from 1/alpha on", () => {
  const seen = () => {
    const evidence = observed(
      minutes(4, (end) => minute(end, { failed: 8, refused: 2 }, { failed: 3, refused: 2 })),
      { settings: never },
    );
    return { evidence, logWorse: convict(evidence).logWorse };
  };

  it("and not before, without a guard", () => {
    const { evidence, logWorse } = seen();
    assert.ok(logWorse > 1, `${logWorse}`);
    assert.deepEqual(convict(changed(evidence, { alpha: Math.exp(-logWorse - 1e-6) })), { logWorse });
    const { conviction, guard } = convict(changed(evidence, { alpha: Math.exp(-logWorse + 1e-6) }));
    assert.equal(conviction?.at, 240_000);
    assert.equal(guard, undefined);
  });

  it("and are the average of what each says, by its part", () => {
    const { evidence, logWorse } = seen();
    const parts = findings(evidence).reduce(
      (sum, { alphaShare, logWorse }) => sum + alphaShare * Math.exp(logWorse),
      0,
    );
    // Of latency nothing is known, which is as much evidence as none: 1, for a sixth.
    assert.ok(Math.abs(Math.log(parts + 1 / 6) - logWorse) < 1e-9);
  });
});

describe("2. only streams above the floor convict", () => {
  const seen = () =>
    observed(
      minutes(5, (end) =>
        minute(end, { requests: 100_000, failed: 40, refused: 310 }, { requests: 100_000, refused: 200 }),
      ),
      { settings: { ...never, floor: 0.001 } },
    );

  it("what is above it convicts, and the sentence names that", () => {
    const evidence = seen();
    const { all, aboveFloor } = logWorseOfAll(evidence);
    assert.ok(all > aboveFloor + 5 && aboveFloor > 0, `${all} ${aboveFloor}`);
    assert.deepEqual(convict(changed(evidence, { alpha: Math.exp(-all - 1) })), { logWorse: aboveFloor });
    const held = convict(changed(evidence, { alpha: Math.exp(-aboveFloor - 1) }));
    assert.deepEqual(held, {
      logWorse: aboveFloor,
      guard: { name: "floor", reason: "canary is worse than stable, but only in less than 0.1 % of its requests" },
    });
    const { conviction } = convict(changed(evidence, { alpha: Math.exp(-aboveFloor + 0.1) }));
    assert.match(conviction?.reason ?? "", /^canary answers 4xx 1\.5 times as often as stable/);
  });

  it("what is just at it convicts", () => {
    const evidence = seen();
    const named = (floor: number) => convict(changed(evidence, { alpha: 0.01, floor })).conviction?.reason.slice(0, 18);
    assert.equal(named(0.0004), "canary answers 5xx");
    assert.equal(named(0.000401), "canary answers 4xx");
  });
});

describe("3. the stream that says most has to be bad in several ticks, and the sentence names it", () => {
  const burst = (count: number) =>
    observed([
      ...minutes(count, (end) => minute(end, { failed: 100 })),
      ...minutes(2, (end) => minute(end, {}), count),
    ]);
  const rows: [bad: number, reason: RegExp, guard: Guard | undefined][] = [
    [1, /^canary answers 5xx more often than stable, but only in 1 tick: one burst is no proof$/, "burst"],
    [2, /^canary answers 5xx more often than stable, but only in 2 ticks: one burst is no proof$/, "burst"],
    [3, /^canary answers 5xx in 8\.3 % of its requests, which stable never does/, undefined],
  ];
  for (const [bad, reason, guard] of rows) {
    it(`${bad} bad ticks ${guard ? "are too few" : "are enough"}`, () => {
      const found = judge(burst(bad), 60_000 * (bad + 2));
      assert.equal(found.guard, guard);
      assert.match(found.reason, reason);
    });
  }

  const both = (failed: number, refused: number) =>
    observed(
      minutes(3, (end) => minute(end, { failed, refused }, { failed: 10, refused: 10 })),
      { settings: never },
    );
  const named = (evidence: Evidence) => {
    const { conviction } = convict(changed(evidence, { alpha: 0.01 }));
    return conviction?.reason.split(" ").slice(0, 3).join(" ");
  };
  const logOf = (evidence: Evidence, name: string) =>
    findings(evidence).find(({ stream }) => stream === name)?.logWorse ?? 0;

  it("the one of two that is worse is named", () => {
    assert.equal(named(both(60, 10)), "canary answers 5xx");
    assert.equal(named(both(10, 60)), "canary answers 4xx");
    assert.equal(named(both(60, 30)), "canary answers 5xx");
    assert.equal(named(both(30, 60)), "canary answers 4xx");
  });

  it("of two that are hardly apart, the one with the larger part is named", () => {
    const evidence = observed(
      minutes(3, (end) =>
        minute(end, { failed: 160, refused: 160 }, (pod) => ({ failed: 100, refused: pod === 0 ? 96 : 100 })),
      ),
      { settings: never },
    );
    const [ofFailed, ofRefused] = [logOf(evidence, "5xx"), logOf(evidence, "4xx")];
    assert.ok(ofRefused > ofFailed && ofRefused < ofFailed + Math.log(3), `${ofFailed} ${ofRefused}`);
    assert.equal(named(evidence), "canary answers 5xx");
  });

  it("of two that say the same, the first of the kinds is named", () => {
    const lost = (bad: number) => ({ refused: bad, pairs: { lost: { bad, total: 1200 } } });
    const evidence = observed(
      minutes(3, (end) => minute(end, lost(60), lost(10))),
      { settings: never, pairs: ["lost"] },
    );
    assert.equal(logOf(evidence, "4xx"), logOf(evidence, "lost"));
    assert.equal(named(evidence), "canary answers 4xx");
  });

  it("the bad ticks of another stream do not count for it", () => {
    const evidence = observed([
      minute(60, { failed: 300, refused: 1 }, { refused: 1 }),
      ...minutes(4, (end) => minute(end, { refused: 1 }, { refused: 1 }), 1),
    ]);
    assert.equal(judge(evidence, 300_000).guard, "burst");
  });
});

describe("4. the evidence is a multiple of that against any pod of stable", () => {
  /** The evidence, the pod of stable that looks worst, and how many times as much there is against canary. */
  const seen = () => {
    const evidence = observed(
      minutes(4, (end) => minute(end, { failed: 30 }, (pod) => ({ failed: pod === 3 ? 10 : 4 }))),
      { settings: never },
    );
    const pod = worstPod(evidence);
    assert.ok(pod);
    return { evidence, pod, times: Math.exp(logWorseOfAll(evidence).aboveFloor - pod.logWorse) };
  };

  it("of the worst one", () => {
    const { pod, times } = seen();
    assert.equal(pod.pod, "stable-4");
    assert.ok(times > 1 && pod.logWorse > 0, `${times} ${pod.logWorse}`);
  });

  it("so that less is held back, and names the pod", () => {
    const { evidence, times } = seen();
    const { guard, conviction } = convict(changed(evidence, { alpha: 0.1, placebo: times * 1.001 }));
    assert.equal(conviction, undefined);
    assert.deepEqual(guard, {
      name: "placebo",
      reason: "canary looks worse than stable, but so does stable's pod stable-4 compared with its other pods",
    });
  });

  it("and that much convicts", () => {
    const { evidence, times } = seen();
    const { guard, conviction } = convict(changed(evidence, { alpha: 0.1, placebo: times / 1.001 }));
    assert.equal(guard, undefined);
    assert.match(conviction?.reason ?? "", /^canary answers 5xx/);
  });

  it("which is 20 by default", () => {
    assert.equal(new Evidence({ canary, stable: [stable] }).settings.placebo, 20);
  });

  it("a single pod of stable has no others to be held against", () => {
    const single = (each: Tick): Tick => ({ ...each, targets: each.targets.slice(0, 2), pods: each.pods.slice(0, 2) });
    const found = observed(minutes(3, (end) => single(minute(end, { failed: 60 }, { failed: 10 }))));
    assert.equal(judge(found, 180_000).verdict, "bad");
  });
});

describe("5. with nothing to compare, canary's own 5xx convict it", () => {
  const failing = (failed: number, count = 3) =>
    observed(
      minutes(count, (end) => alone(minute(end, { failed }))),
      { ...first, settings: never },
    );

  it("from 1/alpha on, by a test of their rate alone", () => {
    const evidence = failing(30);
    const logWorse = evidence.slo.logAbove(90, 3600);
    assert.deepEqual(convict(changed(evidence, { alpha: Math.exp(-logWorse - 1e-6) })), { logWorse });
    const { conviction } = convict(changed(evidence, { alpha: Math.exp(-logWorse + 1e-6) }));
    assert.deepEqual(conviction, {
      at: 180_000,
      reason:
        "canary answers 5xx in 2.5 % of its requests, surely more than the 1 % of the objective, seen in 3 600 requests with nothing to compare it with",
    });
  });

  it("not for a burst", () => {
    const burst = (count: number) =>
      observed(
        [
          ...minutes(count, (end) => alone(minute(end, { failed: 200 }))),
          ...minutes(1, (end) => alone(minute(end, {})), count),
        ],
        first,
      );
    const { verdict, guard, reason } = judge(burst(2), 180_000);
    assert.deepEqual(
      [verdict, guard, reason],
      ["undecided", "burst", "canary answers 5xx, but only in 2 ticks: one burst is no proof"],
    );
    assert.equal(judge(burst(3), 240_000).verdict, "bad");
  });

  it("not before there was a tick", () => {
    assert.deepEqual(convict(observed([], first)), { logWorse: 0 });
  });

  it("by what came since another release was last there", () => {
    const before = minutes(3, (end) => minute(end, { failed: 5 }, { failed: 5 }));
    const since = (failed: number, count: number) => minutes(count, (end) => alone(minute(end, { failed })), 3);
    const evidence = observed([...before, ...since(50, 3)], { settings: never });
    const { conviction } = convict(changed(evidence, { alpha: 0.01 }));
    assert.match(
      conviction?.reason ?? "",
      /^canary answers 5xx in 4\.2 % of its requests, surely more than the 1 % of the objective, seen in 3 600 requests/,
    );
    assert.equal(convict(observed([...before, ...since(50, 2)])).conviction, undefined);
  });

  it("and leaves a burst from that time to the earlier comparison", () => {
    const before = minutes(3, (end) => minute(end, { failed: 1 }, { failed: 1 }));
    const evidence = observed([...before, alone(minute(240, { failed: 600 }))]);
    assert.equal(convict(evidence).guard, undefined);
    assert.equal(judge(evidence, 240_000).guard, "no contrast");
  });
});

describe("what a conviction says", () => {
  const reason = (evidence: Evidence) => judge(evidence, evidence.last?.at ?? 0).reason;

  it("of a bad event that stable never has", () => {
    assert.equal(
      reason(observed(minutes(3, (end) => minute(end, { failed: 12 })))),
      "canary answers 5xx in 1 % of its requests, which stable never does, at least 20 times as often with 99 % confidence, seen in 3 600 requests over 3 min",
    );
  });

  it("of one that both have", () => {
    assert.equal(
      reason(observed(minutes(3, (end) => minute(end, { failed: 60 }, { failed: 12 })))),
      "canary answers 5xx 5 times as often as stable, at least 3.4 times as often with 99 % confidence, seen in 3 600 requests over 3 min",
    );
  });

  it("of one that is no request, and stable never has", () => {
    assert.equal(
      reason(observed(minutes(3, (end) => minute(end, {}, {}, { restarts: 3 })))),
      "canary restarts or loses its readiness far more often than stable, at least 5.4 times as often with 99 % confidence, seen in 3 600 requests over 3 min",
    );
  });

  it("of one that both have, and no request", () => {
    const restarting = (end: number) => {
      const { pods, ...rest } = minute(end, {});
      return { ...rest, pods: pods.map((pod) => ({ ...pod, restarts: isCanary(pod) ? 20 : 2 })) };
    };
    assert.match(
      reason(observed(minutes(4, restarting))),
      /^canary restarts or loses its readiness 10 times as often as stable, at least /,
    );
  });

  it("leaves out a bound that says nothing", () => {
    const evidence = observed(
      minutes(4, (end) => minute(end, { failed: 8, refused: 2 }, { failed: 3, refused: 2 })),
      { settings: { ...never, margin: 1 } },
    );
    const { logWorse } = convict(evidence);
    assert.equal(
      convict(changed(evidence, { alpha: Math.exp(-logWorse + 1e-6) })).conviction?.reason,
      "canary answers 5xx 2.7 times as often as stable, seen in 4 800 requests over 4 min",
    );
  });
});

describe("what is held back before it is called good", () => {
  interface Row {
    readonly sentence: string;
    readonly evidence: () => Evidence;
    /** Seconds from the last tick to the verdict. @default 0 */
    readonly later?: number;
    readonly reason: string | RegExp;
    readonly guard?: Guard;
  }
  const clean = (end: number) => minute(end, {});
  const missed = (evidence: Evidence) => {
    evidence.missed("the API server does not answer.");
    return evidence;
  };
  const good = /^canary answers 5xx in 0 % of its requests/;
  const rows: [condition: string, rows: Row[]][] = [
    [
      "2. silence",
      [
        {
          sentence: "no tick, and why",
          evidence: () => missed(observed([])),
          reason: "nothing has been observed yet (the API server does not answer)",
          guard: "no data",
        },
        {
          sentence: "a tick of 15 s ago is good enough",
          evidence: () => observed(minutes(3, clean)),
          later: 15,
          reason: good,
        },
        {
          sentence: "an older one is not",
          evidence: () => observed(minutes(3, clean)),
          later: 15.6,
          reason: "no data for 16 s, so nothing can be decided",
          guard: "no data",
        },
        {
          sentence: "an older one, and why: what is wrong now and not then",
          evidence: () => missed(observed([...minutes(2, clean), { ...clean(180), problems: ["pod a is slow."] }])),
          later: 60,
          reason: "no data for 60 s, so nothing can be decided (the API server does not answer)",
          guard: "no data",
        },
        {
          sentence: "an older one that had problems already",
          evidence: () => observed([...minutes(2, clean), { ...clean(180), problems: ["pod a is slow."] }]),
          later: 60,
          reason: "no data for 60 s, so nothing can be decided (pod a is slow)",
          guard: "no data",
        },
        {
          sentence: "no pod of canary",
          evidence: () => observed([...minutes(2, clean), { ...clean(180), targets: [], pods: [] }]),
          reason: `no pod runs release ${canary}`,
          guard: "no data",
        },
        {
          sentence: "a pod of canary that cannot be read, though all others can",
          evidence: () =>
            observed([
              ...minutes(2, clean),
              { ...clean(180), targets: clean(180).targets.slice(1), problems: ["a. b."] },
            ]),
          reason: "the metrics of canary cannot be read (a. b)",
          guard: "no data",
        },
        {
          sentence: "no request to canary, ever",
          evidence: () => observed(minutes(3, (end) => minute(end, { requests: 0 }))),
          reason: "no request has reached canary in 3 min, so there are no data on it",
          guard: "no data",
        },
        {
          sentence: "a part that is missing, though canary was read and is fine",
          evidence: () => observed([...minutes(2, clean), { ...clean(180), problems: ["x", "y", "z"] }]),
          reason: "some metrics are missing (x, and 2 more)",
          guard: "no data",
        },
      ],
    ],
    [
      "4. canary's pods",
      [
        {
          sentence: "are named where they are not ready",
          evidence: () => {
            const { pods, ...rest } = minute(180, {}, {}, { ready: false });
            const second = { ...(pods[0] as PodTick), pod: "canary-2" };
            return observed([...minutes(2, clean), { ...rest, pods: [...pods, second] }]);
          },
          reason: "canary's pod canary-1, canary-2 is not ready",
          guard: "canary's pods",
        },
        {
          sentence: "restarted",
          evidence: () => observed([...minutes(2, clean), minute(180, {}, {}, { restarts: 2 })]),
          reason: "canary's pods restarted or lost their readiness 2 times",
          guard: "canary's pods",
        },
        {
          sentence: "are excused where stable's restart as often",
          evidence: () => {
            const restarting = (end: number) => {
              const { pods, ...rest } = minute(end, {});
              return { ...rest, pods: pods.map((pod) => ({ ...pod, restarts: 1 })) };
            };
            return observed(minutes(60, restarting));
          },
          reason: good,
        },
        {
          sentence: "are excused, and something else is open",
          evidence: () => {
            const slower = { 0.5: 0 };
            const restarting = (end: number) => {
              const { pods, ...rest } = minute(end, {}, end === 3600 ? { slower } : {});
              return { ...rest, pods: pods.map((pod) => ({ ...pod, restarts: 1 })) };
            };
            return observed(minutes(60, restarting));
          },
          reason: "not decided yet: there are no data on how often canary takes longer than 0.5 s",
        },
        {
          sentence: "are not excused while that is not sure",
          evidence: () => {
            const restarting = (end: number) => {
              const { pods, ...rest } = minute(end, {});
              return { ...rest, pods: pods.map((pod) => ({ ...pod, restarts: 1 })) };
            };
            return observed(minutes(4, restarting));
          },
          reason: "canary's pods restarted or lost their readiness 4 times",
          guard: "canary's pods",
        },
      ],
    ],
    [
      "5. warm-up and enough requests",
      [
        {
          sentence: "the warm-up is not over",
          evidence: () => observed([tick(59, {}, {}, { seconds: 18 })]),
          reason:
            "canary warms up for another 42 s: its caches are cold, so latency does not count yet and nothing is called good",
          guard: "warm-up",
        },
        {
          sentence: "one request is missing",
          evidence: () => observed([minute(60, { requests: 499 })]),
          reason: "canary has answered 499 requests of the 500 that a verdict needs",
          guard: "too few requests",
        },
        {
          sentence: "and with it the wait is another",
          evidence: () => observed([minute(60, { requests: 500 })]),
          reason: /^undecided, no trouble seen; about 42 s more at this pace \(2 measures still open, slowest: 5xx\)$/,
        },
      ],
    ],
    [
      "5. answers without a known status",
      [
        {
          sentence: "may be failures",
          evidence: () => observed(minutes(3, (end) => minute(end, { unknown: 12 }))),
          reason:
            "the status of 1 % of canary's answers (stable: 0 %) is no code that ends a request, so they may be failures",
          guard: "unknown answers",
        },
        {
          sentence: "are usual if stable has as many",
          evidence: () => observed(minutes(3, (end) => minute(end, { unknown: 12 }, { unknown: 6 }))),
          reason: good,
        },
        {
          sentence: "are few if they are as rare as what is tolerated",
          evidence: () => observed(minutes(3, (end) => minute(end, { unknown: 6 }))),
          reason: good,
        },
        {
          sentence: "are too many without stable too",
          evidence: () =>
            observed(
              minutes(3, (end) => alone(minute(end, { unknown: 600 }))),
              first,
            ),
          reason: "the status of 50 % of canary's answers is no code that ends a request, so they may be failures",
          guard: "unknown answers",
        },
      ],
    ],
    [
      "6. contrast",
      [
        {
          sentence: "no pod of stable was read",
          evidence: () => observed([...minutes(3, clean), { ...clean(240), targets: clean(240).targets.slice(0, 1) }]),
          reason: "no pod of another release is left to compare with, so nothing can be called good",
          guard: "no contrast",
        },
        {
          sentence: "another release is compared with nothing",
          evidence: () =>
            observed(
              minutes(3, (end) => alone(clean(end))),
              { stable: [] },
            ),
          reason: "no pod of another release is left to compare with, so nothing can be called good",
          guard: "no contrast",
        },
        {
          sentence: "the first release needs none",
          evidence: () =>
            observed(
              minutes(3, (end) => alone(clean(end))),
              first,
            ),
          reason:
            "canary answers 5xx in 0 % of its requests; each of 1 stream is surely below 0.5 % with 95 % confidence, seen in 3 600 requests over 3 min",
        },
      ],
    ],
  ];
  for (const [condition, each] of rows) {
    describe(condition, () => {
      for (const { sentence, evidence, later = 0, reason, guard } of each) {
        it(sentence, () => {
          const seen = evidence();
          const found = judge(seen, (seen.last?.at ?? 0) + later * 1000);
          if (typeof reason === "string") assert.equal(found.reason, reason);
          else assert.match(found.reason, reason);
          assert.equal(found.guard, guard);
          assert.equal(found.verdict, /^canary answers/.test(found.reason) ? "good" : "undecided");
        });
      }
    });
  }

  it("3. by evidence for bad, before everything but silence", () => {
    const bursting = observed([minute(30, { failed: 200 }, {}, { ready: false })]);
    assert.equal(judge(bursting, 30_000).guard, "burst");
    assert.equal(judge(bursting, 90_000).guard, "no data");
  });
});

describe("7. every stream by itself", () => {
  const judged = (evidence: Evidence) => {
    const { verdict, reason } = judge(evidence, evidence.last?.at ?? 0);
    return { verdict, reason };
  };

  it("is fine below the limit or the tolerance, and the sentence counts them", () => {
    const slower = { 0.1: 0, 0.5: 0 };
    assert.deepEqual(judged(observed(minutes(5, (end) => minute(end, { failed: 1, slower }, { failed: 2, slower })))), {
      verdict: "good",
      reason:
        "canary answers 5xx in 0.083 % of its requests (stable: 0.17 %); each of 4 streams is surely less than 2 times as bad as on stable, or its rate is below 0.5 %, with 95 % confidence, seen in 6 000 requests over 5 min",
    });
  });

  it("has to be fine: the one that is furthest from it is named, and how many more there are", () => {
    const each = (failed: number, refused: number, slow: number) => (end: number) => {
      const slower = { 0.5: slow };
      return minute(end, { failed, refused, slower }, { failed, refused, slower });
    };
    const sentence = (failed: number, refused: number, slow: number) =>
      judged(observed(minutes(2, each(failed, refused, slow)))).reason;
    assert.match(
      sentence(7, 0, 0),
      /^not decided yet: canary answers 5xx in 0\.58 % of 2 400 requests, up to 2\.4 times as often as stable, but good needs less than 2 times as often or surely less than 0\.5 %; about /,
    );
    assert.match(sentence(0, 7, 0), /^not decided yet: canary answers 4xx .* or surely less than 0\.5 %; about /);
    assert.match(sentence(7, 7, 0), /0\.5 %; 1 more stream is undecided too; about /);
    // Of two minutes one was the warm-up, so half of the answers tell of the latency.
    assert.match(
      sentence(7, 7, 7),
      /^not decided yet: canary takes longer than 0\.5 s in 0\.58 % of 1 200 requests, .*; 2 more streams are undecided too; about 90 s more at this pace$/,
    );
    const worse = observed(minutes(2, (end) => minute(end, { failed: 7, refused: 9 }, { failed: 7, refused: 7 })));
    assert.match(judged(worse).reason, /^not decided yet: canary answers 4xx /);
    const other = observed(minutes(2, (end) => minute(end, { failed: 9, refused: 7 }, { failed: 7, refused: 7 })));
    assert.match(judged(other).reason, /^not decided yet: canary answers 5xx /);
  });

  it("says where there is no bound yet, and where the events are no requests", () => {
    const few = observed(
      minutes(1, (end) => minute(end, { failed: 6 })),
      { settings: never },
    );
    assert.match(
      judged(few).reason,
      /^not decided yet: canary answers 5xx in 0\.5 % of 1 200 requests, with no upper bound yet compared with stable, but good needs less than 2 times as often or surely less than 0\.5 %; /,
    );
    const missing = observed(
      minutes(1, (end) => minute(end, {})),
      { perRequest: true, settings: never },
      { canaryShare: 0.2 },
    );
    assert.match(
      judged(missing).reason,
      /^not decided yet: canary leaves requests without a good answer up to 8\.7 times as often as stable, but good needs less than 2 times as often; /,
    );
  });

  it("says nothing of a release by its latency, its 4xx or its missing answers, where nothing is compared", () => {
    const odd = (end: number) => alone(minute(end, { refused: 1000, slower: { 5: 1200 } }));
    const evidence = observed(minutes(5, odd), { ...first, perRequest: true });
    assert.equal(judged(evidence).verdict, "good");
    assert.match(judged(evidence).reason, /each of 1 stream is surely/);
  });

  it("says something by a pair of the user even then", () => {
    const lost = (bad: number) => (end: number) => alone(minute(end, { pairs: { lost: { bad, total: 1000 } } }));
    const question = { ...first, pairs: ["lost"] };
    assert.deepEqual(judged(observed(minutes(5, lost(0)), question)).verdict, "good");
    const found = judged(observed(minutes(5, lost(20)), question));
    assert.match(
      found.reason,
      /^not decided yet: canary counts as lost in 2 % of 5 000 requests, but good needs surely less than 0\.5 %; /,
    );
  });

  it("names the slowest measure in the user's unit while nothing points to trouble", () => {
    const few = { slower: { 0.01: 2, 1.5: 0 } };
    const { reason } = judged(observed(minutes(2, (end) => minute(end, few, few))));
    assert.match(
      reason,
      /^undecided, no trouble seen; about \d+ s more at this pace \((only|\d measures still open, slowest:) answers over 10 ms/,
    );
  });

  it("of the latency counts from 10 ms on", () => {
    const noisy = (edge: number, ...more: number[]) =>
      judged(
        observed(
          minutes(3, (end) => {
            const slower = { [edge]: 7, ...Object.fromEntries(more.map((one) => [one, 0])) };
            return minute(end, { slower }, { slower });
          }),
        ),
      );
    assert.match(noisy(0.01, 0.25).reason, /^not decided yet: canary takes longer than 0\.01 s/);
    assert.equal(noisy(0.0099, 0.25).verdict, "good");
    assert.match(noisy(0.25).reason, /^not decided yet: canary takes longer than 0\.25 s/);
    assert.match(noisy(0.001).reason, /^not decided yet: canary takes longer than 0\.001 s/);
    assert.match(noisy(0.25, 0.005).reason, /^not decided yet: canary takes longer than 0\.25 s/);
  });

  it("counts for the longest edge though it is not noticed, and though other kinds come after it", () => {
    const slower = { 0.001: 7, 0.002: 7 };
    const evidence = observed(
      minutes(3, (end) => minute(end, { slower }, { slower })),
      {},
    );
    assert.match(judged(evidence).reason, /^not decided yet: canary takes longer than 0\.002 s in .* 0\.5 %; about /);
  });

  it("is told of by its kind, in whatever order the kinds are, and though there is no 5xx among them", () => {
    const kinds = indicatorsOf([], false);
    const each = (end: number) => minute(end, { failed: 1, refused: 3 }, { failed: 2, refused: 4 });
    const evidence = new Evidence({ canary, stable: [stable] }, kinds.toReversed());
    for (const one of minutes(5, each)) evidence.observe(one);
    assert.match(judged(evidence).reason, /^canary answers 5xx in 0\.083 % of its requests \(stable: 0\.17 %\); /);
    const others = new Evidence({ canary, stable: [stable] }, kinds.slice(1));
    for (const one of minutes(5, each)) others.observe(one);
    assert.equal(judged(others).verdict, "good");
    const single = new Evidence({ canary, ...first, stable: [] }, kinds.slice(1));
    for (const one of minutes(5, each)) single.observe(alone(one));
    assert.equal(convict(single).logWorse, 0);
  });
});
