import assert from "node:assert/strict";
import type { Driver } from "../../rollout/lease-object.ts";
import { LeaseWatch } from "../../rollout/lease-watch.ts";
import { FakeClock } from "../fake/clock.ts";

const seconds = 1000;
const driver = (version: string, more: Partial<Driver> = {}): Driver => ({
  name: "Process 7 on ci",
  version,
  renewed: "1999-01-01T00:00:00Z",
  lasts: 15 * seconds,
  gone: false,
  ...more,
});

describe("the observation of a driver", () => {
  let clock: FakeClock;
  let observation: LeaseWatch;
  beforeEach(() => {
    clock = new FakeClock();
    observation = new LeaseWatch(clock);
  });
  const seen = (milliseconds: number, driver: Driver | undefined) => {
    clock.jump(milliseconds);
    return observation.see(driver);
  };

  it("is unknown at the first read, whatever time the driver wrote", () => {
    for (const renewed of [undefined, "1999-01-01T00:00:00Z", new Date().toISOString(), "2999-01-01T00:00:00Z"]) {
      assert.equal(new LeaseWatch(clock).see(driver("1", { renewed })), "unknown");
    }
  });

  it("is alive after a renewal, for the lease's duration and a margin", () => {
    assert.equal(seen(0, driver("1")), "unknown");
    assert.equal(seen(4 * seconds, driver("2")), "alive");
    assert.equal(seen(15 * seconds, driver("2")), "alive");
    assert.equal(seen(seconds, driver("2")), "dead");
    assert.equal(seen(seconds, driver("3")), "alive");
  });

  it("is dead without a renewal for the lease's duration, in any version of gray", () => {
    const slow = { lasts: 60 * seconds };
    assert.equal(seen(0, driver("1", slow)), "unknown");
    assert.equal(seen(60 * seconds, driver("1", slow)), "unknown");
    assert.equal(seen(seconds, driver("1", slow)), "dead");
  });

  it("is dead if the lease is free, or its holder has ended", () => {
    assert.equal(seen(0, undefined), "dead");
    assert.equal(seen(seconds, driver("1")), "alive");
    assert.equal(seen(seconds, driver("2", { gone: true })), "dead");
  });

  it("is unknown after a time of failed reads", () => {
    assert.equal(seen(0, driver("1")), "unknown");
    clock.jump(60 * seconds);
    observation.missed();
    assert.equal(seen(seconds, driver("1")), "unknown");
    assert.equal(seen(15 * seconds, driver("1")), "dead");
  });
});
