/** The Grafana dashboard of one service under gray release: the answers of both tracks, the evidence, and the rollout. */
import { LineStyleBuilder, VisibilityMode, VizLegendOptionsBuilder } from "@grafana/grafana-foundation-sdk/common";
import {
  AnnotationQueryBuilder,
  type Dashboard,
  DashboardBuilder,
  DashboardCursorSync,
  DatasourceVariableBuilder,
  type DynamicConfigValue,
  QueryVariableBuilder,
  RowBuilder,
  VariableRefresh,
} from "@grafana/grafana-foundation-sdk/dashboard";
import { DataqueryBuilder } from "@grafana/grafana-foundation-sdk/prometheus";
import { PanelBuilder as StateTimelineBuilder } from "@grafana/grafana-foundation-sdk/statetimeline";
import { PanelBuilder as TimeSeriesBuilder } from "@grafana/grafana-foundation-sdk/timeseries";
import { Percent, PercentUnit, RequestsPerSecond, Seconds } from "@grafana/grafana-foundation-sdk/units";
import { CHOICES, queries } from "./queries.ts";

const DATASOURCE = { type: "prometheus", uid: "$datasource" };

const COLORS = { stable: "blue", canary: "orange", good: "green", bad: "red", undecided: "yellow" } as const;

/** One query of a panel, and the legend of its series. */
type Line = readonly [expr: string, legend: string];

/** The dashboard as Grafana's JSON model. */
export function dashboard(): Dashboard {
  const all = queries({
    pods: 'namespace="$namespace",app="$service"',
    gray: 'namespace="$namespace",service="$service"',
    window: "$__rate_interval",
    stream: "$stream",
  });
  return new DashboardBuilder("Gray release")
    .uid("gray-release")
    .description("Canary and stable of one service, the evidence on the release, and its rollout.")
    .tags(["gray-release"])
    .tooltip(DashboardCursorSync.Crosshair)
    .time({ from: "now-30m", to: "now" })
    .refresh("10s")
    .withVariable(new DatasourceVariableBuilder("datasource").label("Prometheus").type("prometheus"))
    .withVariable(choice("namespace", "Namespace"))
    .withVariable(choice("service", "Service"))
    .withVariable(choice("stream", "Stream of the ratio", "5xx"))
    .annotation(
      new AnnotationQueryBuilder()
        .name("Releases")
        .datasource(DATASOURCE)
        .enable(true)
        .iconColor("purple")
        .expr(all.newRelease)
        .step("60s")
        .titleFormat("{{track}} gets release {{release}}")
        .tagKeys("track,release"),
    )
    .withRow(new RowBuilder("User traffic"))
    .withPanel(
      chart("TPS2XX", "Requests answered 2xx, by track.", RequestsPerSecond, [[all.tps2xx, "{{track}}"]]).min(0),
    )
    .withPanel(
      chart("TPS5XX", "Requests answered 5xx, by track.", RequestsPerSecond, [[all.tps5xx, "{{track}}"]]).min(0),
    )
    .withPanel(
      chart("Share answered 5xx", "Of all requests, by track.", PercentUnit, [[all.errorRatio, "{{track}}"]]).min(0),
    )
    .withPanel(
      chart(
        "How many times as often as stable: $stream",
        "Ratio of canary's rate to stable's, with its confidence sequence: the band contains the true ratio at all polls together.",
        "none",
        [
          [all.rateRatio, "ratio"],
          [all.rateRatioLower, "at least"],
          [all.rateRatioUpper, "at most"],
        ],
      )
        .overrideByName("at least", band("canary"))
        .overrideByName("at most", [...band("canary"), ...fillTo("at least")]),
    )
    .withPanel(
      chart("Latency", "Half of the requests, and 99 of 100, are answered within this time.", Seconds, [
        [all.latencyP50, "{{track}} p50"],
        [all.latencyP99, "{{track}} p99"],
      ]).min(0),
    )
    .withPanel(
      chart("Weight", "Percent of traffic assigned to canary, and percent answered by canary.", Percent, [
        [all.weight, "weight"],
        [all.canaryShare, "share of canary"],
      ])
        .min(0)
        .overrideByName("weight", [{ id: "custom.lineInterpolation", value: "stepAfter" }]),
    )
    .withRow(new RowBuilder("Evidence on the release"))
    .withPanel(verdicts(all.verdict))
    .withPanel(
      chart("Requests seen", "Requests in the evidence, by arm.", "short", [[all.requestsSeen, "{{arm}}"]]).min(0),
    )
    .withPanel(
      chart(
        "Evidence for bad",
        "log10 of e-values: 2 is 100 to 1. The release is bad when all streams together reach 1/alpha.",
        "none",
        [
          [all.evidenceBad, "all streams"],
          [all.eValue, "{{stream}}"],
          [all.convictionLine, "1/alpha"],
        ],
      )
        .overrideByName("all streams", [{ id: "custom.lineWidth", value: 3 }])
        .overrideByName("1/alpha", band("bad")),
    )
    .withPanel(
      chart(
        "Evidence for good",
        "log10 of e-values. A good verdict needs every stream, so the lowest line decides.",
        "none",
        [[all.evidenceGood, "{{stream}}"]],
      ),
    )
    .withRow(new RowBuilder("Rollout"))
    .withPanel(
      chart(
        "Step",
        "Current step of the rollout, number of steps, and whether it is paused or waits for a person.",
        "short",
        [
          [all.rolloutStep, "{{stage}}"],
          [all.rolloutSteps, "steps"],
          [all.rolloutHolds, "holds"],
        ],
      )
        .min(0)
        .decimals(0)
        .overrideByName("steps", band("stable"))
        .overrideByName("holds", color("undecided")),
    )
    .withPanel(
      chart("Pods", "Scraped pods, by track and release.", "short", [[all.pods, "{{track}} {{release}}"]])
        .min(0)
        .decimals(0),
    )
    .withPanel(
      chart(
        "Age of the last reading",
        "Time since the observer last read counters of canary. While it grows, nothing is decided.",
        Seconds,
        [[all.readingAge, "age"]],
      ).min(0),
    )
    .build();
}

