import assert from "node:assert/strict";
import { pollingDefaults } from "../../analysis/defaults.ts";
import { Evidence } from "../../analysis/evidence.ts";
import type { Tick } from "../../analysis/tick.ts";
import { judge } from "../../analysis/verdict.ts";
import { canary, stable } from "./ticks.ts";

/** What a ConfigMap may hold in all, in bytes. */
const configMap = 1 << 20;

interface Traffic {
  readonly pods: number;
  /** Edges of canary's histograms and of stable's. */
  readonly edges: readonly [number[], number[]];
  readonly problems?: readonly string[];
}

/** A tick of busy pods with names as long as those of a ReplicaSet's pods get. */
function busy(end: number, { pods, edges, problems = [] }: Traffic): Tick {
  const requests = 1_234_567_890;
  const names = ["canary", ...Array.from({ length: pods }, (_, at) => `stable-${at}`)].map((name) =>
    name.padEnd(63, "x"),
  );
  return {
    at: 1_790_000_000_000 + end * 1000,
    seconds: 60,
    targets: names.map((target, at) => ({
      target,
      release: at === 0 ? canary : stable,
      pod: true,
      requests: { "200": requests, "500": 1 + at },
      latency: {
        total: requests,
        slower: edges[at === 0 ? 0 : 1].map((edge, i) => [edge, requests / (i + 3)] as const),
      },
      pairs: {},
    })),
    pods: names.map((pod, at) => ({
      pod,
      release: at === 0 ? canary : stable,
      track: at === 0 ? "canary" : "stable",
      ready: true,
      restarts: 0,
      lostReadiness: false,
      vanished: false,
    })),
    problems,
  };
}

const edges = (count: number, from = 0.001) => Array.from({ length: count }, (_, at) => from * 1.05 ** at);
const observed = (...traffic: Traffic[]) => {
  const evidence = new Evidence({ canary, stable: [stable] });
  const ticks = traffic.flatMap((one) => [one, one, one]);
  // Enough ticks for as many batches as there can be.
  const further = ticks.slice(-1).flatMap((last) => Array.from({ length: 33 }, () => ({ ...last, pods: 1 })));
  for (const [at, each] of [...ticks, ...further, ...ticks.slice(-1)].entries())
    evidence.observe(busy(60 * (at + 1), each));
  return evidence;
};
const bytes = (evidence: Evidence) => Buffer.byteLength(JSON.stringify(evidence));
const most = pollingDefaults.edgesAtMost;

describe("the size of evidence", () => {
  it("fits into a ConfigMap whatever pods and edges there are, and whenever they come", () => {
    const many = edges(most);
    const other = edges(most, 0.0012);
    const problems = Array.from({ length: 1000 }, (_, at) => `${at} ${"is not read ".repeat(60)}`);
    for (const traffic of [
      [{ pods: 200, edges: [many, other], problems }],
      [{ pods: 500, edges: [many, many], problems }],
      [
        { pods: 200, edges: [edges(16), edges(16)] },
        { pods: 200, edges: [many, other], problems },
      ],
    ] as Traffic[][]) {
      const size = bytes(observed(...traffic));
      assert.ok(size < configMap - 50_000, `${size} bytes`);
    }
  });

  it("goes on with what was kept, and stays as large", () => {
    const traffic: Traffic = { pods: 200, edges: [edges(most), edges(most, 0.0012)] };
    const evidence = observed(traffic);
    const size = bytes(evidence);
    const resumed = Evidence.resume(JSON.parse(JSON.stringify(evidence)));
    resumed.observe(busy(1000, { ...traffic, pods: 300 }));
    assert.ok(bytes(resumed) < size + 20_000);
  });

  it("leaves room for 200 pods of a usual histogram", () => {
    const evidence = observed({ pods: 200, edges: [edges(15), edges(15)] });
    for (const streams of evidence.streams.values()) {
      for (const [name, { stablePods }] of streams) assert.equal(Object.keys(stablePods).length, 200, name);
    }
  });

  it("has edges up to twice those of a histogram, and is not good where there are more, and says so", () => {
    const sets = [0.001, 0.0012, 0.0014].map((from) => edges(most, from));
    const [first, second, third] = sets as [number[], number[], number[]];
    const within = observed({ pods: 2, edges: [first, second] });
    assert.deepEqual(within.last?.problems, []);
    within.observe(busy(1000, { pods: 2, edges: [third, second] }));
    assert.equal(within.streams.get("latency")?.size, 2 * most);
    assert.deepEqual(within.last?.problems, [
      "Latency came with 300 different edges, and at most 200 are compared: the rest are left out.",
    ]);
    const { verdict, reason } = judge(within, within.last?.at ?? 0);
    assert.equal(verdict, "undecided");
    assert.match(reason, /some metrics are missing.*300 different edges/);
  });
});
