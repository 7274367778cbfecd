import assert from "node:assert/strict";
import type { Tick } from "../../analysis/tick.ts";
import { measuredIn } from "../../evaluation/measure.ts";

/** Ten seconds of one pod of each track, with the answers of each. */
function tick(answers: Readonly<Record<"stable" | "canary", Record<string, number>>>): Tick {
  const each = Object.entries(answers);
  return {
    at: 10_000,
    seconds: 10,
    targets: each.map(([track, requests]) => ({
      target: `web-${track}`,
      release: track,
      pod: true,
      requests,
      pairs: {},
    })),
    pods: each.map(([track]) => ({
      pod: `web-${track}`,
      release: track,
      track,
      ready: true,
      restarts: 0,
      lostReadiness: false,
      vanished: false,
    })),
    problems: [],
  };
}

describe("the traffic of a service", () => {
  it("consists of the requests of both tracks, and the 5xx of stable alone", () => {
    const { traffic } = measuredIn(tick({ stable: { 200: 870, 404: 20, 503: 10 }, canary: { 200: 50, 500: 50 } }));
    assert.deepEqual(traffic, { requestsPerSecond: 100, errors: 10 / 900 });
  });

  it("has no errors if stable answered no request", () => {
    const { traffic } = measuredIn(tick({ stable: {}, canary: { 200: 5 } }));
    assert.deepEqual(traffic, { requestsPerSecond: 0.5, errors: 0 });
  });

  it("is unknown if no pod could be read, which differs from no traffic", () => {
    const { pods } = tick({ stable: {}, canary: {} });
    const measured = measuredIn({ at: 0, seconds: 10, targets: [], pods, problems: ["web-stable is gone."] });
    assert.deepEqual(measured, { seconds: 10, podsRead: 0, podsListed: 2, problems: ["web-stable is gone."] });
  });
});
