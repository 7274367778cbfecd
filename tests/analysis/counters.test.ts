import assert from "node:assert/strict";
import fc from "fast-check";
import { advance, type Counters, nothingCounted } from "../../analysis/counters.ts";
import type { Reading, Sample } from "../../analysis/reading.ts";
import type { Tick } from "../../analysis/tick.ts";
import { histogram, pod, read, reading, requests, unread } from "./reading.ts";

const a = pod("a");
const ofA = (counts: Record<string, number>, at?: number) => read("a", requests(counts, at));

/** The ticks of readings one after another; the state goes through JSON in between, as when an observation is resumed. */
function ticksOf(...readings: Reading[]): (Tick | undefined)[] {
  let state: Counters = nothingCounted;
  return readings.map((each) => {
    const { after, tick } = advance(JSON.parse(JSON.stringify(state)), each);
    state = after;
    return tick;
  });
}

/** What the last of these readings added. */
function lastTick(...readings: Reading[]): Tick {
  return ticksOf(...readings).at(-1) ?? assert.fail("no tick");
}

const requestsIn = (tick: Tick, unit = "a") => tick.units.find((each) => each.unit === unit)?.requests;

describe("ticks from counters", () => {
  it("begin with the second reading: what was counted before the first happened before anybody looked", () => {
    const [first, second] = ticksOf(
      reading(0, [a], [ofA({ 200: 1000, 500: 7 })]),
      reading(5, [a], [ofA({ 200: 1100, 500: 8 })]),
    );
    assert.equal(first, undefined);
    assert.deepEqual(second, {
      at: 5000,
      seconds: 5,
      units: [{ unit: "a", release: a.release, pod: true, requests: { 200: 100, 500: 1 }, pairs: {} }],
      pods: [
        {
          pod: "a",
          release: a.release,
          track: "stable",
          ready: true,
          restarts: 0,
          lostReadiness: false,
          vanished: false,
        },
      ],
      problems: [],
    });
  });

  it("take increments series by series, so that one that began anew is not hidden by another that grew", () => {
    const before = [
      { id: "GET", counter: { kind: "requests", code: "200" }, value: 100 },
      { id: "POST", counter: { kind: "requests", code: "200" }, value: 100 },
    ] as const;
    const after = [
      { ...before[0], value: 250 },
      { ...before[1], value: 3 },
    ];
    assert.deepEqual(requestsIn(lastTick(reading(0, [a], [read("a", before)]), reading(5, [a], [read("a", after)]))), {
      200: 253,
    });
  });

  it("count all of a value that is below the former one: the process began anew", () => {
    assert.deepEqual(requestsIn(lastTick(reading(0, [a], [ofA({ 200: 900 })]), reading(5, [a], [ofA({ 200: 12 })]))), {
      200: 12,
    });
  });

  it("count all series of a process anew where one fell: its errors would hide in a count that did not fall", () => {
    const counts = [
      { 200: 1000, 500: 50 },
      { 200: 990, 500: 50 },
      { 200: 995, 500: 52 },
    ];
    const [, respawned, next] = ticksOf(...counts.map((each, at) => reading(5 * at, [a], [ofA(each)])));
    assert.deepEqual(respawned && requestsIn(respawned), { 200: 990, 500: 50 });
    assert.deepEqual(next && requestsIn(next), { 200: 5, 500: 2 });
  });

  it("count a series from zero that its new process has later than others, however much the former one had counted", () => {
    const counts = [{ 200: 1000, 500: 50 }, { 200: 10 }, { 200: 20, 500: 60 }];
    const ticks = ticksOf(...counts.map((each, at) => reading(5 * at, [a], [ofA(each)])));
    assert.deepEqual(
      ticks.map((tick) => tick && requestsIn(tick)),
      [undefined, { 200: 10 }, { 200: 10, 500: 60 }],
    );
  });

  it("count nothing again of a former process whose last samples are still shown beside those of the new one", () => {
    const old = requests({ 500: 50 }, 0);
    const ticks = ticksOf(
      reading(0, [a], [read("a", [...requests({ 200: 1000 }, 0), ...old])]),
      reading(5, [a], [read("a", [...requests({ 200: 10 }, 5000), ...old])]),
      reading(10, [a], [read("a", [...requests({ 200: 15 }, 10_000), ...requests({ 500: 2 }, 10_000)])]),
    );
    assert.deepEqual(
      ticks.map((tick) => tick && requestsIn(tick)),
      [undefined, { 200: 10, 500: 0 }, { 200: 5, 500: 2 }],
    );
  });

  it("leave the other processes of a unit as they are when one begins anew", () => {
    const of = (process: string, value: number): Sample => ({
      id: process,
      process,
      counter: { kind: "requests", code: "200" },
      value,
    });
    const tick = lastTick(
      reading(0, [a], [read("a", [of("app", 100), of("sidecar", 1000)])]),
      reading(5, [a], [read("a", [of("app", 3), of("sidecar", 1010)])]),
    );
    assert.deepEqual(requestsIn(tick), { 200: 13 });
  });

  it("count a series anew that fell because another process counts it now", () => {
    const of = (process: string, value: number): Sample => ({
      id: "code 200",
      process,
      counter: { kind: "requests", code: "200" },
      value,
    });
    const tick = lastTick(
      reading(0, [a], [read("a", [of("10.0.0.1:8080", 100)])]),
      reading(5, [a], [read("a", [of("10.0.0.2:8080", 3)])]),
    );
    assert.deepEqual(requestsIn(tick), { 200: 3 });
  });

  it("count the buckets of a histogram anew together, also those that are above their former value", () => {
    const { units } = lastTick(
      reading(0, [a], [read("a", histogram({ 0.1: 10, 1: 11, all: 11 }))]),
      reading(5, [a], [read("a", histogram({ 0.1: 4, 1: 12, all: 14 }))]),
    );
    assert.deepEqual(units[0]?.latency, {
      total: 14,
      slower: [
        [0.1, 10],
        [1, 2],
      ],
    });
  });

  it("count a series from zero that is new in a unit that was read before: the first error brings its own", () => {
    const tick = lastTick(reading(0, [a], [ofA({ 200: 900 })]), reading(5, [a], [ofA({ 200: 901, 500: 2 })]));
    assert.deepEqual(requestsIn(tick), { 200: 1, 500: 2 });
  });

  it("count a pod from zero that was in no earlier listing, even if it cannot be read at first", () => {
    const b = pod("b", { track: "canary", release: "bbbbbbbbbbbb" });
    const ofB = read("b", requests({ 200: 40, 500: 2 }), { release: b.release });
    const at0 = reading(0, [a], [ofA({ 200: 900 })]);
    assert.deepEqual(requestsIn(lastTick(at0, reading(5, [a, b], [ofB])), "b"), { 200: 40, 500: 2 });
    const tick = lastTick(at0, reading(5, [a, b], [unread("b")]), reading(10, [a, b], [ofB]));
    assert.deepEqual(requestsIn(tick, "b"), { 200: 40, 500: 2 });
  });

  it("only take a baseline of a pod that was there from the first reading but could not be read yet", () => {
    const [, , second, third] = ticksOf(
      reading(0, [a], [unread("a")]),
      reading(5, [a], []),
      reading(10, [a], [ofA({ 200: 900, 500: 5 })]),
      reading(15, [a], [ofA({ 200: 910, 500: 5 })]),
    );
    assert.deepEqual(second?.units, []);
    assert.deepEqual(third && requestsIn(third), { 200: 10, 500: 0 });
  });

  it("only take a baseline of a backend at first sight, and count its new series from zero from then on", () => {
    const backend = (counts: Record<string, number>) => read("canary by traefik-1", requests(counts));
    const [, first, second] = ticksOf(
      reading(0, [a], []),
      reading(5, [a], [backend({ 200: 50_000 })]),
      reading(10, [a], [backend({ 200: 50_003, 500: 1 })]),
    );
    assert.deepEqual(first?.units, []);
    assert.deepEqual(second && requestsIn(second, "canary by traefik-1"), { 200: 3, 500: 1 });
  });

  it("count a backend from zero that was read when it had no series yet", () => {
    const backend = (counts: Record<string, number>) => read("canary by traefik-1", requests(counts));
    const tick = lastTick(reading(0, [a], [backend({})]), reading(5, [a], [backend({ 500: 2 })]));
    assert.deepEqual(requestsIn(tick, "canary by traefik-1"), { 500: 2 });
  });

  it("tell a pod from a backend", () => {
    const units = (count: number) => [ofA({ 200: count }), read("stable by traefik-1", requests({ 200: count }))];
    const tick = lastTick(reading(0, [a], units(1)), reading(5, [a], units(2)));
    assert.deepEqual(
      tick.units.map(({ unit, pod }) => [unit, pod]),
      [
        ["a", true],
        ["stable by traefik-1", false],
      ],
    );
  });

  it("leave out what a backend counted while its release changed", () => {
    const backend = (release: string, count: number) => read("canary by g", requests({ 200: count }), { release });
    const [, changed, next] = ticksOf(
      reading(0, [a], [backend("aaaaaaaaaaaa", 100)]),
      reading(5, [a], [backend("bbbbbbbbbbbb", 150)]),
      reading(10, [a], [backend("bbbbbbbbbbbb", 160)]),
    );
    assert.deepEqual(changed?.units, []);
    assert.match(changed?.problems[0] ?? "", /went from release aaaaaaaaaaaa to bbbbbbbbbbbb: what it counted between/);
    assert.deepEqual(next && requestsIn(next, "canary by g"), { 200: 10 });
  });

  it("leave out what a backend counted while two releases answered for it", () => {
    const backend = (count: number) => read("canary by g", requests({ 200: count }));
    const [, , back, next] = ticksOf(
      reading(0, [a], [backend(100)]),
      reading(5, [a], [{ unit: "canary by g", release: "", problem: "Backend canary mixes releases." }]),
      reading(10, [a], [backend(300)]),
      reading(15, [a], [backend(301)]),
    );
    assert.deepEqual(back?.units, []);
    assert.deepEqual(next && requestsIn(next, "canary by g"), { 200: 1 });
  });

  it("add nothing for a unit that is gone", () => {
    const tick = lastTick(reading(0, [a], [ofA({ 200: 900 })]), reading(5, [], []));
    assert.deepEqual(tick.units, []);
  });

  it("cover both ticks with the next increment where a unit could not be read in between", () => {
    const [, second, third] = ticksOf(
      reading(0, [a], [ofA({ 200: 900 })]),
      reading(5, [a], [unread("a")]),
      reading(10, [a], [ofA({ 200: 930, 500: 4 })]),
    );
    assert.deepEqual([second?.units, second?.problems], [[], ["a gave no answer."]]);
    assert.deepEqual(third && requestsIn(third), { 200: 30, 500: 4 });
  });

  it("do not take a pod for new that was missing from a listing in between", () => {
    const tick = lastTick(
      reading(0, [a], [ofA({ 200: 900 })]),
      reading(5, [], []),
      reading(10, [a], [ofA({ 200: 905 })]),
    );
    assert.deepEqual(requestsIn(tick), { 200: 5 });
  });

  it("do not take a pod for new that comes back after its series were forgotten", () => {
    const [, , first, second] = ticksOf(
      reading(0, [], []),
      reading(5, [a], [ofA({ 200: 900 })]),
      reading(7200, [], []),
      reading(7205, [a], [ofA({ 200: 1000 })]),
    );
    assert.deepEqual([first?.units, second?.units], [[], []]);
  });

  it("forget the series of a pod that has been gone for an hour", () => {
    const { after } = advance(nothingCounted, reading(0, [a], [ofA({ 200: 900 })]));
    assert.deepEqual(Object.keys(advance(after, reading(3600, [], [])).after.units), ["pod uid-of-a"]);
    assert.deepEqual(Object.keys(advance(after, reading(3601, [], [])).after.units), []);
  });

  it("add nothing for the same scrape seen again, and miss nothing of the next one", () => {
    const ticks = ticksOf(
      reading(0, [a], [ofA({ 200: 100 }, 0)]),
      reading(5, [a], [ofA({ 200: 120 }, 4000)]),
      reading(10, [a], [ofA({ 200: 120 }, 4000)]),
      reading(15, [a], [ofA({ 200: 150 }, 14_000)]),
    );
    assert.deepEqual(
      ticks.map((tick) => tick && requestsIn(tick)),
      [undefined, { 200: 20 }, { 200: 0 }, { 200: 30 }],
    );
  });

  it("add nothing for samples that arrive late or out of order, though their values look like a reset", () => {
    const ticks = ticksOf(
      reading(0, [a], [ofA({ 200: 100 }, 0)]),
      reading(5, [a], [ofA({ 200: 200 }, 5000)]),
      reading(10, [a], [ofA({ 200: 120 }, 1000)]),
      reading(15, [a], [ofA({ 200: 260 }, 15_000)]),
    );
    assert.deepEqual(
      ticks.map((tick) => tick && requestsIn(tick)),
      [undefined, { 200: 100 }, { 200: 0 }, { 200: 60 }],
    );
  });

  it("count restarts above the most a pod ever had, and all those of a new pod", () => {
    const b = pod("b");
    const restarts = (of: number) => ({ ...a, restarts: of });
    const ticks = ticksOf(
      reading(0, [restarts(3)], []),
      reading(5, [restarts(5)], []),
      reading(10, [restarts(0), { ...b, restarts: 2 }], []),
      reading(15, [restarts(6), { ...b, restarts: 2 }], []),
    );
    assert.deepEqual(
      ticks.map((tick) => tick?.pods.map((each) => each.restarts)),
      [undefined, [2], [0, 2], [1, 0]],
    );
  });

  it("say that a pod lost its readiness once, and not of one that was asked to end", () => {
    const lost = (...pods: Partial<typeof a>[]) =>
      ticksOf(...pods.map((changes, index) => reading(index, [{ ...a, ...changes }], []))).map(
        (tick) => tick?.pods[0]?.lostReadiness,
      );
    assert.deepEqual(lost({}, { ready: false }, { ready: false }, {}), [undefined, true, false, false]);
    assert.deepEqual(lost({}, { ready: false, ending: true }), [undefined, false]);
    assert.deepEqual(lost({ ready: false }, { ready: false }), [undefined, false]);
  });

  it("say that a pod vanished once, of whichever track, if nobody asked it to end", () => {
    const b = pod("b", { track: "canary", release: "bbbbbbbbbbbb", ready: false });
    const ticks = ticksOf(reading(0, [a, b], []), reading(5, [], []), reading(10, [], []));
    const gone = { ready: false, restarts: 0, lostReadiness: false, vanished: true };
    assert.deepEqual(
      ticks.map((tick) => tick?.pods),
      [
        undefined,
        [
          { pod: "a", release: a.release, track: "stable", ...gone },
          { pod: "b", release: b.release, track: "canary", ...gone },
        ],
        [],
      ],
    );
  });

  it("say of a pod that it vanished though another of its name took its place", () => {
    const { pods } = lastTick(reading(0, [a], []), reading(5, [{ ...a, uid: "another" }], []));
    assert.deepEqual(
      pods.map(({ pod, vanished }) => [pod, vanished]),
      [
        ["a", false],
        ["a", true],
      ],
    );
  });

  it("do not say that a pod vanished which was asked to end, nor after a gap in which that may have gone unseen", () => {
    assert.deepEqual(lastTick(reading(0, [{ ...a, ending: true }], []), reading(5, [], [])).pods, []);
    assert.equal(lastTick(reading(0, [a], []), reading(6, [], [])).pods.length, 1);
    assert.deepEqual(lastTick(reading(0, [a], []), reading(8, [], [])).pods, []);
  });

  it("are refused to a reading that is not later than the former one, which changes nothing", () => {
    const { after } = advance(nothingCounted, reading(10, [a], [ofA({ 200: 100 })]));
    for (const seconds of [10, 9, Number.NaN, Infinity]) {
      assert.deepEqual(advance(after, reading(seconds, [a], [ofA({ 200: 200 })])), { after });
    }
    assert.deepEqual(advance(nothingCounted, reading(Number.NaN, [a], [])), { after: nothingCounted });
  });

  it("count a unit as not read that gives what is no count, or a series twice: its errors may be in that very series", () => {
    for (const [samples, problem] of [
      [requests({ 200: 200, 500: Number.NaN }), /^a gives NaN for code 500, which is no count/],
      [requests({ 200: -1 }), /^a gives -1 for code 200/],
      [requests({ 200: Infinity }), /^a gives Infinity/],
      [requests({ 200: 200 }, Number.NaN), /^a gives no time for code 200/],
      [[...requests({ 200: 200 }), ...requests({ 200: 300 })], /^a gives code 200 twice/],
    ] as [Sample[], RegExp][]) {
      const [, tick, next] = ticksOf(
        reading(0, [a], [ofA({ 200: 100 })]),
        reading(5, [a], [read("a", samples)]),
        reading(10, [a], [ofA({ 200: 250 })]),
      );
      assert.deepEqual(tick?.units, []);
      assert.match(tick?.problems[0] ?? "", problem);
      assert.deepEqual(next && requestsIn(next), { 200: 150 });
    }
  });

  it("count a unit once that is read twice in one look", () => {
    const tick = lastTick(
      reading(0, [a], [ofA({ 200: 100 })]),
      reading(5, [a], [ofA({ 200: 110 }), ofA({ 200: 110 })]),
    );
    assert.deepEqual([tick.units.length, requestsIn(tick)], [1, { 200: 10 }]);
    assert.match(tick.problems[0] ?? "", /a was read twice/);
  });

  it("say once what is wrong with all pods alike", () => {
    const [b, c] = [pod("b"), pod("c")];
    const silent = [a, b, c].map(({ name }) => unread(name, "Prometheus gave no answer within 5 s."));
    assert.deepEqual(lastTick(reading(0, [a, b, c], silent), reading(5, [a, b, c], silent)).problems, [
      "Prometheus gave no answer within 5 s.",
    ]);
  });

  it("tell a pod from its replacement of the same name", () => {
    const tick = lastTick(
      reading(0, [a], [ofA({ 200: 100 })]),
      reading(5, [{ ...a, uid: "another" }], [ofA({ 200: 130 })]),
    );
    assert.deepEqual(requestsIn(tick), { 200: 130 });
  });

  it("survive names that objects have of themselves", () => {
    const odd = pod("constructor", { uid: "__proto__" });
    const of = (count: number) =>
      read(
        "constructor",
        requests({ 200: count }).map((sample) => ({ ...sample, id: "__proto__" })),
      );
    const tick = lastTick(reading(0, [odd], [of(1)]), reading(5, [odd], [of(4)]));
    assert.deepEqual(requestsIn(tick, "constructor"), { 200: 3 });
  });
});

