import { called, homeOf, isTrack } from "../../engine/declared.ts";
import { canaryService, deployment } from "../../engine/examples.ts";
import type { Rule } from "../../engine/rule.ts";

/** Stable serves nearly all users, so no update, experiment or mistake may reduce its number of pods. */
export const stableSize: Rule = {
  name: "stable-size",
  description: "The Deployment of stable has at least the replicas that its service declares.",
  severity: "critical",
  remediation:
    'Give stable the replicas that the service declares. If an autoscaler owns the number, set autoscaling or replicas: "external" for the service and omit replicas from the Deployment.',
  judge(one, { declared }) {
    if (!isTrack(one, "stable")) return [];
    const wanted = homeOf(one, declared)?.replicas;
    if (wanted === undefined) return [];
    const found = one.fields.spec?.replicas;
    if (wanted === "external") {
      return found === undefined
        ? []
        : [`${called(one)} has replicas ${found}, but its service leaves them to an autoscaler: remove the field.`];
    }
    return found !== undefined && found >= wanted
      ? []
      : [
          `${called(one)} has replicas ${found ?? "unset, which is 1"}, but its service declares ${wanted}: set them to ${wanted}.`,
        ];
  },
  examples: {
    allowed: [
      { name: "nine of nine replicas", resources: [canaryService(), deployment("stable")] },
      {
        name: "more replicas than declared",
        resources: [canaryService(), deployment("stable", { spec: { replicas: 12 } })],
      },
      {
        name: "omitted, because an autoscaler owns the number",
        resources: [canaryService({ replicas: "external" }), deployment("stable", { spec: { replicas: undefined } })],
      },
      { name: "one canary pod beside nine", resources: [canaryService(), deployment("canary")] },
    ],
    disallowed: [
      {
        name: "eight of nine replicas",
        resources: [canaryService(), deployment("stable", { spec: { replicas: 8 } })],
        message: /^Deployment dora-apps\/fop-gate has replicas 8, but its service declares 9: set them to 9\.$/,
      },
      {
        name: "scaled to zero",
        resources: [canaryService(), deployment("stable", { spec: { replicas: 0 } })],
        message: /has replicas 0/,
      },
      {
        name: "omitted, although the service declares the number",
        resources: [canaryService(), deployment("stable", { spec: { replicas: undefined } })],
        message: /unset, which is 1/,
      },
      {
        name: "set although an autoscaler owns it",
        resources: [canaryService({ replicas: "external" }), deployment("stable")],
        message: /leaves them to an autoscaler/,
      },
    ],
  },
};
