/**
 * Recording and alerting rules for Prometheus, as data. The alerts inform people; `gray` acts on a release without
 * Prometheus.
 */
import { dump } from "js-yaml";
import { defaults } from "../../analysis/defaults.ts";
import { queries } from "./queries.ts";

/** Options of the rules. */
export interface RuleOptions {
  /** Share of requests of each track that may be answered with 5xx, 0 to 1. @default {@link defaults.slo} */
  readonly slo?: number;
}

/** A rule that stores the result of an expression as a new series. */
export interface RecordingRule {
  readonly record: string;
  readonly expr: string;
}

/** A rule that raises an alert while its expression has a result. */
export interface AlertingRule {
  readonly alert: string;
  readonly expr: string;
  /** How long the condition must last before the alert fires, as a PromQL duration. */
  readonly for: string;
  readonly labels: { readonly severity: "critical" | "warning" };
  readonly annotations: { readonly summary: string; readonly description: string };
}

/** Rules that are evaluated together. */
export interface RuleGroup<Rule> {
  readonly name: string;
  readonly rules: readonly Rule[];
}

/** The content of a rules file: one group of recording rules, and one of alerting rules. */
export interface Rules {
  readonly groups: readonly [RuleGroup<RecordingRule>, RuleGroup<AlertingRule>];
}

/**
 * The rules of all services.
 *
 * @throws RangeError if `slo` is not a share between 0 and 1
 *
 * @example rules({ slo: 0.005 })
 */
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
                '10^{{ $value | printf "%.1f" }} to 1. Stop its traffic: run pulumi up of the stack that owns canary with `weight: 0`, or with an ' +
                "earlier release (`release: <id>`). gray status shows the ids, and gray logs shows the release's logs.",
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
                "Canary has {{ $value }} % of the traffic assigned, but its pods count no request: they get none, or " +
                "Prometheus cannot read them. This release cannot be judged.",
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
            expr: `(${all.unreadWhileUndecided}) > ${defaults.staleSeconds}`,
            for: "1m",
            labels: { severity: "warning" },
            annotations: {
              summary: "Release {{ $labels.release }} of {{ $labels.service }} is not observed",
              description:
                "`gray` has read no counters of canary for {{ $value | humanizeDuration }}, and its verdict is undecided. " +
                "The weight does not change. Check with gray status whether canary's pods run, and start gray verify again.",
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
                "The weight does not change until then. gray watch shows why it holds; gray approve and gray resume continue " +
                "it, and gray abort rolls it back.",
            },
          },
        ],
      },
    ],
  };
}

/** The rules as the text of a file, for Prometheus's `rule_files`. */
export function rulesFile(options: RuleOptions = {}): string {
  return dump(rules(options), { lineWidth: 120 });
}
