import assert from "node:assert/strict";
import { Readable } from "node:stream";
import { Command } from "commander";
import { reservedNames } from "../../../analysis/indicators/built-in.ts";
import { pairsOf, type SourceOptions, sourceOf, withSourceOptions } from "../../../cli/options/sources.ts";
import { seconds, written } from "../../../cli/output/time.ts";
import { backendName, deploymentName } from "../../../components/names.ts";
import { planText } from "../../../components/plan.ts";
import type { DeployedService } from "../../../live/live.ts";
import { pod } from "../../analysis/reading.ts";
import { WebServer } from "../../analysis/server.ts";

/** A cluster without a plan of the service. */
const apiWith = (more: object) => {
  const api = { get: async () => undefined, until: () => api, ...more };
  return api as unknown as DeployedService["api"];
};
const found = { api: apiWith({}), namespace: "dora-apps", service: "fop-gate", deployments: {} } as DeployedService;
const optionsOf = (...args: string[]) => {
  const command = withSourceOptions(new Command("verb")).exitOverride();
  command.parse(args, { from: "user" });
  return command.opts<SourceOptions>();
};
const source = (of: DeployedService, ...args: string[]) => sourceOf(optionsOf(...args), of);

describe("the source of the evidence by the options", () => {
  it("is the metrics of the pods by default, and Prometheus if its address is given", () => {
    assert.equal(source(found).describe(), "read from the pods' own metrics");
    const own = source(found, "--prometheus", "http://127.0.0.1:9090").describe();
    assert.match(own, /Prometheus/);
    assert.match(
      source(found, "--prometheus", "http://127.0.0.1:9090", "--series", "traefik").describe(),
      /Traefik, by HTTP status alone/,
    );
  });

  it("reads the pods at --pod-port and --metrics-path", async () => {
    const asked: string[] = [];
    const stream = async (path: string) => {
      asked.push(path);
      return { status: 200, text: Readable.from([]) };
    };
    const read = (...args: string[]) =>
      source({ ...found, api: apiWith({ stream }) }, ...args).read([pod("web-1")], new AbortController().signal);
    await read();
    await read("--pod-port", "9100", "--metrics-path", "/stats/prometheus");
    await read("--pod-port", "http");
    assert.deepEqual(asked, [
      "/api/v1/namespaces/dora-apps/pods/web-1:8080/proxy/metrics",
      "/api/v1/namespaces/dora-apps/pods/web-1:9100/proxy/stats/prometheus",
      "/api/v1/namespaces/dora-apps/pods/web-1:8080/proxy/metrics",
    ]);
  });

  describe("in Prometheus", () => {
    let server: WebServer;
    let query: string;
    before(async () => {
      server = await WebServer.start();
      server.answer = (request, response) => {
        let body = "";
        request.on("data", (chunk) => {
          body += chunk;
        });
        request.on("end", () => {
          query = new URLSearchParams(body).get("query") ?? "";
          response.end();
        });
      };
    });
    after(() => server.stop());
    const queryOf = async (...args: string[]) => {
      await source(found, "--prometheus", server.url, ...args).read([pod("web-1")], new AbortController().signal);
      return query;
    };

    it("leaves out requests by --without, each time it is given", async () => {
      const page = ["/healthz", "/metrics", "/"]
        .map((path) => `http_requests_total{code="200",path="${path}"} 5\n`)
        .join("");
      const stream = async () => ({ status: 200, text: Readable.from([page]) });
      const read = async (...args: string[]) => {
        const from = source({ ...found, api: apiWith({ stream }) }, "--latency", "none", ...args);
        const [target] = await from.read([pod("web-1")], new AbortController().signal);
        return target?.samples?.length;
      };
      assert.equal(await read(), 3);
      assert.equal(await read("--without", "path=/healthz", "--without", "path=/metrics"), 1);
    });

    it("asks for no latency if the plan says that there is none, and for nothing while the plan cannot be read", async () => {
      const planned = { data: { plan: planText({ latency: "none" }, 80) } };
      const read = (get: () => Promise<unknown>) => {
        query = "";
        const from = source({ ...found, api: apiWith({ get }) }, "--prometheus", server.url);
        return from.read([pod("web-1")], new AbortController().signal);
      };
      await read(async () => planned);
      assert.match(query, /http_requests_total/);
      assert.doesNotMatch(query, /_bucket/);
      const [target] = await read(async () => assert.fail("etcd is down"));
      assert.deepEqual([query, target?.samples, target?.problem], ["", undefined, "etcd is down"]);
    });

    it("asks for no latency with --latency none, of a gateway either", async () => {
      for (const series of [[], ["--series", "traefik"]]) {
        assert.match(await queryOf(...series), /duration_seconds_bucket/);
        assert.doesNotMatch(await queryOf("--latency", "none", ...series), /_bucket/);
      }
    });

    it("selects the objects of the service: Services as backends of a gateway, Deployments as workloads of Istio", async () => {
      for (const [series, nameOf] of [
        ["traefik", backendName],
        ["ingress-nginx", backendName],
        ["istio", deploymentName],
      ] as const) {
        const matcher = /,(?:service|destination_workload)=~("(?:[^"\\]|\\.)*")/.exec(
          await queryOf("--series", series),
        );
        const patterns = (JSON.parse(matcher?.[1] ?? "") as string).split("|");
        for (const track of ["stable", "canary"] as const) {
          const name = nameOf("fop-gate", track);
          const label = series === "traefik" ? `dora-apps-${name}-80@kubernetesgateway` : name;
          assert.ok(
            patterns.some((pattern) => new RegExp(`^(?:${pattern})$`).test(label)),
            `${series} ${label}`,
          );
        }
      }
    });

    it("selects the clusters that Envoy Gateway makes from the live HTTPRoutes of the service", async () => {
      const backendRefs = [{ name: backendName("fop-gate", "canary") }];
      const route = { metadata: { name: "fop-gate", namespace: "dora-apps" }, spec: { rules: [{ backendRefs }] } };
      const list = async (path: string, selector: string) =>
        path.endsWith("/namespaces/dora-apps/httproutes") && selector === "gray-release/service=fop-gate"
          ? [route]
          : [];
      const get = async (path: string) => (path.includes("/configmaps/") ? undefined : {});
      const reading = source(
        { ...found, api: apiWith({ get, list }) },
        "--prometheus",
        server.url,
        "--series",
        "envoy-gateway",
      );
      await reading.read([pod("web-1")], new AbortController().signal);
      assert.match(query, /,envoy_cluster_name=~"httproute\/dora-apps\/fop-gate\/rule\/0\|/);
    });

    it("selects by the labels of --label", async () => {
      assert.match(await queryOf("--label", "cluster=eu-1", "--label", "job=a=b"), /,cluster="eu-1",job="a=b"}/);
    });
  });

  it("trusts the certificates of --prometheus-ca", async () => {
    const url = "https://127.0.0.1:1";
    const trusting = source(found, "--prometheus", url, "--prometheus-ca", "/no/such/ca.pem");
    const [target] = await trusting.read([pod("web-1")], new AbortController().signal);
    assert.match(target?.problem ?? "", /cannot be read \(ENOENT: .*\/no\/such\/ca\.pem/);
  });

  describe("of a worker", () => {
    const deployments = { stable: { metadata: { annotations: { "gray-release/worker": "true" } } } };
    const pair = ["--pair", "failed=jobs_failed_total/jobs_total"];
    const worker = (page: string) => {
      const stream = async () => ({ status: 200, text: Readable.from([page]) });
      return { ...found, api: { stream }, deployments } as unknown as DeployedService;
    };
    const readFrom = async (page: string, ...args: string[]) => {
      const [target] = await source(worker(page), ...args).read([pod("web-1")], new AbortController().signal);
      return target;
    };
    const jobs = "# TYPE jobs_total counter\njobs_total 10\n# TYPE jobs_failed_total counter\njobs_failed_total 1\n";
    const lag = 'lag_seconds_bucket{le="1"} 9\nlag_seconds_bucket{le="+Inf"} 10\n';

    it("is its pairs alone, so no counter of requests is needed", async () => {
      const { samples, problem } = (await readFrom(`${jobs}http_request_duration_seconds_count 7\n`, ...pair)) ?? {};
      assert.equal(problem, undefined);
      assert.deepEqual(
        samples?.map(({ counter, value }) => [counter.kind, value]),
        [
          ["pair", 10],
          ["pair", 1],
        ],
      );
    });

    it("has a histogram of its lag, if that is named", async () => {
      const { samples } = (await readFrom(jobs + lag, ...pair, "--latency", "lag_seconds")) ?? {};
      assert.equal(samples?.filter(({ counter }) => counter.kind === "within").length, 2);
      assert.match((await readFrom(jobs, ...pair, "--latency", "lag_seconds"))?.problem ?? "", /has no lag_seconds/);
    });

    it("is refused with options that are about requests", () => {
      for (const [args, asked] of [
        [["--requests", "http_requests_total"], "--requests"],
        [["--prometheus", "http://p", "--series", "traefik"], "--series traefik"],
      ] as const) {
        assert.throws(() => source(worker(""), ...args), {
          name: "UserError",
          message: `${asked} counts requests, and fop-gate is a worker, which answers none: leave it out, and name its counters with --pair.`,
        });
      }
    });
  });

  it("is refused if options are invalid or contradict each other", () => {
    for (const [args, sentence] of [
      [["--series", "istio"], /^--series needs Prometheus: give its address with --prometheus too\.$/],
      [["--authorization-file", "token"], /^--authorization-file needs Prometheus/],
      [["--label", "job=web"], /^--label needs Prometheus/],
      [["--prometheus-ca", "ca.pem"], /^--prometheus-ca needs Prometheus/],
      [
        ["--prometheus", "http://p", "--pod-port", "80"],
        /^--pod-port is for the metrics of the pods: leave it out, or/,
      ],
      [["--prometheus", "http://p", "--metrics-path", "/m"], /^--metrics-path is for the metrics of the pods/],
      [["--pod-port", "0"], /^--pod-port 0 is no port: give a number from 1 to 65535, or the name of a container port/],
      [["--pod-port", "65536"], /is no port/],
      [["--pod-port", "Main Port"], /is no port/],
      [
        ["--without", "/healthz"],
        /^--without \/healthz is no label: give label=value, as in --without path=\/healthz\.$/,
      ],
      [["--prometheus", "http://p", "--label", "job"], /^--label job is no label: give name=value, as in/],
      [["--prometheus", "http://p", "--label", "a=1", "--label", "a=2"], /^--label a is given twice/],
      [["--prometheus", "monitoring"], /^--prometheus monitoring is no URL: give one as in/],
      [["--prometheus", "localhost:9090"], /^--prometheus localhost:9090 is no URL: give one as in/],
      [["--prometheus", "http://p", "--series", "nginx"], /^--series nginx is unknown: choose one of own, traefik,/],
      [["--prometheus", "http://p", "--series", "istio", "--requests", "r"], /^--series istio has fixed metrics/],
    ] as const) {
      assert.throws(() => source(found, ...args), { message: sentence });
    }
  });
});