describe("a unit's series in a tick", () => {
  const tickOf = (before: Sample[], after: Sample[]) =>
    lastTick(reading(0, [a], [read("a", before)]), reading(5, [a], [read("a", after)])).units[0];

  it("are requests by code, those slower than each edge, and pairs", () => {
    const pair = (of: "bad" | "total", value: number): Sample => ({
      id: of,
      counter: { kind: "pair", name: "orders", of },
      value,
    });
    const tick = tickOf(
      [...requests({ 200: 10 }), ...histogram({ 1: 8, 0.1: 5, all: 10 }), pair("bad", 0), pair("total", 6)],
      [...requests({ 200: 30 }), ...histogram({ 1: 25, 0.1: 20, all: 30 }), pair("bad", 1), pair("total", 9)],
    );
    assert.deepEqual(tick, {
      unit: "a",
      release: a.release,
      pod: true,
      requests: { 200: 20 },
      latency: {
        total: 20,
        slower: [
          [0.1, 5],
          [1, 3],
        ],
      },
      pairs: { orders: { bad: 1, total: 3 } },
    });
  });

  it("have no latency where a histogram does not say how many it measured", () => {
    assert.equal(tickOf(histogram({ 1: 8 }), histogram({ 1: 9 }))?.latency, undefined);
  });

  it("have latency at the edges that all histograms have", () => {
    const before = [...histogram({ 0.1: 0, 1: 0, all: 0 }, "GET"), ...histogram({ 1: 0, 5: 0, all: 0 }, "POST")];
    const after = [...histogram({ 0.1: 3, 1: 4, all: 5 }, "GET"), ...histogram({ 1: 2, 5: 3, all: 6 }, "POST")];
    assert.deepEqual(tickOf(before, after)?.latency, { total: 11, slower: [[1, 5]] });
  });

  it("have no pair of which nobody counts the total", () => {
    const bad: Sample = { id: "bad", counter: { kind: "pair", name: "orders", of: "bad" }, value: 1 };
    assert.deepEqual(tickOf([bad], [{ ...bad, value: 2 }])?.pairs, {});
  });

  it("never have more slow requests at a higher edge, nor fewer than none, from a scrape that was not one moment", () => {
    const tick = tickOf(histogram({ 0.1: 0, 1: 0, 5: 0, all: 0 }), histogram({ 0.1: 8, 1: 6, 5: 11, all: 10 }));
    assert.deepEqual(tick?.latency?.slower, [
      [0.1, 2],
      [1, 2],
      [5, 0],
    ]);
  });
});

