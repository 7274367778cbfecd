/** The counters of ingress-nginx in Prometheus. */
import { equal, exact, like, type Names, type Query, type QueryArgs, quoted } from "./query.ts";

/**
 * Queries ingress-nginx's counters of each Service (https://kubernetes.github.io/ingress-nginx/user-guide/monitoring). Requests
 * that a canary Ingress routes to canary are counted under stable's Service, with canary's `<namespace>-<service>-<port>` in
 * the label `canary` (https://github.com/kubernetes/ingress-nginx/pull/7696).
 *
 * @param args.backends the Service of each track
 * @example ingressNginx({ namespace: "shop", backends: { stable: "web-stable", canary: "web-canary" } })
 */
export function ingressNginx(args: QueryArgs & { readonly backends: Names }): Query {
  const { stable, canary } = args.backends;
  const toCanary = new RegExp(`^${quoted(`${args.namespace}-${canary}`)}-[0-9a-z-]+$`);
  return {
    about: "the counters of ingress-nginx, by HTTP status alone",
    metrics: {
      requests: "nginx_ingress_controller_requests",
      codeLabel: "status",
      latency: "nginx_ingress_controller_request_duration_seconds",
    },
    matchers: () => [
      equal("namespace", args.namespace),
      like("service", `${quoted(stable)}|${quoted(canary)}`),
      ...exact(args.labels),
    ],
    trackOf: (labels) => {
      if (labels.service === canary || toCanary.test(labels.canary ?? "")) return "canary";
      return labels.service === stable && !labels.canary ? "stable" : undefined;
    },
    hint: `is honorLabels set in its ServiceMonitor, and does ingress-nginx have the backends ${stable} and ${canary}?`,
  };
}
