import assert from "node:assert/strict";
import type { ServerResponse } from "node:http";
import { Readable } from "node:stream";
import { advance, nothingCounted } from "../../analysis/counters.ts";
import { pollingDefaults } from "../../analysis/defaults.ts";
import { type PodSourceArgs, podSource } from "../../analysis/providers/pods.ts";
import type { Pod } from "../../analysis/reading.ts";
import { textIn } from "../../border/body.ts";
import { connect } from "../../kubernetes/client.ts";
import { findAccess } from "../../kubernetes/kubeconfig.ts";
import { pod } from "./reading.ts";
import { WebServer } from "./server.ts";

const metrics = (counts: Record<string, number>) =>
  [
    "# TYPE http_requests_total counter",
    ...Object.entries(counts).map(([code, count]) => `http_requests_total{code="${code}"} ${count}`),
    "",
  ].join("\n");
const latency = (le: Record<string, number>) =>
  Object.entries(le)
    .map(([edge, count]) => `http_request_duration_seconds_bucket{le="${edge}"} ${count}\n`)
    .join("");
/** A service that measures no latency. */
const withoutLatency = { metrics: { latency: false } } as const;
/** An error answer of the API server. */
const status = (code: number, message: string) => JSON.stringify({ kind: "Status", status: "Failure", code, message });

