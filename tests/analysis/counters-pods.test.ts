import assert from "node:assert/strict";
import { a, lastTick, ofA, ticksOf } from "./counted.ts";
import { pod, reading, unread } from "./reading.ts";

describe("the pods of a tick", () => {
  it("count restarts above a pod's previous maximum, and all restarts of a new pod", () => {
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

  it("report a lost readiness once, and not for a terminating pod", () => {
    const lost = (...pods: Partial<typeof a>[]) =>
      ticksOf(...pods.map((changes, index) => reading(index, [{ ...a, ...changes }], []))).map(
        (tick) => tick?.pods[0]?.lostReadiness,
      );
    assert.deepEqual(lost({}, { ready: false }, { ready: false }, {}), [undefined, true, false, false]);
    assert.deepEqual(lost({}, { ready: false, terminating: true }), [undefined, false]);
    assert.deepEqual(lost({ ready: false }, { ready: false }), [undefined, false]);
  });

  it("report once that a pod of either track vanished, if it was not terminating", () => {
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

  it("do not report that a pod vanished that ends at once, because its termination may not be seen", () => {
    const tick = lastTick(reading(0, [{ ...a, endsAtOnce: true }], []), reading(5, [], []));
    assert.deepEqual(tick.pods, []);
  });

  it("report that a pod vanished even if another pod of its name replaced it", () => {
    const { pods } = lastTick(reading(0, [a], []), reading(5, [{ ...a, uid: "another" }], []));
    assert.deepEqual(
      pods.map(({ pod, vanished }) => [pod, vanished]),
      [
        ["a", false],
        ["a", true],
      ],
    );
  });

  it("do not report that a pod vanished if it was never ready or read, because a pending pod is deleted at once", () => {
    const vanished = (...changes: Parameters<typeof reading>[]) =>
      lastTick(...changes.map((each) => reading(...each)), reading(5, [], [])).pods.map(({ vanished }) => vanished);
    const unready = { ...a, ready: false };
    assert.deepEqual(vanished([0, [unready], [unread("a")]]), []);
    assert.deepEqual(vanished([0, [a], []], [1, [unready], []]), [true]);
    assert.deepEqual(vanished([0, [unready], [ofA({ 200: 1 })]]), [true]);
  });

  it("do not report that a pod vanished if it was terminating, or after a gap long enough for a normal termination", () => {
    assert.deepEqual(lastTick(reading(0, [{ ...a, terminating: true }], []), reading(5, [], [])).pods, []);
    assert.equal(lastTick(reading(0, [a], []), reading(6, [], [])).pods.length, 1);
    assert.deepEqual(lastTick(reading(0, [a], []), reading(8, [], [])).pods, []);
  });
});
