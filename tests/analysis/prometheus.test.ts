import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import type { IncomingHttpHeaders, ServerResponse } from "node:http";
import { createServer as createTlsServer } from "node:https";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { advance, nothingCounted } from "../../analysis/counters.ts";
import { pollingDefaults } from "../../analysis/defaults.ts";
import { ownMetrics } from "../../analysis/providers/own-metrics.ts";
import { type PrometheusArgs, prometheusSource } from "../../analysis/providers/prometheus.ts";
import { traefik } from "../../analysis/providers/traefik.ts";
import { backendName } from "../../components/names.ts";
import { pod } from "./reading.ts";
import { WebServer } from "./server.ts";

const a = pod("a");
const query = ownMetrics({ namespace: "dora-apps", metrics: { latency: false } });
/** The time of its answers, in seconds since the epoch on its own clock. */
const now = 1020;

/** A series with its samples in the range, as `[seconds, value]`. */
const series = (code: string, ...values: [number, string][]) => ({
  metric: { __name__: "http_requests_total", pod: "a", namespace: "dora-apps", code, instance: "10.0.0.1:8080" },
  values,
});
const pair = (bad: string, total: string) => ({ bad: { metric: bad }, total: { metric: total } });
const success = (result: object[], more: object = {}) =>
  JSON.stringify({ status: "success", data: { resultType: "matrix", result }, ...more });

