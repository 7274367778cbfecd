import assert from "node:assert/strict";
import { a, lastTick, ofA, ticksOf } from "./counted.ts";
import { pod, reading, unread } from "./reading.ts";

describe("ticks, of how pods fared,", () => {
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
    assert.deepEqual(lost({}, { ready: false, terminating: true }), [undefined, false]);
    assert.deepEqual(lost({ ready: false }, { ready: false }), [undefined, false]);
  });

  it("say that a pod vanished once, of whichever track, if nobody asked it to end", () => {
    const b = pod("b", { track: "canary", release: "bbbbbbbbbbbb" });
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

  it("do not say that a pod vanished which was never ready nor read: deleted while pending, it goes at once", () => {
    const vanished = (...changes: Parameters<typeof reading>[]) =>
      lastTick(...changes.map((each) => reading(...each)), reading(5, [], [])).pods.map(({ vanished }) => vanished);
    const unready = { ...a, ready: false };
    assert.deepEqual(vanished([0, [unready], [unread("a")]]), []);
    assert.deepEqual(vanished([0, [a], []], [1, [unready], []]), [true]);
    assert.deepEqual(vanished([0, [unready], [ofA({ 200: 1 })]]), [true]);
  });

  it("do not say that a pod vanished which was asked to end, nor after a gap in which that may have gone unseen", () => {
    assert.deepEqual(lastTick(reading(0, [{ ...a, terminating: true }], []), reading(5, [], [])).pods, []);
    assert.equal(lastTick(reading(0, [a], []), reading(6, [], [])).pods.length, 1);
    assert.deepEqual(lastTick(reading(0, [a], []), reading(8, [], [])).pods, []);
  });
});