describe("a pair of counters on the command line", () => {
  const pairs = (...written: string[]) => pairsOf(optionsOf(...written.flatMap((pair) => ["--pair", pair])).pair);

  it("is a name and two metrics, with labels or without", () => {
    assert.deepEqual(
      pairs('lost orders=orders_total{state="lost",shop="a/b"}/orders_total', "late=late_total/all_total"),
      {
        "lost orders": {
          bad: { metric: "orders_total", labels: { state: "lost", shop: "a/b" } },
          total: { metric: "orders_total" },
        },
        late: { bad: { metric: "late_total" }, total: { metric: "all_total" } },
      },
    );
    assert.deepEqual(pairs(), {});
  });

  it("is refused in any other form", () => {
    for (const text of ["orders", "lost=orders_total", "=a/b", "x=a{b}/c", "x=1a/b", 'x=a{b="c}/d'])
      assert.throws(() => pairs(text), /is no pair: give name=bad\/total/, text);
  });
});

describe("the name of a pair on the command line", () => {
  it("is not that of a built-in indicator, whose evidence it would replace", () => {
    for (const name of reservedNames) {
      assert.throws(() => optionsOf("--pair", `${name}=a_total/b_total`), {
        message: `--pair ${name} has the name of a built-in indicator: choose another name.`,
      });
    }
  });

  it("cannot be given twice", () => {
    const written = ["lost=a_total/b_total", "late=c/d", "lost=e/f"].flatMap((pair) => ["--pair", pair]);
    assert.throws(() => optionsOf(...written), {
      message: "--pair lost is given twice: name the pairs differently.",
    });
  });
});

describe("a time on the command line", () => {
  it("has a unit", () => {
    assert.deepEqual(["90s", "5m", "1.5h"].map(seconds), [90, 300, 5400]);
    for (const text of ["5", "m", "0s", "-1s", "5 m", "5d", ""]) assert.throws(() => seconds(text), /90s, 5m or 1h/);
  });

  it("is no longer than a timer can run", () => {
    assert.equal(seconds("576h"), 2_073_600);
    assert.throws(() => seconds("600h"), { message: "Write a time of at most 24 days (576h)." });
  });

  it("is formatted as it is parsed", () => {
    for (const text of ["90s", "15m", "2h"]) assert.equal(written(seconds(text)), text);
  });
});
