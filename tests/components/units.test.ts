import assert from "node:assert/strict";
import * as fc from "fast-check";
import * as v from "valibot";
import { duration, type Percent, percentage, percentOf, secondsOf } from "../../components/units.ts";

describe("a duration", () => {
  it("is seconds, or a text with a unit", () => {
    assert.deepEqual(
      [90, "90s", "1.5m", "2h", "1d", "1.25m"].map((each) => secondsOf(each as "1s")),
      [90, 90, 90, 7200, 86_400, 75],
    );
  });

  it("is whole in seconds if tenths of its unit are", () => {
    for (let tenths = 1; tenths < 100; tenths++) {
      assert.equal(secondsOf(`${tenths / 10}h`), tenths * 360);
      assert.equal(secondsOf(`${tenths / 10}m`), tenths * 6);
      assert.equal(secondsOf(`${tenths / 10}d`), tenths * 8640);
    }
  });

  it("is accepted if its seconds are, whatever its unit", () => {
    const most = duration((seconds) => seconds <= 60, "must be at most a minute");
    assert.deepEqual(
      [60, "60s", "1m", 61, "61s", "2m"].map((each) => v.is(most, each)),
      [true, true, true, false, false, false],
    );
  });

  it("is refused without a unit, with another one, or as anything else", () => {
    const any = duration((seconds) => seconds >= 0, "must be a duration");
    for (const each of ["", "90", "10 m", "-5s", "1e3s", "5ms", "m", "1m30s", null, true, Number.NaN, ["5s"], {}]) {
      assert.equal(v.is(any, each), false, JSON.stringify(each));
    }
  });
});

describe("a percentage", () => {
  it("means the same with and without its sign", () => {
    const hundredths = fc.integer({ min: 0, max: 10_000 }).map((each) => each / 100);
    fc.assert(
      fc.property(hundredths, (number) => {
        assert.equal(percentOf(`${number}%`), number);
        assert.ok(v.is(percentage, `${number}%`) && v.is(percentage, number));
      }),
    );
  });

  it("is 0 to 100, with the ends", () => {
    for (const each of [0, "0%", 100, "100%"]) assert.ok(v.is(percentage, each), String(each));
  });

  it("is refused with a message that says what is allowed", () => {
    assert.throws(() => v.parse(percentage, 101), /must be 0 to 100, or a text such as "10%"$/);
  });

  it("is refused below 0, over 100, or in other words", () => {
    for (const each of [
      -1,
      101,
      "101%",
      "-1%",
      "10",
      "10 %",
      "10%x",
      "ten%",
      "%",
      "",
      null,
      [10],
      Number.NaN,
    ] as Percent[]) {
      assert.equal(v.is(percentage, each), false, JSON.stringify(each));
    }
  });
});