/** The dashboard as a JSON text, for Grafana's import. */
export function dashboardFile(): string {
  return `${JSON.stringify(dashboard(), null, 2)}\n`;
}

/** A variable that the user selects on the dashboard. @param first the initial value. @default the first value found */
function choice(name: keyof typeof CHOICES, label: string, first?: string): QueryVariableBuilder {
  const { selector, label: from } = CHOICES[name];
  const variable = new QueryVariableBuilder(name)
    .label(label)
    .datasource(DATASOURCE)
    .query(`label_values(${selector}, ${from})`)
    .refresh(VariableRefresh.OnTimeRangeChanged);
  return first === undefined ? variable : variable.current({ selected: true, text: first, value: first });
}

function chart(title: string, description: string, unit: string, lines: readonly Line[]): TimeSeriesBuilder {
  const panel = new TimeSeriesBuilder()
    .title(title)
    .description(description)
    .unit(unit)
    .datasource(DATASOURCE)
    .height(8)
    .span(12)
    .legend(new VizLegendOptionsBuilder().showLegend(true))
    .showPoints(VisibilityMode.Never)
    .overrideByRegexp("/^stable/", color("stable"))
    .overrideByRegexp("/^canary/", color("canary"));
  return targets(panel, lines);
}

function verdicts(expr: string): StateTimelineBuilder {
  const panel = new StateTimelineBuilder()
    .title("Verdict")
    .description("The current verdict on the release.")
    .datasource(DATASOURCE)
    .height(8)
    .span(12)
    .showValue(VisibilityMode.Never)
    .legend(new VizLegendOptionsBuilder().showLegend(false));
  for (const name of ["good", "bad", "undecided"] as const) panel.overrideByName(name, color(name));
  return targets(panel, [[expr, "{{verdict}}"]]);
}

function targets<Panel extends { withTarget(target: DataqueryBuilder): Panel }>(
  panel: Panel,
  lines: readonly Line[],
): Panel {
  for (const [index, [expr, legend]] of lines.entries()) {
    const refId = String.fromCharCode("A".charCodeAt(0) + index);
    panel.withTarget(
      new DataqueryBuilder().refId(refId).datasource(DATASOURCE).expr(expr).legendFormat(legend).range(),
    );
  }
  return panel;
}

function color(name: keyof typeof COLORS): DynamicConfigValue[] {
  return [{ id: "color", value: { mode: "fixed", fixedColor: COLORS[name] } }];
}

/** A thin dashed line, for bounds rather than measurements. */
function band(name: keyof typeof COLORS): DynamicConfigValue[] {
  const lineStyle = new LineStyleBuilder().fill("dash").dash([6, 6]).build();
  return [...color(name), { id: "custom.lineStyle", value: lineStyle }, { id: "custom.lineWidth", value: 1 }];
}

function fillTo(series: string): DynamicConfigValue[] {
  return [
    { id: "custom.fillBelowTo", value: series },
    { id: "custom.fillOpacity", value: 12 },
  ];
}
