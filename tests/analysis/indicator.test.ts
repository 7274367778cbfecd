import assert from "node:assert/strict";
import { Evidence } from "../../analysis/evidence.ts";
import { incrementOf } from "../../analysis/increment.ts";
import type { Indicator, IndicatorKind } from "../../analysis/indicator.ts";
import { clientErrors, serverErrors } from "../../analysis/indicators/http-status.ts";
import { stability } from "../../analysis/indicators/stability.ts";
import type { Question } from "../../analysis/question.ts";
import type { Tick } from "../../analysis/tick.ts";
import { judge } from "../../analysis/verdict.ts";
import { canary, stable, tick } from "./ticks.ts";

/** A further kind: calls that end with a bad gRPC status. */
const grpcStatus =
  (changes: Partial<Indicator> = {}): IndicatorKind =>
  (alphaShare) => ({
    name: "gRPC status",
    alphaShare,
    symptom: () => "ends calls with a bad status",
    increments: (armCounts) =>
      new Map([
        [
          "gRPC status",
          incrementOf(armCounts, ({ pairs: { calls } }) => ({ events: calls?.bad ?? 0, exposure: calls?.total ?? 0 })),
        ],
      ]),
    excusedByWarmUp: false,
    ofRequests: true,
    ofPods: false,
    countsAlone: false,
    hasObjective: false,
    ...changes,
  });

const calls = (bad: number) => ({ requests: 100, pairs: { calls: { bad, total: 100 } } });
const isCanary = ({ release }: { readonly release: string }) => release === canary;
const alone = (each: Tick): Tick => ({
  ...each,
  targets: each.targets.filter(isCanary),
  pods: each.pods.filter(isCanary),
});
const first: Partial<Question> = { stable: [], first: true };

function judged(bad: number, indicators: readonly Indicator[], question: Partial<Question> = {}) {
  const evidence = new Evidence({ canary, stable: [stable], ...question }, indicators);
  for (let end = 1; end <= 300; end++) {
    const each = tick(end, calls(bad), calls(0));
    evidence.observe(question.first ? alone(each) : each);
  }
  return judge(evidence, 300_000);
}

describe("a further kind of indicator", () => {
  it("convicts canary by its own symptom", () => {
    const { verdict, reason } = judged(5, [serverErrors(1 / 2), grpcStatus()(1 / 2)]);
    assert.equal(verdict, "bad");
    assert.match(reason, /^canary ends calls with a bad status in 5 % of its requests, which stable never does/);
  });

  it("is needed for good, but without a stable arm only if it counts alone", () => {
    const kinds = (countsAlone: boolean) => [serverErrors(1 / 2), grpcStatus({ countsAlone })(1 / 2)];
    assert.match(judged(0, kinds(false)).reason, /each of 2 streams is surely/);
    assert.match(judged(0, kinds(false), first).reason, /each of 1 stream is surely/);
    assert.match(judged(0, kinds(true), first).reason, /each of 2 streams is surely/);
  });

  it("can be the one that the objective limits", () => {
    const kinds = [clientErrors(1 / 2), grpcStatus({ hasObjective: true, countsAlone: true })(1 / 2)];
    assert.match(
      judged(5, kinds, first).reason,
      /^canary ends calls with a bad status in 5 % of its requests, surely more than the 1 % of the objective/,
    );
    assert.match(
      judged(0, kinds, first).reason,
      /^canary ends calls with a bad status in 0 % of its requests; each of 1 /,
    );
  });

  it("holds good back only by the streams that users notice", () => {
    const kinds = (noticed: readonly string[]) => [
      serverErrors(1 / 2),
      grpcStatus({ noticed: () => noticed, ofRequests: false })(1 / 2),
    ];
    assert.equal(judged(0, kinds([])).verdict, "good");
    assert.match(
      judged(0, kinds(["gRPC status"])).reason,
      /^undecided, no trouble seen; .* \(only gRPC status still open\)$/,
    );
  });

  it("may be one of none that the objective limits", () => {
    assert.match(judged(0, [grpcStatus()(1 / 2), stability(1 / 2)]).reason, /^each of 1 stream is surely/);
  });

  it("is restored with evidence that is resumed", () => {
    const own = [grpcStatus()(1 / 2), serverErrors(1 / 2)];
    const evidence = new Evidence({ canary, stable: [stable] }, own);
    evidence.observe(tick(1, calls(1), calls(0)));
    const stored = JSON.parse(JSON.stringify(evidence));
    assert.deepEqual(JSON.parse(JSON.stringify(Evidence.resume(stored, own))), stored);
    assert.throws(() => Evidence.resume(stored), /unknown indicator, gRPC status/);
  });

  it("has its streams counted up to its limit, with a problem that names what they differ in", () => {
    const several = grpcStatus({
      several: { of: "methods", atMost: 2 },
      increments: () =>
        new Map(
          ["a", "b", "c"].map((name) => [
            name,
            { canary: { events: 0, exposure: 1 }, stable: { events: 0, exposure: 1 }, stablePods: [] },
          ]),
        ),
    });
    const evidence = new Evidence({ canary, stable: [stable] }, [several(1 / 2)]);
    evidence.observe(tick(1, calls(0), calls(0)));
    const streams = evidence.streams.get("gRPC status");
    assert.deepEqual(
      [...(streams ?? [])].map(([name, { alphaShare }]) => [name, alphaShare]),
      [
        ["a", 1 / 4],
        ["b", 1 / 4],
      ],
    );
    assert.deepEqual(evidence.last?.problems, [
      "GRPC status came with 3 different methods, and at most 2 are compared: the rest are left out.",
    ]);
  });
});
