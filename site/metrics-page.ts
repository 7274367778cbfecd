/** The reference of the metrics that the observer exposes, from their declarations. */
import { ARMS, labelNames, METRICS, type MetricName, ROLLOUT_METRICS, VERDICTS } from "../analysis/metric-names.ts";
import { code, heading, prose, table } from "./markdown.ts";

/** The page of all metrics. */
export function metricsPage(): string {
  const rows = (metrics: Readonly<Record<string, MetricName>>) =>
    Object.values(metrics).map((metric) => [code(metric.name), prose(metric.help), metric.labels.map(code).join(", ")]);
  const head = ["gauge", "meaning", "labels of its own"];
  const common = labelNames({ name: "", help: "", labels: [] }).map(code).join(", ");
  return [
    heading(
      "Metrics",
      "`analysis/metric-names.ts`",
      "`gray verify --metrics-port 9464`, and `gray rollout` with the same option, expose them to Prometheus. [Dashboards](../how-to/dashboards.md) says how to scrape them.",
    ),
    `Labels of every series: ${common}. \`verdict\` is one of ${VERDICTS.join(", ")}; \`arm\` is ${ARMS.join(" or ")}; \`stream\` is an indicator, such as 5xx.\n`,
    "## Evidence and verdict\n",
    table(head, rows(METRICS)),
    "## Rollout\n",
    table(head, rows(ROLLOUT_METRICS)),
  ].join("\n");
}
