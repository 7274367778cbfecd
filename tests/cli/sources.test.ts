import assert from "node:assert/strict";
import { Command } from "commander";
import type { FoundService } from "../../cli/services.ts";
import { aboutSource, pairsOf, type SourceOptions, sourceOf } from "../../cli/sources.ts";
import { seconds } from "../../cli/time.ts";

const found = { api: {}, namespace: "dora-apps", service: "fop-gate" } as FoundService;
const source = (...args: string[]) => {
  const verb = aboutSource(new Command("verb")).exitOverride();
  verb.parse(args, { from: "user" });
  return sourceOf(verb.opts<SourceOptions>(), found);
};

describe("the source that a verb's options mean", () => {
  it("is the pods' own metrics by default, and Prometheus where its address is given", () => {
    assert.equal(source().describe(), "read from the pods' own metrics");
    const own = source("--prometheus", "http://127.0.0.1:9090").describe();
    assert.match(own, /Prometheus/);
    assert.match(source("--prometheus", "http://127.0.0.1:9090", "--series", "traefik").describe(), /Traefik/);
  });

  it("is refused where options do not fit together", () => {
    for (const [args, sentence] of [
      [["--series", "istio"], /^--series is for Prometheus: give its address with --prometheus too\.$/],
      [["--authorization-file", "token"], /^--authorization-file is for Prometheus/],
      [["--prometheus", "monitoring"], /^--prometheus monitoring is no address: give one as in/],
      [["--prometheus", "http://p", "--series", "nginx"], /^--series nginx is unknown: choose one of own, traefik,/],
      [["--prometheus", "http://p", "--series", "istio", "--requests", "r"], /^--series istio has its own metrics/],
    ] as const) {
      assert.throws(() => source(...args), { message: sentence });
    }
  });
});

describe("a pair of counters on the command line", () => {
  it("is a name and two metrics, with labels or without", () => {
    assert.deepEqual(
      pairsOf(['lost orders=orders_total{state="lost",shop="a/b"}/orders_total', "late=late_total/all_total"]),
      {
        "lost orders": {
          bad: { metric: "orders_total", labels: { state: "lost", shop: "a/b" } },
          total: { metric: "orders_total" },
        },
        late: { bad: { metric: "late_total" }, total: { metric: "all_total" } },
      },
    );
  });

  it("is refused in any other form", () => {
    for (const text of ["orders", "lost=orders_total", "=a/b", "x=a{b}/c", "x=1a/b", 'x=a{b="c}/d'])
      assert.throws(() => pairsOf([text]), /is no pair: write name=bad\/total/, text);
  });
});

describe("a time on the command line", () => {
  it("has a unit", () => {
    assert.deepEqual(["90s", "5m", "1.5h"].map(seconds), [90, 300, 5400]);
    for (const text of ["5", "m", "0s", "-1s", "5 m", "5d", ""]) assert.throws(() => seconds(text), /90s, 5m or 1h/);
  });
});
