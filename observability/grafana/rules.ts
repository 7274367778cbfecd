/**
 * Recording and alerting rules for Prometheus, as data. Their alerts tell people; whatever acts on a release is `gray`
 * itself, which needs no Prometheus.
 */
import { dump } from "js-yaml";
import { defaults } from "../../analysis/defaults.ts";
import { queries } from "./queries.ts";

export interface RuleOptions {
  /** Share of requests that may be answered 5xx by either track. @default {@link defaults.slo} */
  readonly slo?: number;
}

export interface RecordingRule {
  readonly record: string;
  readonly expr: string;
}

export interface AlertingRule {
  readonly alert: string;
  readonly expr: string;
  /** How long it has to hold before anybody is told. */
  readonly for: string;
  readonly labels: { readonly severity: "critical" | "warning" };
  readonly annotations: { readonly summary: string; readonly description: string };
}

export interface RuleGroup<Rule> {
  readonly name: string;
  readonly rules: readonly Rule[];
}

/** A rules file. */
export interface Rules {
  readonly groups: readonly [RuleGroup<RecordingRule>, RuleGroup<AlertingRule>];
}

export function rules({ slo = defaults.slo }: RuleOptions = {}): Rules {
  if (!(slo > 0 && slo < 1)) throw new RangeError(`slo (${slo}) must be a share between 0 and 1, such as 0.01`);
  const all = queries({ pods: "", gray: "", window: "1m" });
  return {
    groups: [
      {
        name: "gray-release-records",
        rules: [
          { record: "track:gray_tps2xx:rate1m", expr: all.tps2xx },
          { record: "track:gray_tps5xx:rate1m", expr: all.tps5xx },
          { record: "track:gray_error_ratio:rate1m", expr: all.errorRatio },
          { record: "release:gray_pods:count", expr: all.pods },
        ],
      },
      {
        name: "gray-release-alerts",
        rules: [
          {
            alert: "GrayCanaryConvicted",
            expr: all.convicted,
            for: "0s",
            labels: { severity: "critical" },
            annotations: {
              summary: "Release {{ $labels.release }} of {{ $labels.service }} is bad",
              description:
                "The evidence against release {{ $labels.release }}, compared with {{ $labels.baseline }}, is " +
                '10^{{ $value | printf "%.1f" }} to 1. Take it out of the traffic: pulumi up --stack canary with `weight: 0`, ' +
                "or with a former release pinned (`release: <id>`; gray status shows the ids, gray logs what it says).",
            },
          },
          {
            alert: "GrayCanaryNoData",
            expr: all.canaryWithoutData,
            for: "2m",
            labels: { severity: "warning" },
            annotations: {
              summary: "No request to the canary of {{ $labels.service }} is counted",
              description:
                "Canary is meant to have {{ $value }} % of the traffic, and its pods count no request: they get none, or " +
                "Prometheus cannot read them. Nothing can be decided on this release.",
            },
          },
          {
            alert: "GrayErrorRatioOverSlo",
            expr: `(${all.errorRatio}) > ${slo}`,
            for: "2m",
            labels: { severity: "critical" },
            annotations: {
              summary: "{{ $labels.track }} of {{ $labels.app }} answers {{ $value | humanizePercentage }} with 5xx",
              description: `More than ${100 * slo} % of the requests to track {{ $labels.track }} are answered 5xx.`,
            },
          },
          {
            alert: "GrayObserverSilent",
            expr: `(${all.observerSilence}) > ${defaults.staleSeconds}`,
            for: "1m",
            labels: { severity: "warning" },
            annotations: {
              summary: "Nobody observes release {{ $labels.release }} of {{ $labels.service }}",
              description:
                "`gray` has read no counters of canary for {{ $value | humanizeDuration }} and its verdict is undecided. " +
                "Traffic stays where it is: see with gray status whether canary's pods are there, and start gray verify again.",
            },
          },
          {
            alert: "GrayRolloutHolds",
            expr: all.rolloutHolds,
            for: "5m",
            labels: { severity: "warning" },
            annotations: {
              summary: "The rollout of {{ $labels.service }} to release {{ $labels.release }} waits for a person",
              description:
                "Traffic stays where it is until then. gray watch says why it holds; gray approve and gray resume let it go on, " +
                "gray abort takes it back.",
            },
          },
        ],
      },
    ],
  };
}

/** The text of a rules file, as `rule_files` names it. */
export function rulesFile(options: RuleOptions = {}): string {
  return dump(rules(options), { lineWidth: 120 });
}
