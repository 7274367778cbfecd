import assert from "node:assert/strict";
import { count, percent, span, times } from "../../analysis/format.ts";

describe("numbers in sentences", () => {
  it("groups thousands, and sets the noun to singular or plural", () => {
    assert.equal(count(1240, "request"), "1 240 requests");
    assert.equal(count(1, "tick"), "1 tick");
    assert.equal(count(1234567), "1 234 567");
  });

  it("shows shares with significant digits only", () => {
    assert.deepEqual([0, 0.0012345, 0.05, 0.99, 0.9995].map(percent), ["0 %", "0.12 %", "5 %", "99 %", "100 %"]);
  });

  it("shows ratios and durations in readable units", () => {
    assert.deepEqual([4.8123, 12.3].map(times), ["4.8", "12"]);
    assert.deepEqual([64, 720, 12600].map(span), ["64 s", "12 min", "3.5 h"]);
  });
});
