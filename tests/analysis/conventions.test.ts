import assert from "node:assert/strict";
import { conventions } from "../../analysis/providers/conventions.ts";
import type { Metrics } from "../../analysis/providers/metrics.ts";
import { podSource } from "../../analysis/providers/pods.ts";
import type { Pod } from "../../analysis/reading.ts";
import { pod } from "./reading.ts";

/** What a page of a pod counts by code, the seconds of its edges, and its problem. */
async function seen(page: string, metrics: Metrics = {}, changes: Partial<Pod> = {}) {
  const ask = async () => ({
    status: 200,
    text: (async function* () {
      yield page;
    })(),
  });
  const source = podSource({ ask, namespace: "shop", metrics });
  const [target] = await source.read([pod("web", changes)], new AbortController().signal);
  const codes: Record<string, number> = {};
  const edges = new Set<number>();
  for (const { counter, value } of target?.samples ?? []) {
    if (counter.kind === "requests") codes[counter.code] = (codes[counter.code] ?? 0) + value;
    if (counter.kind === "within" && Number.isFinite(counter.seconds)) edges.add(counter.seconds);
  }
  return { codes, edges: [...edges], ...(target?.problem !== undefined && { problem: target.problem }) };
}

/** A histogram with the same edge for each of its labels. */
const histogram = (name: string, edge: string, ...of: [labels: string, count: number][]) =>
  [
    `# TYPE ${name} histogram`,
    ...of.flatMap(([labels, count]) => [
      `${name}_bucket{${labels},le="${edge}"} ${count}`,
      `${name}_bucket{${labels},le="+Inf"} ${count}`,
      `${name}_sum{${labels}} 1`,
      `${name}_count{${labels}} ${count}`,
    ]),
    "",
  ].join("\n");