describe("the pods as a source", () => {
  let server: WebServer;
  /** The answer of each pod by its name: a body, or a function that answers. */
  let answers: Record<string, string | ((response: ServerResponse) => void)>;
  const paths: string[] = [];
  const waiting: ServerResponse[] = [];

  before(async () => {
    server = await WebServer.start();
  });
  after(() => server.stop());
  beforeEach(() => {
    answers = {};
    paths.length = waiting.length = 0;
    server.answer = (request, response) => {
      const path = request.url ?? "";
      paths.push(path);
      const name = /\/pods\/(?:https:)?([^:/]+)/.exec(path)?.[1] ?? "";
      const answer = answers[name] ?? metrics({ 200: 1 });
      if (typeof answer === "function") answer(response);
      else response.end(answer);
    };
  });

  const source = (args: Partial<PodSourceArgs> = {}) => {
    const { stream } = connect(findAccess({ kubeconfig: kubeconfigOf(server.url) }));
    return podSource({ ask: stream, namespace: "dora-apps", timeoutSeconds: 5, ...args });
  };
  const read = (pods: readonly Pod[], args?: Partial<PodSourceArgs>, signal = new AbortController().signal) =>
    source(args).read(pods, signal);
  const one = async (answer: (typeof answers)[string], args?: Partial<PodSourceArgs>) => {
    answers = { a: answer };
    const [target] = await read([pod("a")], args);
    return target ?? assert.fail();
  };

  it("give requests by code, latency and pairs, each pod under its own name and release", async () => {
    answers = {
      a: `${metrics({ 200: 10, 500: 1 })}${latency({ "0.1": 8, "+Inf": 11 })}http_request_duration_seconds_count 11\nup 1\n`,
      b: [
        'http_requests_total{code="200"} 3 1395066363000',
        'http_request_duration_seconds_bucket{le="1"} 3',
        'http_request_duration_seconds_bucket{le="+Inf"} 3\n# EOF\n',
      ].join("\n"),
    };
    const targets = await read([pod("a"), pod("b", { release: "bbbbbbbbbbbb", track: "canary", ready: false })], {
      metrics: {
        pairs: {
          failed: {
            bad: { metric: "http_requests_total", labels: { code: "500" } },
            total: { metric: "http_requests_total" },
          },
        },
      },
    });
    assert.deepEqual(
      targets.map(({ target, release, samples }) => [
        target,
        release,
        samples?.map(({ counter, value }) => [...Object.values(counter), value].join(" ")),
      ]),
      [
        [
          "a",
          "aaaaaaaaaaaa",
          [
            "requests 200 10",
            "pair failed total 10",
            "requests 500 1",
            "pair failed bad 1",
            "pair failed total 1",
            "within 0.1 8",
            "within Infinity 11",
          ],
        ],
        ["b", "bbbbbbbbbbbb", ["requests 200 3", "pair failed total 3", "within 1 3", "within Infinity 3"]],
      ],
    );
    assert.equal(targets[1]?.samples?.[0]?.at, 1395066363000_000);
    assert.deepEqual(
      targets.map(({ problem }) => problem),
      [undefined, undefined],
    );
  });

  it("are read at the port of their annotations, or at the port named metrics, or at their first port", async () => {
    const annotated = (annotations: Record<string, string>) =>
      pod("annotated", {
        annotations: Object.fromEntries(
          Object.entries(annotations).map(([name, value]) => [`prometheus.io/${name}`, value]),
        ),
      });
    const named = [
      { name: "http", containerPort: 80 },
      { name: "metrics", containerPort: 9102 },
    ];
    const here = "/api/v1/namespaces/dora-apps/pods";
    for (const [asked, path] of [
      [
        annotated({ port: "9090", path: "/actuator/prometheus?x=1", scheme: "https", scrape: "true" }),
        `${here}/https:annotated:9090/proxy/actuator/prometheus?x=1`,
      ],
      [pod("named", { ports: named }), `${here}/named:9102/proxy/metrics`],
      [pod("first"), `${here}/first:8080/proxy/metrics`],
    ] as const) {
      paths.length = 0;
      await read([asked]);
      assert.deepEqual(paths, [path]);
    }
  });

  it("are read at the port and path of the arguments, whatever their annotations", async () => {
    const asked = pod("a", { annotations: { "prometheus.io/port": "1", "prometheus.io/scrape": "false" } });
    await read([asked], { port: 9000, path: "stats" });
    assert.deepEqual(paths, ["/api/v1/namespaces/dora-apps/pods/a:9000/proxy/stats"]);
  });

  it("are read at the number of a named port, because the API server's proxy accepts only numbers", async () => {
    await read([pod("a"), pod("b", { annotations: { "prometheus.io/port": "http" } })], { port: "http" });
    await read([pod("c", { annotations: { "prometheus.io/port": "http" } })]);
    assert.deepEqual(
      paths.map((path) => path.split("/")[6]),
      ["a:8080", "b:8080", "c:8080"],
    );
  });

  it("have a problem with a remedy if there is no port, or an annotation forbids reading", async () => {
    const problemOf = async (changes: Partial<Pod>, args?: Partial<PodSourceArgs>) =>
      (await read([pod("a", changes)], args))[0]?.problem;
    const where = "set the port of its metrics with --pod-port or the annotation prometheus.io/port.";
    assert.equal(await problemOf({ ports: [] }), `a has no port: ${where}`);
    assert.equal(await problemOf({}, { port: "admin" }), `a has no port admin: ${where}`);
    assert.equal(
      await problemOf({ annotations: { "prometheus.io/scrape": "false" } }),
      "a is annotated prometheus.io/scrape: false: set the port of its metrics with --pod-port, or read them from --prometheus.",
    );
    assert.deepEqual(paths, []);
  });

  it("are not asked if an annotation, an argument or a name leads elsewhere, or is not a port", async () => {
    const help = "set the path of its metrics with --metrics-path or the annotation prometheus.io/path.";
    const where = "set the port of its metrics with --pod-port or the annotation prometheus.io/port.";
    const annotated = (name: string, value: string) => pod("a", { annotations: { [`prometheus.io/${name}`]: value } });
    for (const [asked, args, problem] of [
      [
        annotated("path", "../../../secrets"),
        {},
        `a is not read, because the path "../../../secrets" leads elsewhere: ${help}`,
      ],
      [annotated("path", "/x/%2e%2E/y"), {}, `a is not read, because the path "/x/%2e%2E/y" leads elsewhere: ${help}`],
      [annotated("path", "m#x"), {}, `a is not read, because the path "m#x" leads elsewhere: ${help}`],
      [pod("a"), { path: "../x" }, `a is not read, because the path "../x" leads elsewhere: ${help}`],
      [pod("a/../b"), {}, `a/../b is not read, because "a/../b" cannot be part of a path: ${help}`],
      [pod("a"), { namespace: ".." }, `a is not read, because ".." cannot be part of a path: ${help}`],
      [annotated("port", "80/../.."), {}, `a has no port 80/../..: ${where}`],
      [annotated("port", "0"), {}, `a has no port 0: ${where}`],
      [annotated("port", "65536"), {}, `a has no port 65536: ${where}`],
      [annotated("scheme", "ftp"), {}, "a is annotated prometheus.io/scheme: ftp: only http and https can be read."],
    ] as const) {
      assert.equal((await read([asked], args))[0]?.problem, problem);
    }
    assert.deepEqual(paths, []);
  });

  it("may answer with 64 MiB, and a longer answer is a problem and is not stored", async () => {
    const ask: PodSourceArgs["ask"] = async (_, __, limit) => ({
      status: 200,
      text: textIn(Readable.from([Buffer.alloc(limit, `# ${"x".repeat(1021)}\n`), Buffer.from("\n")]), limit),
    });
    const [target] = await read([pod("a")], { ask });
    assert.equal(target?.problem, "a cannot be read: the answer is larger than 64 MiB.");
    assert.equal(pollingDefaults.pageBytes, 64 << 20);
  });

  it("are read only up to the reason if they answer with a long error", async () => {
    let parts = 0;
    const ask: PodSourceArgs["ask"] = async () => ({
      status: 500,
      text: (async function* () {
        for (; ; parts++) yield `${"oh ".repeat(1000)}`;
      })(),
    });
    const [target] = await read([pod("a")], { ask });
    assert.match(target?.problem ?? "", /^a answers 500 instead of its metrics \((oh )+oh?\)\.$/);
    assert.ok(parts < 100);
  });

  it("have a problem if their histogram has more edges than the limit, but their answers still count", async () => {
    const edges = (count: number) =>
      latency(Object.fromEntries([...Array.from({ length: count }, (_, i) => [`${(i + 1) / 1000}`, 1]), ["+Inf", 1]]));
    const most = pollingDefaults.edgesAtMost;
    const fine = await one(metrics({ 200: 5 }) + edges(most));
    assert.deepEqual([fine.samples?.length, fine.problem], [most + 2, undefined]);
    const tooFine = await one(metrics({ 200: 5 }) + edges(5000));
    assert.deepEqual(
      [tooFine.samples?.map(({ counter }) => counter.kind), tooFine.problem],
      [
        ["requests"],
        "a gives http_request_duration_seconds with 5 000 edges, more than the limit of 100: use fewer buckets.",
      ],
    );
  });

  it("may use other names of metrics and labels", async () => {
    const target = await one('hits{result="5XX"} 3\nspent_ms_bucket{le="250"} 2\nspent_ms_bucket{le="+Inf"} 3\n', {
      metrics: { requests: "hits", codeLabel: "result", latency: "spent_ms", latencyUnit: "milliseconds" },
    });
    assert.deepEqual(
      target.samples?.map(({ counter }) => counter),
      [
        { kind: "requests", code: "5xx" },
        { kind: "within", seconds: 0.25 },
        { kind: "within", seconds: Infinity },
      ],
    );
  });

  it("count requests without an answer as failed, and those that became a WebSocket under their code", async () => {
    const target = await one(metrics({ 0: 7, 101: 3, 502: 1 }));
    assert.deepEqual(
      target.samples?.map(({ counter, value }) => [...Object.values(counter), value].join(" ")),
      ["requests 5xx 7", "requests 101 3", "requests 502 1"],
    );
  });

  it("count apart what is no code that ends a request, so that one odd value does not make the pod unreadable", async () => {
    for (const odd of ["UNKNOWN", "other", "1xx", "100", "103", "", "600", "CLIENT_ERROR"]) {
      const target = await one(`${metrics({ 200: 5 })}http_requests_total{code="${odd}"} 1\n`, withoutLatency);
      assert.deepEqual(
        [...(target.samples ?? []), target.problem].map((each) => each && typeof each === "object" && each.counter),
        [{ kind: "requests", code: "200" }, { kind: "requests", code: "unknown" }, undefined],
        odd,
      );
    }
  });

  it("count both the requests and the latency of a histogram by code", async () => {
    const target = await one(
      'took_count{status="200"} 7\ntook_bucket{status="200",le="1"} 6\ntook_bucket{status="200",le="+Inf"} 7\n',
      {
        metrics: { requests: "took_count", latency: "took" },
      },
    );
    assert.deepEqual(
      target.samples?.map(({ counter, value }) => [...Object.values(counter), value].join(" ")),
      ["requests 200 7", "within 1 6", "within Infinity 7"],
    );
  });

  it("use the count of a histogram without a +Inf bucket", async () => {
    const target = await one(`${metrics({ 200: 5 })}${latency({ "0.1": 4 })}http_request_duration_seconds_count 5\n`);
    assert.deepEqual(
      target.samples?.slice(1).map(({ counter, value }) => [...Object.values(counter), value].join(" ")),
      ["within 0.1 4", "within Infinity 5"],
    );
  });

  for (const [name, page, what] of [
    ["measure none", "", "no http_request_duration_seconds"],
    ["call it by another name", 'took_seconds_bucket{le="1"} 5\n', "no http_request_duration_seconds"],
    [
      "measure it in a summary",
      'http_request_duration_seconds{quantile="0.5"} NaN\nhttp_request_duration_seconds_count 5\n',
      "no buckets in http_request_duration_seconds",
    ],
    [
      "have a native histogram",
      'http_request_duration_seconds_bucket{le="+Inf"} 5\nhttp_request_duration_seconds_count 5\n',
      "no buckets in http_request_duration_seconds",
    ],
  ] as const) {
    it(`have a problem, but count their answers, if they ${name}, because slow answers would look good`, async () => {
      const target = await one(metrics({ 200: 5 }) + page);
      assert.deepEqual(target.samples?.filter(({ counter }) => counter.kind === "requests").length, 1);
      assert.equal(
        target.problem,
        `a has ${what}, so its latency is not known: name the histogram with --latency, or give --latency none, or plan.latency, if there is none.`,
      );
    });
  }

  it("have no latency and no problem if their service measures none, or if there was no request yet", async () => {
    const none = await one(metrics({ 200: 5 }) + latency({ "1": 5, "+Inf": 5 }), { metrics: { latency: false } });
    assert.deepEqual([none.samples?.map(({ counter }) => counter.kind), none.problem], [["requests"], undefined]);
    assert.equal((await one(metrics({ 200: 0 }))).problem, undefined);
  });

  it("may count the probes of the kubelet and this reading too, unless a label leaves such requests out", async () => {
    const page = metrics({ 200: 5 });
    assert.deepEqual((await one(page)).routine, { perReading: 1, perSecond: [] });
    assert.deepEqual((await one(page, { metrics: { without: { path: ["/healthz"] } } })).routine, undefined);
    const [probed] = await read([pod("a", { probes: [0.1, 0.5] })]);
    assert.deepEqual(probed?.routine, { perReading: 1, perSecond: [0.1, 0.5] });
  });

  it("count nothing, without a problem, if the metric is declared but has no series yet", async () => {
    assert.deepEqual(await one("# HELP http_requests_total Requests.\nup 1\n"), {
      target: "a",
      release: "aaaaaaaaaaaa",
      samples: [],
      routine: { perReading: 1, perSecond: [] },
    });
    assert.deepEqual(await one("# TYPE http_requests counter\n# EOF\n"), {
      target: "a",
      release: "aaaaaaaaaaaa",
      samples: [],
      routine: { perReading: 1, perSecond: [] },
    });
  });

  for (const [name, answer, problem] of [
    ["have no such metric", "up 1\n", "a answers but has no http_requests_total or another usual counter of requests."],
    [
      "have requests without a code",
      "http_requests_total 5\n",
      "a has http_requests_total, without a label that holds the status code.",
    ],
    [
      "give NaN for a counter",
      metrics({ 200: 5, 500: Number.NaN }),
      'a gives NaN for http_requests_total{code="500"}, which is not a count.',
    ],
    [
      "give a series twice",
      `${metrics({ 200: 5 })}${metrics({ 200: 6 })}`,
      'a gives http_requests_total{code="200"} twice.',
    ],
    [
      "lack a histogram's last bucket",
      `${metrics({ 200: 5 })}${latency({ "0.1": 4 })}`,
      "a gives http_request_duration_seconds without its +Inf bucket: it is incomplete.",
    ],
    [
      "have an edge that is not a number",
      `${metrics({ 200: 5 })}${latency({ soon: 4 })}`,
      'a has http_request_duration_seconds_bucket{le="soon"}, whose le is not a number.',
    ],
    [
      "answer with an HTML page",
      "<!doctype html>\n<p>Hello\n",
      'The metrics of a cannot be used: the answer has no metric in line 1: "<!doctype html>".',
    ],
    ["answer with nothing", "", "The metrics of a cannot be used: the answer is empty."],
    [
      "cut off their last line",
      metrics({ 200: 5 }).slice(0, -2),
      "The metrics of a cannot be used: the answer is cut off in the middle of a line.",
    ],
    [
      "cut off an OpenMetrics answer between lines",
      (response: ServerResponse) => {
        response.setHeader("content-type", "application/openmetrics-text; version=1.0.0").end(metrics({ 200: 5 }));
      },
      "The metrics of a cannot be used: the answer is cut off before its # EOF.",
    ],
    [
      "answer 500",
      (response: ServerResponse) => response.writeHead(500).end("out of memory\nat line 3"),
      "a answers 500 instead of its metrics (out of memory).",
    ],
    [
      "answer 404 themselves",
      (response: ServerResponse) => response.writeHead(404).end("404 page not found\n"),
      "a answers 404 instead of its metrics (404 page not found).",
    ],
    [
      "redirect",
      (response: ServerResponse) => response.writeHead(302).end(),
      "a answers 302 instead of its metrics (no reason given).",
    ],
    [
      "vanish",
      (response: ServerResponse) => response.writeHead(404).end(status(404, 'pods "a" not found')),
      "a is gone.",
    ],
    [
      "may not be read",
      (response: ServerResponse) => response.writeHead(403).end(status(403, 'pods "a" is forbidden')),
      'a may not be read through the API server (pods "a" is forbidden): see docs/reference/rbac.md of gray-release for the permissions needed.',
    ],
    [
      "do not listen",
      (response: ServerResponse) => response.writeHead(503).end(status(503, "connection refused")),
      "a answers 503 instead of its metrics (connection refused).",
    ],
  ] as const) {
    it(`have a problem and no counters if they ${name}`, async () => {
      assert.deepEqual(await one(answer), { target: "a", release: "aaaaaaaaaaaa", problem });
    });
  }

  it("have a problem if they end in the middle of their answer, of which nothing counts", async () => {
    const target = await one((response) => {
      response.writeHead(200, { "content-length": 1000 });
      response.write(metrics({ 200: 5 }), () => response.destroy());
    });
    assert.equal(target.samples, undefined);
    assert.match(target.problem ?? "", /^a cannot be read: The cluster at .* does not answer/);
  });

  it("have a problem if they lack a metric that was set by name, but still count the others", async () => {
    const target = await one(metrics({ 200: 5 }), {
      metrics: { latency: false, pairs: { orders: { bad: { metric: "lost" }, total: { metric: "sold" } } } },
    });
    assert.deepEqual([target.samples?.length, target.problem], [1, "a answers but has no lost, no sold."]);
  });

  it("have a problem if they neither have nor declare the bad counter of a pair, because its name may be misspelt", async () => {
    const pairs = { orders: { bad: { metric: "orders_lost_total" }, total: { metric: "orders_total" } } };
    const sold = `${metrics({ 200: 5 })}orders_total 3\n`;
    for (const [answer, problem] of [
      [sold, "a answers but has no orders_lost_total."],
      [`${sold}# TYPE orders_lost_total counter\n`, undefined],
      [`${sold}# HELP orders_lost_total Orders that were lost.\n`, undefined],
      [`${sold}orders_lost_total{shop="a"} 1\n`, undefined],
    ] as const) {
      const target = await one(answer, { metrics: { latency: false, pairs } });
      assert.equal(target.problem, problem);
      assert.ok(target.samples);
    }
  });

  it("have a problem if they do not answer in time, and do not delay others", async () => {
    answers = { a: () => {}, b: metrics({ 200: 1 }), c: () => {} };
    const targets = await read([pod("a"), pod("b"), pod("c")], { ...withoutLatency, timeoutSeconds: 0.5 });
    assert.deepEqual(
      targets.map(({ problem }) => problem),
      ["a did not answer completely within 0.5 s.", undefined, "c did not answer completely within 0.5 s."],
    );
  });

  it("have no more time than others if they answer slowly", async () => {
    const target = await one((response) => void response.write("# HELP "), { timeoutSeconds: 0.05 });
    assert.equal(target.problem, "a did not answer completely within 0.05 s.");
  });

  it("have a problem each if the poll is aborted, and nothing throws", async () => {
    const stopping = new AbortController();
    answers = { a: () => stopping.abort(), b: () => {} };
    const targets = await read([pod("a"), pod("b")], {}, stopping.signal);
    assert.deepEqual(
      targets.map(({ problem }) => problem),
      ["a was not read in time.", "b was not read in time."],
    );
  });

  it("have a problem each if there is no API server, and nothing throws", async () => {
    const gone = await WebServer.start();
    const kubeless = { ask: connect(findAccess({ kubeconfig: kubeconfigOf(gone.url) })).stream };
    await gone.stop();
    const [target] = await read([pod("a")], kubeless);
    assert.match(target?.problem ?? "", /^a cannot be read: The cluster at .* does not answer \(.*ECONNREFUSED/);
  });

  it("are read at the same time, up to the limit", async () => {
    const pods = Array.from({ length: pollingDefaults.podsAtOnce + 4 }, (_, index) => pod(`p${index}`));
    let together = 0;
    answers = Object.fromEntries(
      pods.map(({ name }) => [
        name,
        (response) => {
          waiting.push(response);
          together = Math.max(together, waiting.length);
          // Waits for one more request, which must not come.
          if (waiting.length === pollingDefaults.podsAtOnce || paths.length === pods.length) {
            setTimeout(() => waiting.splice(0).forEach((each) => void each.end(metrics({ 200: 1 }))), 20);
          }
        },
      ]),
    );
    const targets = await read(pods);
    assert.equal(together, pollingDefaults.podsAtOnce);
    assert.deepEqual(
      targets.map(({ target, samples }) => [target, samples?.length]),
      pods.map(({ name }) => [name, 1]),
    );
  });

  it("never count a failed answer as requests without errors: the next increment covers both ticks", async () => {
    const a = pod("a");
    const rounds = [
      metrics({ 200: 100, 500: 0 }),
      metrics({ 200: 150, 500: 2 }).slice(0, -14),
      metrics({ 200: 190, 500: 9 }),
      metrics({ 200: 4 }),
    ];
    let state = nothingCounted;
    const seen: unknown[] = [];
    for (const [at, answer] of rounds.entries()) {
      answers = { a: answer };
      const { after, tick } = advance(state, {
        at,
        pods: [{ ...a, restarts: at > 2 ? 1 : 0 }],
        targets: await read([a]),
      });
      state = after;
      seen.push(tick?.targets[0]?.requests);
    }
    assert.deepEqual(seen, [undefined, undefined, { 200: 90, 500: 9 }, { 200: 4 }]);
  });
});

function kubeconfigOf(url: string): string {
  return [
    "current-context: fake",
    `clusters: [{ name: fake, cluster: { server: "${url}" } }]`,
    "users: [{ name: fake, user: {} }]",
    "contexts: [{ name: fake, context: { cluster: fake, user: fake } }]",
    "",
  ].join("\n");
}
