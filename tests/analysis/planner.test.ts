import assert from "node:assert/strict";
import fc from "fast-check";
import { defaults } from "../../analysis/defaults.ts";
import { forecast } from "../../analysis/planner.ts";

const share = fc.double({ min: 0.01, max: 0.5, noNaN: true });
const errors = fc.double({ min: 0.0005, max: 0.05, noNaN: true });
const perSecond = fc.integer({ min: 1, max: 100_000 });

describe("the planner", () => {
  it("needs less time for a larger regression, and for more traffic", () => {
    fc.assert(
      fc.property(perSecond, errors, share, (requestsPerSecond, errors, share) => {
        const { notice, clear } = forecast({ requestsPerSecond, errors }, share, defaults);
        const seconds = notice.map(({ expected }) => expected.seconds);
        assert.deepEqual(
          seconds,
          seconds.toSorted((a, b) => b - a),
        );
        const busier = forecast({ requestsPerSecond: 2 * requestsPerSecond, errors }, share, defaults);
        for (const [at, { expected }] of busier.notice.entries()) {
          assert.ok(expected.seconds <= (seconds[at] as number));
        }
        assert.ok(busier.clear.seconds <= clear.seconds);
      }),
    );
  });

  it("needs more requests to canary if 5xx have a smaller share of alpha", () => {
    const traffic = { requestsPerSecond: 200, errors: 0.001 };
    const [alone, beside] = [1, 1 / 2].map(
      (alphaShare) => forecast(traffic, 0.1, defaults, alphaShare).notice[2]?.expected,
    );
    assert.ok(alone && beside && alone.canaryRequests < beside.canaryRequests);
  });

  it("never decides at little weight and little traffic", () => {
    const { notice } = forecast({ requestsPerSecond: 20, errors: 0.001 }, 0.01, defaults);
    assert.ok(notice.every(({ expected }) => expected.seconds > 3600));
  });

  it("never notices a regression below the floor", () => {
    const { notice } = forecast({ requestsPerSecond: 200, errors: 0.0001 }, 0.1, defaults);
    assert.ok(notice.every(({ expected }) => expected.seconds === Infinity));
  });

  it("clears a service without errors at the end of the warm-up, and never before it has enough requests", () => {
    assert.equal(forecast({ requestsPerSecond: 2000, errors: 0 }, 0.1, defaults).clear.seconds, defaults.warmUpSeconds);
    const { canaryRequests } = forecast({ requestsPerSecond: 10, errors: 0 }, 0.1, defaults).clear;
    assert.ok(canaryRequests >= defaults.leastRequests);
  });

  it("never decides without traffic", () => {
    const { notice, clear } = forecast({ requestsPerSecond: 0, errors: 0.001 }, 0.1, defaults);
    assert.ok([...notice.map(({ expected }) => expected), clear].every(({ seconds }) => seconds === Infinity));
  });
});
