/** The counters of Istio in Prometheus. */
import { byBackend, type Names, type Query, type QueryArgs, quoted } from "./query.ts";

/**
 * Queries Istio's standard metrics by destination workload (https://istio.io/latest/docs/reference/config/metrics/). The
 * sidecar of the answering pod reports them; the label `reporter` selects another reporter, "source" or "waypoint".
 *
 * @param args.workloads the Deployment of each track
 * @example istio({ namespace: "shop", workloads: { stable: "web", canary: "web-canary" } })
 */
export function istio(args: QueryArgs & { readonly workloads: Names }): Query {
  const labels = { reporter: "destination", destination_workload_namespace: args.namespace, ...args.labels };
  const { stable, canary } = args.workloads;
  return {
    about: "the counters of Istio",
    metrics: {
      requests: "istio_requests_total",
      codeLabel: "response_code",
      latency: "istio_request_duration_milliseconds",
      latencyUnit: "milliseconds",
    },
    ...byBackend("destination_workload", { stable: quoted(stable), canary: quoted(canary) }, labels),
    hint: `is telemetry on for reporter ${labels.reporter}? Select another with --label reporter=waypoint`,
  };
}
