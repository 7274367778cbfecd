/** The counters of the pods' own metrics in Prometheus. */
import type { Metrics } from "./metrics.ts";
import { equal, exact, like, type Query, type QueryArgs, quoted } from "./query.ts";

/**
 * Queries the metrics that Prometheus scrapes from each pod, with the labels of the Prometheus Operator.
 *
 * @example ownMetrics({ namespace: "shop", metrics: { requests: "hits_total" } })
 */
export function ownMetrics(args: QueryArgs & { readonly metrics?: Metrics }): Query {
  return {
    about: "the pods' own metrics",
    metrics: args.metrics ?? {},
    matchers: (pods) => [
      equal("namespace", args.namespace),
      like("pod", pods.map(({ name }) => quoted(name)).join("|")),
      ...exact(args.labels),
    ],
  };
}