describe("Prometheus as a source", () => {
  let server: WebServer;
  let folder: string;
  let asked: { method?: string; path?: string; headers: IncomingHttpHeaders; query: string | null }[];
  /** Its answer: a body, or a function that answers. */
  let answer: string | ((response: ServerResponse) => void);

  before(async () => {
    server = await WebServer.start();
    folder = await mkdtemp(join(tmpdir(), "prometheus-test-"));
  });
  after(async () => {
    await server.stop();
    await rm(folder, { recursive: true });
  });
  beforeEach(() => {
    asked = [];
    answer = success([]);
    server.answer = (request, response) => {
      let body = "";
      request.on("data", (chunk) => {
        body += chunk;
      });
      request.on("end", () => {
        const { method = "", url = "", headers } = request;
        asked.push({ method, path: url, headers, query: new URLSearchParams(body).get("query") });
        response.setHeader("date", new Date(1000 * now).toUTCString());
        if (typeof answer === "function") answer(response);
        else response.end(answer);
      });
    };
  });

  const read = (args: Partial<PrometheusArgs> = {}, signal = new AbortController().signal) =>
    prometheusSource({ url: server.url, query, ...args }).read([a], signal);
  const problemOf = async (given: typeof answer, args?: Partial<PrometheusArgs>) => {
    answer = given;
    const targets = await read(args);
    assert.deepEqual(
      targets.map(({ target, samples }) => [target, samples]),
      [["a", undefined]],
    );
    return targets[0]?.problem?.replaceAll(new URL(server.url).host, "HOST");
  };

  it("is asked for the raw samples of the last three minutes, of which the latest counts with its time", async () => {
    answer = success([series("200", [1000.5, "90"], [1015.5, "100"]), series("500", [1015.5, "1"])]);
    assert.deepEqual(await read(), [
      {
        target: "a",
        release: a.release,
        samples: [
          {
            id: 'requests http_requests_total{code="200",namespace="dora-apps",pod="a"}',
            process: "10.0.0.1:8080",
            counter: { kind: "requests", code: "200" },
            value: 100,
            at: 1_015_500,
          },
          {
            id: 'requests http_requests_total{code="500",namespace="dora-apps",pod="a"}',
            process: "10.0.0.1:8080",
            counter: { kind: "requests", code: "500" },
            value: 1,
            at: 1_015_500,
          },
        ],
      },
    ]);
    const [request] = asked;
    assert.deepEqual([request?.method, request?.path], ["POST", "/api/v1/query"]);
    assert.match(request?.query ?? "", /^\{__name__=~"http_requests_total\|.*pod=~"a"}\[180s]$/);
  });

  it("may answer up to a limit of bytes and of series", async () => {
    const { prometheusBytes, prometheusSeriesAtMost } = pollingDefaults;
    assert.equal(
      await problemOf("x".repeat(prometheusBytes + 1)),
      "Prometheus at HOST cannot be read (the answer is larger than 32 MiB).",
    );
    assert.equal(
      await problemOf(success(Array.from({ length: prometheusSeriesAtMost + 1 }, () => ({})))),
      "Prometheus at HOST answers with 50 001 series, more than the limit of 50 000: select fewer with --label, or use fewer labels on the metrics.",
    );
  });

  it("may have a path prefix", async () => {
    await read({ url: `${server.url}/prometheus/` });
    assert.equal(asked[0]?.path, "/prometheus/api/v1/query");
  });

  it("is a problem if its samples of a pod are too old for its scrape interval", async () => {
    const dead = "Prometheus no longer reads a: its last sample is 47 s old.";
    assert.equal(await problemOf(success([series("200", [943, "90"], [958, "95"], [973, "100"])])), dead);
    // With scrapes every 30 seconds this is still recent enough, and a single sample may be of a new pod.
    for (const values of [
      [
        [943, "90"],
        [973, "100"],
      ],
      [[973, "100"]],
    ] as [number, string][][]) {
      answer = success([series("200", ...values)]);
      const [target] = await read();
      assert.deepEqual([target?.samples?.length, target?.problem], [1, undefined]);
    }
    assert.match((await problemOf(success([series("200", [944, "100"])]))) ?? "", /its last sample is 76 s old\.$/);
  });

  it("has a scrape interval that tolerates a failed scrape, and fast scrapes may be some seconds late", async () => {
    const missed = series("200", [928, "1"], [943, "2"], [958, "3"], [988, "4"]);
    const late = series("500", [943, "1"], [988, "2"]);
    for (const found of [[missed], [missed, series("404", [973, "1"], [988, "2"]), late]]) {
      assert.match((await problemOf(success(found))) ?? "", /its last sample is 32 s old/);
    }
    answer = success([series("200", [1010, "1"], [1011, "2"])]);
    assert.equal((await read())[0]?.problem, undefined);
  });

  it("may have only old samples of a pod that is not ready or terminates, because it gets no requests", async () => {
    answer = success([series("200", [943, "90"], [958, "95"])]);
    for (const changes of [{ ready: false }, { terminating: true }]) {
      const source = prometheusSource({ url: server.url, query });
      const [target] = await source.read([{ ...a, ...changes }], new AbortController().signal);
      assert.deepEqual([target?.samples?.length, target?.problem], [1, undefined]);
    }
  });

  it("is a problem if it has the bad counter of a pair of no pod of a release, because the name may be wrong", async () => {
    const b = pod("b", { release: "bbbbbbbbbbbb", track: "canary" });
    const c = pod("c", { release: "bbbbbbbbbbbb", track: "canary" });
    const of = (name: string, pod: string) => ({
      metric: { __name__: name, pod, code: "200" },
      values: [[now, "5"]],
    });
    const both = ["a", "b", "c"].flatMap((name) => [of("http_requests_total", name), of("orders_total", name)]);
    const source = prometheusSource({
      url: server.url,
      query: ownMetrics({
        namespace: "dora-apps",
        metrics: { latency: false, pairs: { lost: pair("orders_lost_total", "orders_total") } },
      }),
    });
    const problems = async (...lost: object[]) => {
      answer = success([...both, ...lost]);
      return (await source.read([a, b, c], new AbortController().signal)).map(({ samples, problem }) =>
        samples ? problem : assert.fail(problem),
      );
    };
    const missing = (release: string) =>
      `Prometheus has no orders_lost_total of any pod of release ${release}: check the name, and export the counter with 0 from the start.`;
    assert.deepEqual(await problems(), [missing(a.release), missing(b.release), missing(b.release)]);
    const renamed = await problems(of("orders_lost_total", "a"));
    assert.deepEqual(renamed, [undefined, missing(b.release), missing(b.release)]);
    assert.deepEqual(
      await problems(of("orders_lost_total", "a"), of("orders_lost_total", "c")),
      Array(3).fill(undefined),
    );
  });

  it("gets the Authorization header, or a bearer token, from a file that is read for each request", async () => {
    const authorizationFile = join(folder, "authorization");
    for (const content of ["Basic YWxpY2U6c2VjcmV0", "renewed-token\n"]) {
      writeFileSync(authorizationFile, content);
      await read({ authorizationFile });
    }
    assert.deepEqual(
      asked.map(({ headers }) => headers.authorization),
      ["Basic YWxpY2U6c2VjcmV0", "Bearer renewed-token"],
    );
  });

  it("never has its secrets in a message", async () => {
    const authorizationFile = join(folder, "broken");
    writeFileSync(authorizationFile, "Bearer top\u0001-secret");
    const url = server.url.replace("//", "//alice:top-secret@");
    for (const said of [
      await problemOf((response) => response.writeHead(401).end("no"), { url }),
      await problemOf("", { authorizationFile }),
      prometheusSource({ url, query, authorizationFile }).describe(),
    ]) {
      assert.match(said ?? "", /Prometheus at/);
      assert.doesNotMatch(said ?? "", /secret/);
    }
  });

  it("is trusted over TLS only with the certificates of the given file", async () => {
    const [key, cert] = ["key", "certificate"].map((name) =>
      join(import.meta.dirname, `../kubernetes/tls/${name}.pem`),
    );
    const tls = createTlsServer(
      { key: readFileSync(key as string), cert: readFileSync(cert as string) },
      (_, response) => response.end(success([series("200", [now, "5"])])),
    );
    await new Promise<void>((listening) => tls.listen(0, "127.0.0.1", listening));
    const url = `https://127.0.0.1:${(tls.address() as AddressInfo).port}`;
    try {
      // The certificate is for the name kubernetes. The check of its name shows that its issuer is trusted.
      const [believed] = await read({ url, caFile: cert as string });
      assert.match(believed?.problem ?? "", /cannot be read \(Hostname\/IP does not match certificate's altnames/);
      const [other] = await read({ url });
      assert.match(other?.problem ?? "", /cannot be read \(self-signed certificate/);
    } finally {
      tls.close();
    }
  });

  it("gets no query without pods", async () => {
    assert.deepEqual(await prometheusSource({ url: server.url, query }).read([], new AbortController().signal), []);
    assert.deepEqual(asked, []);
  });

  it("describes what is read and where", () => {
    assert.equal(
      prometheusSource({ url: "https://mimir.example/prometheus/", query }).describe(),
      "the pods' own metrics, from Prometheus at mimir.example/prometheus",
    );
  });

  const failure = { status: "error", errorType: "execution", error: "too many samples" };
  for (const [name, given, problem] of [
    [
      "answers 500",
      (response: ServerResponse) => response.writeHead(500).end("panic\nat line 3"),
      "Prometheus at HOST answers 500 (panic).",
    ],
    [
      "answers 422 with its reason",
      (response: ServerResponse) => response.writeHead(422).end(JSON.stringify(failure)),
      "Prometheus at HOST answers 422 with an error (execution: too many samples).",
    ],
    [
      "answers 200 with an error",
      JSON.stringify(failure),
      "Prometheus at HOST answers 200 with an error (execution: too many samples).",
    ],
    [
      "redirects to a login page",
      (response: ServerResponse) => response.writeHead(302, { location: "/login" }).end(),
      "Prometheus at HOST answers 302 ().",
    ],
    [
      "answers with an HTML page",
      "<!doctype html><title>Grafana</title>",
      "Prometheus at HOST does not answer like Prometheus's HTTP API (<!doctype html><title>Grafana</title>).",
    ],
    ["answers with nothing", "", "Prometheus at HOST does not answer like Prometheus's HTTP API ()."],
    [
      "answers with half its JSON",
      success([series("200", [now, "5"])]).slice(0, 60),
      /does not answer like Prometheus's HTTP API/,
    ],
    [
      "answers with another type",
      JSON.stringify({ status: "success", data: { resultType: "vector", result: [] } }),
      /does not answer like Prometheus's HTTP API/,
    ],
    [
      "warns that stores are missing",
      success([series("200", [now, "5"])], { warnings: ["store eu-2 unavailable"] }),
      "Prometheus at HOST gives only a partial answer (store eu-2 unavailable).",
    ],
    [
      "marks its answer as partial",
      success([series("200", [now, "5"])], { isPartial: true }),
      "Prometheus at HOST gives only a partial answer (isPartial).",
    ],
    [
      "has no series",
      success([]),
      "Prometheus has no http_requests_total or another usual counter of requests of a from the last 180 s.",
    ],
    [
      "has a series without samples",
      success([series("200")]),
      "Prometheus has no http_requests_total or another usual counter of requests of a from the last 180 s.",
    ],
    [
      "has NaN",
      success([series("200", [now, "5"]), series("500", [now, "NaN"])]),
      'a gives NaN for http_requests_total{code="500",namespace="dora-apps",pod="a"}, which is not a count.',
    ],
    [
      "hangs up",
      (response: ServerResponse) => response.destroy(),
      "Prometheus at HOST cannot be read (socket hang up).",
    ],
    [
      "hangs up in the middle of its answer",
      (response: ServerResponse) => {
        response.writeHead(200, { "content-length": 1000 });
        response.write(success([series("200", [now, "5"])]), () => response.destroy());
      },
      "Prometheus at HOST cannot be read (aborted).",
    ],
  ] as const) {
    it(`has a problem and no counters if it ${name}`, async () => {
      const said = await problemOf(given);
      if (typeof problem === "string") assert.equal(said, problem);
      else assert.match(said ?? "", problem);
    });
  }

  it("is a problem if it does not answer in time, or answers slowly", async () => {
    for (const given of [() => {}, (response: ServerResponse) => void response.write("{")]) {
      assert.equal(
        await problemOf(given, { timeoutSeconds: 0.03 }),
        "Prometheus at HOST gave no answer within 0.03 s.",
      );
    }
  });

  it("is a problem if the poll is aborted, and nothing throws", async () => {
    const stopping = new AbortController();
    answer = () => stopping.abort();
    const [target] = await read({}, stopping.signal);
    assert.match(target?.problem ?? "", /was not read in time\.$/);
  });

  it("is a problem if it is down, or a given file is missing or empty, and nothing throws", async () => {
    const gone = await WebServer.start();
    await gone.stop();
    const empty = join(folder, "empty");
    writeFileSync(empty, "\n");
    assert.match((await read({ url: gone.url }))[0]?.problem ?? "", /cannot be read \(connect ECONNREFUSED/);
    assert.match((await read({ authorizationFile: join(folder, "none") }))[0]?.problem ?? "", /\(ENOENT: .*none'\)\.$/);
    assert.match((await read({ authorizationFile: empty }))[0]?.problem ?? "", /\(the file .* is empty\)\.$/);
  });

  it("loses nothing of a gateway's counters if it fails, because the next answer covers both ticks", async () => {
    const gateway = (canary: number, stable: number) =>
      success(
        [
          ["stable", stable],
          ["canary", canary],
        ].map(([track, value], index) => ({
          metric: {
            __name__: "traefik_service_requests_total",
            service: `dora-apps-fop-gate-${track}-80@kubernetesgateway`,
            code: "200",
            instance: "g",
          },
          values: [[now - 20 + canary + index / 10, String(value)]],
        })),
      );
    const source = prometheusSource({
      url: server.url,
      query: traefik({
        namespace: "dora-apps",
        backends: { stable: backendName("fop-gate", "stable"), canary: backendName("fop-gate", "canary") },
      }),
    });
    const pods = [a, pod("b", { track: "canary", release: "bbbbbbbbbbbb" })];
    let state = nothingCounted;
    const counted: unknown[] = [];
    for (const [at, given] of [gateway(10, 90), "", gateway(13, 117)].entries()) {
      answer = given;
      const targets = await source.read(pods, new AbortController().signal);
      const { after, tick } = advance(state, { at, pods, targets });
      state = after;
      counted.push(tick?.targets.map(({ release, requests }) => [release, requests]));
    }
    assert.deepEqual(counted, [
      undefined,
      [],
      [
        [a.release, { 200: 27 }],
        ["bbbbbbbbbbbb", { 200: 3 }],
      ],
    ]);
  });
});
