/** The counters of Traefik in Prometheus. */
import { byBackend, type Names, type Query, type QueryArgs, quoted } from "./query.ts";

/**
 * Queries Traefik's counters of each service, `<namespace>-<service>-<port>@<provider>`
 * (https://doc.traefik.io/traefik/observability/metrics/overview/#service-metrics; the names come from
 * pkg/provider/kubernetes/gateway/httproute.go).
 *
 * @param args.backends the Service of each track
 * @example traefik({ namespace: "shop", backends: { stable: "web-stable", canary: "web-canary" } })
 */
export function traefik(args: QueryArgs & { readonly backends: Names }): Query {
  const name = (track: keyof Names) =>
    `${quoted(`${args.namespace}-${args.backends[track]}`)}-(https?-)?[0-9a-z]+@kubernetes[a-z]*`;
  return {
    about: "the counters of Traefik, by HTTP status alone",
    metrics: {
      requests: "traefik_service_requests_total",
      codeLabel: "code",
      latency: "traefik_service_request_duration_seconds",
    },
    ...byBackend("service", { stable: name("stable"), canary: name("canary") }, args.labels),
    hint: "is addServicesLabels on, is honorLabels set in its ServiceMonitor, and does the route have both backends?",
  };
}
