import assert from "node:assert/strict";
import type { Panel } from "@grafana/grafana-foundation-sdk/dashboard";
import { METRICS, ROLLOUT_METRICS } from "../../analysis/metric-names.ts";
import { dashboard, dashboardFile } from "../../observability/grafana/dashboard.ts";
import { dashboardConfigMap, rulesConfigMap } from "../../observability/grafana/provision.ts";
import { queries } from "../../observability/grafana/queries.ts";
import { rules } from "../../observability/grafana/rules.ts";

const MIB = 1 << 20;

const model = dashboard();
const panels = (model.panels ?? []).filter((panel): panel is Panel => panel.type !== "row");
const expressionsOf = (panel: Panel) => (panel.targets ?? []).map((target) => (target as { expr?: string }).expr ?? "");
const onDashboard = [
  ...panels.flatMap(expressionsOf),
  ...(model.annotations?.list ?? []).map(({ expr }) => expr ?? ""),
];
const inRules = rules().groups.flatMap((group) => group.rules.map(({ expr }) => expr));

describe("the dashboard", () => {
  it("is valid for Grafana: uid, title, schema version, and a variable for each reference", () => {
    assert.deepEqual([model.uid, model.title], ["gray-release", "Gray release"]);
    assert.ok((model.schemaVersion ?? 0) >= 36);
    const variables = (model.templating?.list ?? []).map(({ name }) => name);
    const text = dashboardFile();
    for (const [, name] of text.matchAll(/\$([a-z]+)\b/g)) assert.ok(variables.includes(name ?? ""), name);
    assert.deepEqual(JSON.parse(text), JSON.parse(JSON.stringify(model)));
  });

  it("has a position, the selected Prometheus and a description for every panel", () => {
    for (const panel of panels) {
      assert.equal(panel.datasource?.uid, "$datasource", panel.title);
      assert.ok(panel.description, panel.title);
      const refs = (panel.targets ?? []).map((target) => (target as { refId?: string }).refId);
      assert.ok(refs.length > 0 && new Set(refs).size === refs.length, panel.title);
    }
    for (const [index, a] of panels.entries()) {
      for (const b of panels.slice(index + 1)) assert.ok(!overlap(a, b), `${a.title} and ${b.title}`);
    }
  });

  it("shows TPS2XX, TPS5XX, the error ratio with its confidence sequence, latency, evidence, weight and release marks", () => {
    const titles = panels.map(({ title }) => title);
    for (const title of [
      "TPS2XX",
      "TPS5XX",
      "Share answered 5xx",
      "Latency",
      "Evidence for bad",
      "Weight",
      "Verdict",
    ]) {
      assert.ok(titles.includes(title), title);
    }
    const [marks] = model.annotations?.list ?? [];
    assert.match(marks?.expr ?? "", /release/);
    assert.equal(marks?.titleFormat, "{{track}} gets release {{release}}");
  });

  it("shows every metric that gray exposes", () => {
    for (const { name } of [...Object.values(METRICS), ...Object.values(ROLLOUT_METRICS)]) {
      assert.ok(
        onDashboard.some((expr) => new RegExp(`\\b${name}\\b`).test(expr)),
        name,
      );
    }
  });
});

describe("the queries", () => {
  it("are each used by a panel, a mark or a rule", () => {
    const all = queries({ pods: "P", gray: "G", window: "W", stream: "S" });
    // Without the scope, expressions of the dashboard and the rules are equal.
    const bare = (expr: string) => expr.replace(/\{[^}]*\}|\[[^\]]*\]/g, "");
    const used = [...onDashboard, ...inRules].map(bare);
    const unused = Object.entries(all).filter(([, expr]) => !used.some((each) => each.includes(bare(expr))));
    assert.deepEqual(
      unused.map(([name]) => name),
      [],
    );
  });

  it("use the names of the service's metrics", () => {
    const { tps5xx } = queries({
      pods: "",
      gray: "",
      window: "1m",
      series: { requests: "requests", code: "status", duration: "took" },
    });
    assert.match(tps5xx, /rate\(requests\{track!="",status=~"5\.\."\}\[1m\]\)/);
  });
});

describe("the rules", () => {
  const [records, alerts] = rules().groups;

  it("record TPS2XX, TPS5XX and the error ratio of every track, and its pods by release", () => {
    assert.deepEqual(
      records.rules.map(({ record }) => record),
      [
        "track:gray_tps2xx:rate1m",
        "track:gray_tps5xx:rate1m",
        "track:gray_error_ratio:rate1m",
        "release:gray_pods:count",
      ],
    );
  });

  it("alert on a bad canary, a canary without data, errors over the SLO, missing readings, and a rollout that holds", () => {
    assert.deepEqual(
      alerts.rules.map(({ alert }) => alert),
      ["GrayCanaryConvicted", "GrayCanaryNoData", "GrayErrorRatioOverSlo", "GrayObserverSilent", "GrayRolloutHolds"],
    );
    for (const { alert, annotations } of alerts.rules) assert.match(annotations.description, /\.$/, alert);
  });

  it("name only commands that gray has", () => {
    const verbs = ["plan", "status", "verify", "logs", "approve", "destroy", "watch", "resume", "abort", "undo"];
    for (const { alert, annotations } of alerts.rules) {
      for (const [, verb] of annotations.description.matchAll(/\bgray ([a-z]+)/g)) {
        assert.ok(verbs.includes(verb ?? ""), `${alert}: gray ${verb}`);
      }
    }
  });

  it("use the given SLO, and refuse one that is not a share", () => {
    const expr = rules({ slo: 0.002 }).groups[1].rules.find(({ alert }) => alert === "GrayErrorRatioOverSlo")?.expr;
    assert.match(expr ?? "", /> 0\.002$/);
    assert.throws(() => rules({ slo: 5 }), /^RangeError: slo \(5\) must be a share between 0 and 1, such as 0\.01$/);
  });
});

describe("provisioning", () => {
  it("puts the dashboard into a ConfigMap with the label of Grafana's sidecar", () => {
    const { metadata, data } = dashboardConfigMap("monitoring");
    assert.equal(metadata.labels.grafana_dashboard, "1");
    assert.equal(metadata.namespace, "monitoring");
    assert.equal(JSON.parse(data["gray-release.json"] ?? "").uid, "gray-release");
  });

  it("puts the rules into a ConfigMap without this label", () => {
    assert.ok(!("grafana_dashboard" in rulesConfigMap("monitoring").metadata.labels));
  });

  it("stays far below the 1 MiB limit of a ConfigMap", () => {
    for (const configMap of [dashboardConfigMap("monitoring"), rulesConfigMap("monitoring")]) {
      assert.ok(Buffer.byteLength(JSON.stringify(configMap)) < MIB / 4, configMap.metadata.name);
    }
  });
});

function overlap(a: Panel, b: Panel): boolean {
  if (!a.gridPos || !b.gridPos) return true;
  const [p, q] = [a.gridPos, b.gridPos];
  return p.x < q.x + q.w && q.x < p.x + p.w && p.y < q.y + q.h && q.y < p.y + p.h;
}