describe("requests and latency are found without being told", () => {
  for (const [library, page, codes, edge] of [
    [
      "the usual names of Prometheus's libraries",
      `http_requests_total{code="200"} 9\n${histogram("http_request_duration_seconds", "0.1", ['path="/"', 9])}`,
      { 200: 9 },
      0.1,
    ],
    [
      "prometheus-net",
      `http_requests_received_total{code="503"} 9\n${histogram("http_request_duration_seconds", "0.1", ['code="503"', 9])}`,
      { 503: 9 },
      0.1,
    ],
    [
      "express-prom-bundle",
      histogram("http_request_duration_seconds", "0.3", ['status_code="200"', 9]),
      { 200: 9 },
      0.3,
    ],
    [
      "Prometheus's Ruby client",
      `http_server_requests_total{code="200"} 9\n${histogram("http_server_request_duration_seconds", "0.1", ['path="/"', 9])}`,
      { 200: 9 },
      0.1,
    ],
    [
      "Micrometer, with one cancelled request",
      histogram(
        "http_server_requests_seconds",
        "0.1",
        ['outcome="SUCCESS",status="200"', 2000],
        ['outcome="UNKNOWN",status="UNKNOWN"', 1],
      ),
      { 200: 2000, unknown: 1 },
      0.1,
    ],
    [
      "OpenTelemetry",
      histogram(
        "http_server_request_duration_seconds",
        "0.25",
        ['http_response_status_code="503"', 5],
        ['http_route="/"', 1],
      ),
      { 503: 5, unknown: 1 },
      0.25,
    ],
    [
      "OpenTelemetry for JavaScript, without a unit in the name",
      histogram("http_server_request_duration", "0.25", ['http_response_status_code="200"', 5]),
      { 200: 5 },
      0.25,
    ],
    [
      "OpenTelemetry before its stable conventions, in milliseconds",
      histogram("http_server_duration_milliseconds", "250.0", ['http_status_code="200"', 5]),
      { 200: 5 },
      0.25,
    ],
    [
      "OpenTelemetry in both conventions at once, each request once",
      histogram("http_server_duration_milliseconds", "250", ['http_status_code="200"', 5]) +
        histogram("http_server_request_duration_seconds", "0.1", ['http_response_status_code="200"', 5]),
      { 200: 5 },
      0.1,
    ],
    [
      "a gRPC server, whose histogram has no code",
      `grpc_server_handled_total{grpc_code="OK"} 900\ngrpc_server_handled_total{grpc_code="Unavailable"} 100\n` +
        histogram("grpc_server_handling_seconds", "0.1", ['grpc_type="unary"', 1000]),
      { 200: 900, 503: 100 },
      0.1,
    ],
    [
      "a gRPC server in Java, whose histogram has another name",
      'grpc_server_handled_total{code="UNAVAILABLE"} 7\n' +
        histogram("grpc_server_handled_latency_seconds", "0.1", ['grpc_type="unary"', 7]),
      { 503: 7 },
      0.1,
    ],
    [
      "gRPC's own OpenTelemetry metrics",
      histogram("grpc_server_call_duration_seconds", "0.1", ['grpc_status="DEADLINE_EXCEEDED"', 7]),
      { 504: 7 },
      0.1,
    ],
    [
      "OpenTelemetry's calls by number, where 0 is good",
      histogram(
        "rpc_server_duration_milliseconds",
        "100",
        ['rpc_grpc_status_code="0"', 7],
        ['rpc_grpc_status_code="13"', 1],
      ),
      { 200: 7, 500: 1 },
      0.1,
    ],
    [
      "OpenTelemetry's calls by name",
      histogram("rpc_server_call_duration_seconds", "0.1", ['rpc_response_status_code="OK"', 7]),
      { 200: 7 },
      0.1,
    ],
  ] as const) {
    it(`as ${library}`, async () => {
      assert.deepEqual(await seen(page), { codes, edges: [edge] });
    });
  }

  it("of HTTP and of gRPC, if one process answers both", async () => {
    const page =
      `http_requests_total{code="200"} 9\ngrpc_server_handled_total{grpc_code="Internal"} 2\n` +
      histogram("http_request_duration_seconds", "0.1", ['path="/"', 9]) +
      histogram("grpc_server_handling_seconds", "0.1", ['grpc_type="unary"', 2]);
    assert.deepEqual(await seen(page), { codes: { 200: 9, 500: 2 }, edges: [0.1] });
  });

  it("from the first counter that has a status, even if one with a more usual name has none", async () => {
    const page = `http_requests_total 12\n${histogram("http_server_requests_seconds", "0.1", ['status="200"', 9])}`;
    assert.deepEqual(await seen(page), { codes: { 200: 9 }, edges: [0.1] });
  });

  it("in the counter that was named, with the histogram of its convention", async () => {
    const page =
      histogram("http_server_requests_seconds", "0.1", ['status="200"', 9]) +
      histogram("http_request_duration_seconds", "0.5", ['code="200"', 5]);
    const requests = "http_server_requests_seconds_count";
    assert.deepEqual(await seen(page, { requests }), { codes: { 200: 9 }, edges: [0.1] });
  });

  it("not in the histogram of another counter, which may count other requests", async () => {
    const page = `http_requests_total{code="200"} 12\n${histogram("http_server_requests_seconds", "0.1", ['status="200"', 9])}`;
    const { codes, edges, problem } = await seen(page);
    assert.deepEqual([codes, edges], [{ 200: 12 }, []]);
    assert.match(problem ?? "", /^web has no http_request_duration_seconds, so its latency is not known/);
  });

  it("with a problem if a pod answers gRPC calls and counts their HTTP status alone", async () => {
    const ofHttp = 'http_requests_total{code="200"} 9\n';
    const ofCalls = 'grpc_server_handled_total{grpc_code="OK"} 9\n';
    const failed = "failed_total 1\ncalls_total 9\n";
    const pairs = { failed: { bad: { metric: "failed_total" }, total: { metric: "calls_total" } } };
    const problem = async (page: string, metrics: Metrics = {}) =>
      (await seen(page, { latency: false, ...metrics }, { grpc: true })).problem;
    assert.match((await problem(ofHttp)) ?? "", /^web counts its gRPC calls by their HTTP status alone, .*\.$/);
    assert.equal(await problem(ofCalls), undefined);
    assert.equal(await problem(ofHttp + ofCalls), undefined);
    assert.equal(await problem('http_requests_total{code="200",grpc_status="0"} 9\n'), undefined);
    assert.equal(await problem(ofHttp + failed, { pairs }), undefined);
    assert.equal(await problem('http_requests_total{code="200"} 0\n'), undefined);
  });

  it("in a histogram of another name, whose unit is in its name", async () => {
    const page = `hits_total{code="200"} 9\n${histogram("spent_ms", "250", ['path="/"', 9])}`;
    assert.deepEqual(await seen(page, { requests: "hits_total", latency: "spent_ms" }), {
      codes: { 200: 9 },
      edges: [0.25],
    });
  });

  it("with a problem if a summary measures the latency, as Micrometer does unless it is told to make histograms", async () => {
    const page =
      'http_server_requests_seconds_count{status="200"} 9\nhttp_server_requests_seconds_sum{status="200"} 1\n';
    const { codes, edges, problem } = await seen(page);
    assert.deepEqual([codes, edges], [{ 200: 9 }, []]);
    assert.match(problem ?? "", /^web has no buckets in http_server_requests_seconds, so its latency is not known/);
  });

  it("without the requests that a label leaves out, in the counter and in the histogram", async () => {
    const page =
      `http_requests_total{code="200",path="/healthz"} 900\nhttp_requests_total{code="200",path="/"} 9\n` +
      histogram("http_request_duration_seconds", "0.1", ['path="/healthz"', 900], ['path="/"', 9]);
    assert.deepEqual(await seen(page, { without: { path: ["/healthz"] } }), { codes: { 200: 9 }, edges: [0.1] });
    const other = await seen(page, { without: { path: ["/metrics"], method: ["GET"] } });
    assert.deepEqual(other.codes, { 200: 909 });
    const both = await seen(page, { without: { method: ["GET"], path: ["/healthz", "/"] } });
    assert.deepEqual(both, { codes: {}, edges: [] });
  });

  it("from conventions that differ in their counters or histograms, so that each is found by its names", () => {
    const names = conventions.map(({ requests, latency }) => `${requests} ${latency}`);
    assert.equal(new Set(names).size, names.length);
  });
});
