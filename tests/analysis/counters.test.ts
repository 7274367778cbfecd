import assert from "node:assert/strict";
import { advance, nothingCounted } from "../../analysis/counters.ts";
import { a, lastTick, ofA, requestsIn, ticksOf } from "./counted.ts";
import { pod, read, reading, requests, unread } from "./reading.ts";

describe("ticks from counters", () => {
  it("begin with the second reading, because counts of the first precede the observation", () => {
    const [first, second] = ticksOf(
      reading(0, [a], [ofA({ 200: 1000, 500: 7 })]),
      reading(5, [a], [ofA({ 200: 1100, 500: 8 })]),
    );
    assert.equal(first, undefined);
    assert.deepEqual(second, {
      at: 5000,
      seconds: 5,
      targets: [{ target: "a", release: a.release, pod: true, requests: { 200: 100, 500: 1 }, pairs: {} }],
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

  it("take increments series by series, so that the growth of one series does not hide the reset of another", () => {
    const before = [
      { id: "GET", counter: { kind: "requests", code: "200" }, value: 100 },
      { id: "POST", counter: { kind: "requests", code: "200" }, value: 100 },
    ] as const;
    const after = [
      { ...before[0], value: 250 },
      { ...before[1], value: 3 },
    ];
    const again = { ...a, restarts: 1 };
    const tick = lastTick(reading(0, [a], [read("a", before)]), reading(5, [again], [read("a", after)]));
    assert.deepEqual(requestsIn(tick), { 200: 253 });
  });

  it("count a new series from zero in a target that was read before, because a first error creates its own series", () => {
    const tick = lastTick(reading(0, [a], [ofA({ 200: 900 })]), reading(5, [a], [ofA({ 200: 901, 500: 2 })]));
    assert.deepEqual(requestsIn(tick), { 200: 1, 500: 2 });
  });

  it("count a pod from zero that no earlier reading listed, even if it cannot be read at first", () => {
    const b = pod("b", { track: "canary", release: "bbbbbbbbbbbb" });
    const ofB = read("b", requests({ 200: 40, 500: 2 }), { release: b.release });
    const at0 = reading(0, [a], [ofA({ 200: 900 })]);
    assert.deepEqual(requestsIn(lastTick(at0, reading(5, [a, b], [ofB])), "b"), { 200: 40, 500: 2 });
    const tick = lastTick(at0, reading(5, [a, b], [unread("b")]), reading(10, [a, b], [ofB]));
    assert.deepEqual(requestsIn(tick, "b"), { 200: 40, 500: 2 });
  });

  it("count nothing of a pod until it was first ready, because only probes reach it before", () => {
    const starting = pod("b", { ready: false });
    const b = pod("b");
    const of = (counts: Record<string, number>, at?: number) => read("b", requests(counts, at));
    const ticks = ticksOf(
      reading(0, [a], []),
      reading(5, [a, starting], [of({ 503: 4 })]),
      reading(10, [a, starting], [of({ 503: 8 })]),
      reading(15, [a, b], [of({ 503: 9, 200: 2 })]),
      reading(20, [a, b], [of({ 503: 9, 200: 12, 500: 1 })]),
      reading(25, [a, starting], [of({ 503: 9, 200: 13, 500: 3 })]),
    );
    assert.deepEqual(
      ticks.map((tick) => tick && requestsIn(tick, "b")),
      [undefined, { 503: 0 }, { 503: 0 }, { 503: 0, 200: 0 }, { 503: 0, 200: 10, 500: 1 }, { 503: 0, 200: 1, 500: 2 }],
    );
  });

  it("count the user's pairs of a pod that was never ready, because a worker takes its work all the same", () => {
    const starting = pod("b", { ready: false });
    const total = (value: number) =>
      read("b", [
        { id: "jobs", counter: { kind: "pair", name: "jobs", of: "total" }, value },
        ...requests({ 200: value }),
      ]);
    const tick = lastTick(reading(0, [starting], [total(3)]), reading(5, [starting], [total(10)]));
    assert.deepEqual([tick.targets[0]?.pairs, tick.targets[0]?.requests], [{ jobs: { bad: 0, total: 7 } }, { 200: 0 }]);
  });

  it("count nothing of a pod that was unready from a sample that is older than its first ready, or from none", () => {
    const starting = pod("b", { ready: false });
    const b = pod("b");
    const of = (count: number, at: number) => read("b", requests({ 503: count }, at));
    const late = ticksOf(
      reading(0, [a], []),
      reading(5, [a, starting], []),
      reading(20, [a, b], []),
      reading(25, [a, b], [of(30, 24_000)]),
      reading(40, [a, b], [of(31, 39_000)]),
    );
    assert.deepEqual(
      late.slice(3).map((tick) => tick && requestsIn(tick, "b")),
      [{ 503: 0 }, { 503: 1 }],
    );
    const old = ticksOf(
      reading(0, [a], []),
      reading(5, [a, starting], [of(30, 4000)]),
      reading(20, [a, b], [of(30, 4000)]),
      reading(25, [a, b], [of(70, 24_000)]),
      reading(40, [a, b], [of(72, 39_000)]),
    );
    assert.deepEqual(
      old.slice(2).map((tick) => tick && requestsIn(tick, "b")),
      [{ 503: 0 }, { 503: 0 }, { 503: 2 }],
    );
  });

  it("only take a baseline of a pod that the first reading listed but could not read", () => {
    const [, , second, third] = ticksOf(
      reading(0, [a], [unread("a")]),
      reading(5, [a], []),
      reading(10, [a], [ofA({ 200: 900, 500: 5 })]),
      reading(15, [a], [ofA({ 200: 910, 500: 5 })]),
    );
    assert.deepEqual(second?.targets, []);
    assert.deepEqual(third && requestsIn(third), { 200: 10, 500: 0 });
  });

  it("only take a baseline of a backend when it is first read, and count its new series from zero afterwards", () => {
    const backend = (counts: Record<string, number>) => read("canary by traefik-1", requests(counts));
    const [, first, second] = ticksOf(
      reading(0, [a], []),
      reading(5, [a], [backend({ 200: 50_000 })]),
      reading(10, [a], [backend({ 200: 50_003, 500: 1 })]),
    );
    assert.deepEqual(first?.targets, []);
    assert.deepEqual(second && requestsIn(second, "canary by traefik-1"), { 200: 3, 500: 1 });
  });

  it("count a backend from zero that was read before it had series", () => {
    const backend = (counts: Record<string, number>) => read("canary by traefik-1", requests(counts));
    const tick = lastTick(reading(0, [a], [backend({})]), reading(5, [a], [backend({ 500: 2 })]));
    assert.deepEqual(requestsIn(tick, "canary by traefik-1"), { 500: 2 });
  });

  it("distinguish a pod from a backend", () => {
    const targets = (count: number) => [ofA({ 200: count }), read("stable by traefik-1", requests({ 200: count }))];
    const tick = lastTick(reading(0, [a], targets(1)), reading(5, [a], targets(2)));
    assert.deepEqual(
      tick.targets.map(({ target, pod }) => [target, pod]),
      [
        ["a", true],
        ["stable by traefik-1", false],
      ],
    );
  });

  it("leave out requests that a backend counted while its release changed", () => {
    const backend = (release: string, count: number) => read("canary by g", requests({ 200: count }), { release });
    const [, changed, next] = ticksOf(
      reading(0, [a], [backend("aaaaaaaaaaaa", 100)]),
      reading(5, [a], [backend("bbbbbbbbbbbb", 150)]),
      reading(10, [a], [backend("bbbbbbbbbbbb", 160)]),
    );
    assert.deepEqual(changed?.targets, []);
    assert.match(
      changed?.problems[0] ?? "",
      /went from release aaaaaaaaaaaa to bbbbbbbbbbbb: requests counted in between/,
    );
    assert.deepEqual(next && requestsIn(next, "canary by g"), { 200: 10 });
  });

  it("leave out requests that a backend counted while it mixed two releases", () => {
    const backend = (count: number) => read("canary by g", requests({ 200: count }));
    const [, , back, next] = ticksOf(
      reading(0, [a], [backend(100)]),
      reading(5, [a], [{ target: "canary by g", release: "", problem: "Backend canary mixes releases." }]),
      reading(10, [a], [backend(300)]),
      reading(15, [a], [backend(301)]),
    );
    assert.deepEqual(back?.targets, []);
    assert.deepEqual(next && requestsIn(next, "canary by g"), { 200: 1 });
  });

  it("add nothing for a target that is gone", () => {
    const tick = lastTick(reading(0, [a], [ofA({ 200: 900 })]), reading(5, [], []));
    assert.deepEqual(tick.targets, []);
  });

  it("do not treat a pod as new that one reading did not list", () => {
    const tick = lastTick(
      reading(0, [a], [ofA({ 200: 900 })]),
      reading(5, [], []),
      reading(10, [a], [ofA({ 200: 905 })]),
    );
    assert.deepEqual(requestsIn(tick), { 200: 5 });
  });

  it("do not treat a pod as new that returns after its series were dropped", () => {
    const [, , first, second] = ticksOf(
      reading(0, [], []),
      reading(5, [a], [ofA({ 200: 900 })]),
      reading(7200, [], []),
      reading(7205, [a], [ofA({ 200: 1000 })]),
    );
    assert.deepEqual([first?.targets, second?.targets], [[], []]);
  });

  it("drop the series of a pod that has been gone for an hour", () => {
    const { after } = advance(nothingCounted, reading(0, [a], [ofA({ 200: 900 })]));
    assert.deepEqual(Object.keys(advance(after, reading(3600, [], [])).after.targets), ["pod uid-of-a"]);
    assert.deepEqual(Object.keys(advance(after, reading(3601, [], [])).after.targets), []);
  });

  it("do not come from a reading that is not later than the previous one, which changes nothing", () => {
    const { after } = advance(nothingCounted, reading(10, [a], [ofA({ 200: 100 })]));
    for (const seconds of [10, 9, Number.NaN, Infinity]) {
      assert.deepEqual(advance(after, reading(seconds, [a], [ofA({ 200: 200 })])), { after });
    }
    assert.deepEqual(advance(nothingCounted, reading(Number.NaN, [a], [])), { after: nothingCounted });
  });

  it("distinguish a pod from its replacement of the same name", () => {
    const tick = lastTick(
      reading(0, [a], [ofA({ 200: 100 })]),
      reading(5, [{ ...a, uid: "another" }], [ofA({ 200: 130 })]),
    );
    assert.deepEqual(requestsIn(tick), { 200: 130 });
  });

  it("support names that are properties of every JavaScript object", () => {
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
