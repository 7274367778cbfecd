/** The names that libraries give to the metrics of requests and their duration: they are found without an option. */

/** The metrics of one library or convention. */
export interface Convention {
  readonly protocol: "http" | "grpc";
  /** The counter of requests by status. */
  readonly requests: string;
  /** The classic histogram of their duration, without `_bucket`. */
  readonly latency: string;
  /** Unit of its edges. @default "seconds" */
  readonly unit?: "milliseconds";
}

/** A convention in which the histogram counts the requests too. */
const histogram = (protocol: Convention["protocol"], latency: string, unit?: "milliseconds"): Convention => ({
  protocol,
  requests: `${latency}_count`,
  latency,
  ...(unit && { unit }),
});

/**
 * All known conventions. Of each protocol, a target's first one whose series have a status counts. One counter may stand beside
 * different histograms: then the first that the target has counts.
 */
export const conventions: readonly Convention[] = [
  // Prometheus's client libraries, by convention of their examples; prometheus-fastapi-instrumentator 7.
  { protocol: "http", requests: "http_requests_total", latency: "http_request_duration_seconds" },
  // prometheus-net 8 (https://github.com/prometheus-net/prometheus-net#aspnet-core-http-request-metrics).
  { protocol: "http", requests: "http_requests_received_total", latency: "http_request_duration_seconds" },
  // express-prom-bundle 8 (https://github.com/jochen-schweizer/express-prom-bundle).
  histogram("http", "http_request_duration_seconds"),
  // Prometheus's Ruby client 4 (https://github.com/prometheus/client_ruby/blob/main/lib/prometheus/middleware/collector.rb).
  { protocol: "http", requests: "http_server_requests_total", latency: "http_server_request_duration_seconds" },
  // Micrometer 1 in Spring Boot and Quarkus (https://docs.spring.io/spring-boot/reference/actuator/metrics.html).
  histogram("http", "http_server_requests_seconds"),
  // OpenTelemetry, stable HTTP conventions (https://opentelemetry.io/docs/specs/semconv/http/http-metrics); its JavaScript
  // exporter writes no unit.
  histogram("http", "http_server_request_duration_seconds"),
  histogram("http", "http_server_request_duration"),
  // OpenTelemetry, HTTP conventions before 1.23: the default of Python's instrumentations.
  histogram("http", "http_server_duration_milliseconds", "milliseconds"),
  histogram("http", "http_server_duration", "milliseconds"),
  histogram("http", "http_server_duration_ms", "milliseconds"),
  histogram("http", "http_server_duration_seconds"),
  // starlette_exporter 1 and prometheus_flask_exporter 0.23.
  { protocol: "http", requests: "starlette_requests_total", latency: "starlette_request_duration_seconds" },
  { protocol: "http", requests: "flask_http_request_total", latency: "flask_http_request_duration_seconds" },
  // go-grpc-middleware, py-grpc-prometheus, tonic_prometheus_layer
  // (https://github.com/grpc-ecosystem/go-grpc-middleware/tree/main/providers/prometheus); java-grpc-prometheus.
  { protocol: "grpc", requests: "grpc_server_handled_total", latency: "grpc_server_handling_seconds" },
  { protocol: "grpc", requests: "grpc_server_handled_total", latency: "grpc_server_handled_latency_seconds" },
  // gRPC's own OpenTelemetry metrics (https://grpc.io/docs/guides/opentelemetry-metrics).
  histogram("grpc", "grpc_server_call_duration_seconds"),
  // OpenTelemetry, RPC conventions (https://opentelemetry.io/docs/specs/semconv/rpc/rpc-metrics), and those before 1.38.
  histogram("grpc", "rpc_server_call_duration_seconds"),
  histogram("grpc", "rpc_server_call_duration"),
  histogram("grpc", "rpc_server_duration_milliseconds", "milliseconds"),
  histogram("grpc", "rpc_server_duration", "milliseconds"),
  // grpc-spring 3 (https://github.com/grpc-ecosystem/grpc-spring).
  histogram("grpc", "grpc_server_processing_duration_seconds"),
];