describe("ticks of any history", () => {
  const codes = ["200", "404", "500"];
  const step = fc.record({
    /** Requests by code of each of two pods. */
    more: fc.array(fc.array(fc.nat(20), { minLength: 3, maxLength: 3 }), { minLength: 2, maxLength: 2 }),
    look: fc.boolean(),
    fails: fc.boolean(),
    anew: fc.boolean(),
  });
  const pods = [a, pod("b")];

  /** Readings of two pods whose counters only grow; a code has a series once it was counted. */
  function history(steps: readonly { more: number[][]; look: boolean; fails?: boolean; anew?: boolean }[]): Reading[] {
    const totals = pods.map(() => codes.map(() => 0));
    const last = steps.length - 1;
    return steps.flatMap(({ more, look, fails = false, anew = false }, index) => {
      if (anew) totals[0] = codes.map(() => 0);
      for (const [which, counts] of more.entries()) {
        for (const [code, count] of counts.entries())
          (totals[which] as number[])[code] = at(totals, which, code) + count;
      }
      if (!look && index !== 0 && index !== last) return [];
      const units = pods.map(({ name }, which) => {
        const counts = codes.map((code, position) => [code, at(totals, which, position)] as const);
        return fails && which === 0 && index !== 0 && index !== last
          ? unread(name)
          : read(name, requests(Object.fromEntries(counts.filter(([, count]) => count > 0))));
      });
      return [reading(index, pods, units)];
    });
  }
  const at = (totals: number[][], which: number, code: number) => totals[which]?.[code] ?? 0;

  function sum(readings: Reading[], state: Counters = nothingCounted): Record<string, number> {
    const total: Record<string, number> = {};
    for (const each of readings) {
      const { after, tick } = advance(state, each);
      state = after;
      for (const { unit, requests } of tick?.units ?? []) {
        for (const [code, count] of Object.entries(requests)) {
          if (count > 0) total[`${unit} ${code}`] = (total[`${unit} ${code}`] ?? 0) + count;
        }
      }
    }
    return total;
  }

  it("say the same together, whenever somebody looked and whatever could not be read in between", () => {
    fc.assert(
      fc.property(fc.array(step, { minLength: 2, maxLength: 12 }), (steps) => {
        const growing = steps.map(({ anew: _, ...each }) => each);
        const everywhere = growing.map((each) => ({ ...each, look: true, fails: false }));
        assert.deepEqual(sum(history(growing)), sum(history(everywhere)));
      }),
    );
  });

  it("have no increment below zero and none that is no number, whenever a process begins anew", () => {
    fc.assert(
      fc.property(fc.array(step, { minLength: 2, maxLength: 12 }), (steps) => {
        for (const tick of ticksOf(...history(steps))) {
          for (const { requests } of tick?.units ?? []) {
            for (const count of Object.values(requests)) assert.ok(Number.isFinite(count) && count >= 0, `${count}`);
          }
        }
      }),
    );
  });

  it("are the same after the state went through JSON in the middle", () => {
    fc.assert(
      fc.property(fc.array(step, { minLength: 2, maxLength: 12 }), fc.nat(11), (steps, cut) => {
        const readings = history(steps);
        let [straight, resumed]: Counters[] = [nothingCounted, nothingCounted];
        for (const [index, each] of readings.entries()) {
          const one = advance(straight as Counters, each);
          const other = advance(index === cut ? JSON.parse(JSON.stringify(resumed)) : resumed, each);
          assert.deepEqual(other.tick, one.tick);
          [straight, resumed] = [one.after, other.after];
        }
      }),
    );
  });

  it("never come from garbage: it throws nothing and counts no more than the values it shows", () => {
    const value = fc.oneof(fc.nat(50), fc.constantFrom(Number.NaN, Infinity, -1, -0));
    const sample = fc.record(
      {
        id: fc.constantFrom("x", "y", "__proto__", ""),
        process: fc.constantFrom("one", "another"),
        counter: fc.oneof(
          fc.constantFrom("200", "500", "constructor").map((code) => ({ kind: "requests" as const, code })),
          fc.constantFrom(0.1, 1, Infinity, Number.NaN).map((seconds) => ({ kind: "within" as const, seconds })),
          fc.constantFrom("bad" as const, "total" as const).map((of) => ({ kind: "pair" as const, name: "p", of })),
        ),
        value,
        at: fc.oneof(fc.nat(20_000), fc.constant(Number.NaN)),
      },
      { requiredKeys: ["id", "counter", "value"] },
    );
    const unit = fc.record(
      {
        unit: fc.constantFrom("a", "b", "gateway", "__proto__"),
        release: fc.constantFrom("aaaaaaaaaaaa", "bbbbbbbbbbbb", ""),
        samples: fc.array(sample, { maxLength: 4 }),
        problem: fc.string(),
      },
      { requiredKeys: ["unit", "release"] },
    );
    const listed = fc.constantFrom(a, pod("b"), { ...a, restarts: Number.NaN }, { ...a, uid: "__proto__" });
    const anyReading = fc.record({
      at: fc.oneof(fc.nat(20_000), fc.constantFrom(Number.NaN, Infinity)),
      pods: fc.array(listed, { maxLength: 3 }),
      units: fc.array(unit, { maxLength: 4 }),
    });
    fc.assert(
      fc.property(fc.array(anyReading, { maxLength: 8 }), (readings) => {
        for (const [index, tick] of ticksOf(...readings).entries()) {
          const shown = (readings[index] as Reading).units
            .flatMap(({ samples = [] }) => samples.map((each) => each.value))
            .filter((each) => each > 0 && Number.isFinite(each))
            .reduce((total, each) => total + each, 0);
          const counted = (tick?.units ?? [])
            .flatMap(({ requests, pairs, latency }) => [
              ...Object.values(requests),
              ...Object.values(pairs).flatMap(({ bad, total }) => [bad, total]),
              latency?.total ?? 0,
            ])
            .reduce((total, each) => total + (each >= 0 ? each : Number.NaN), 0);
          assert.ok(counted <= shown, `${counted} of ${shown}`);
          for (const each of tick?.pods ?? []) assert.ok(each.restarts >= 0);
        }
      }),
      { numRuns: 500 },
    );
  });
});
