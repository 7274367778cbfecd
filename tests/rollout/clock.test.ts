import assert from "node:assert/strict";
import { uptime } from "node:os";
import { machineClock } from "../../rollout/clock.ts";

describe("the clock of the machine", () => {
  it("counts time during which the machine slept", () => {
    const early = uptime() * 1000;
    const now = machineClock.now();
    assert.ok(early <= now && now <= uptime() * 1000);
  });

  it("ends a background wait without an error when its signal aborts", async () => {
    const stopping = new AbortController();
    const asleep = machineClock.sleep(1_000_000, stopping.signal);
    stopping.abort();
    await asleep;
    await machineClock.sleep(1_000_000, stopping.signal);
  });
});
