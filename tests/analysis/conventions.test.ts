import assert from "node:assert/strict";
import { conventions } from "../../analysis/providers/conventions.ts";
import { readExposition } from "../../analysis/providers/exposition.ts";
import { countersOf, type Metrics, wantedOf } from "../../analysis/providers/metrics.ts";

/** What a page counts by code, the seconds of its edges, and its problem. */
async function seen(page: string, metrics: Metrics = {}) {
  const found = await readExposition([page], wantedOf(metrics));
  if ("wrong" in found) return assert.fail(found.wrong);
  const { samples = [], wrong } = countersOf(metrics, found.series, { declared: found.declared });
  const codes: Record<string, number> = {};
  const edges = new Set<number>();
  for (const { counter, value } of samples) {
    if (counter.kind === "requests") codes[counter.code] = (codes[counter.code] ?? 0) + value;
    if (counter.kind === "within" && Number.isFinite(counter.seconds)) edges.add(counter.seconds);
  }
  return { codes, edges: [...edges], ...(wrong !== undefined && { wrong }) };
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
    const { codes, edges, wrong } = await seen(page);
    assert.deepEqual([codes, edges], [{ 200: 9 }, []]);
    assert.match(wrong ?? "", /^has no buckets in http_server_requests_seconds, so its latency is not known/);
  });

  it("without the requests that a label leaves out, in the counter and in the histogram", async () => {
    const page =
      `http_requests_total{code="200",path="/healthz"} 900\nhttp_requests_total{code="200",path="/"} 9\n` +
      histogram("http_request_duration_seconds", "0.1", ['path="/healthz"', 900], ['path="/"', 9]);
    assert.deepEqual(await seen(page, { without: { path: ["/healthz"] } }), { codes: { 200: 9 }, edges: [0.1] });
    const [{ samples = [] }] = [countersOf({ without: { path: ["/healthz"] } }, [])];
    assert.deepEqual(samples, []);
  });

  it("from conventions that differ in their counters or histograms, so that each is found by its names", () => {
    const names = conventions.map(({ requests, latency }) => `${requests} ${latency}`);
    assert.equal(new Set(names).size, names.length);
  });
});
