import { called, homeOf, isTrack } from "../../engine/declared.ts";
import { canaryService, deployment } from "../../engine/examples.ts";
import type { Rule } from "../../engine/rule.ts";

/** Stable serves nearly all users at any moment, so a roll, a trial or a slip of the hand must never make it smaller. */
export const stableSize: Rule = {
  name: "stable-size",
  description: "The Deployment of stable has at least the replicas that its service declares.",
  severity: "critical",
  remediation:
    'Give stable the replicas that the service declares. Where an autoscaler owns the number, say replicas: "external" and leave it out of the Deployment.',
  judge(one, { declared }) {
    if (!isTrack(one, "stable")) return [];
    const wanted = homeOf(one, declared)?.replicas;
    if (wanted === undefined) return [];
    const found = one.fields.spec?.replicas;
    if (wanted === "external") {
      return found === undefined
        ? []
        : [`${called(one)} has replicas ${found}, and its service leaves them to an autoscaler: leave the field out.`];
    }
    return found !== undefined && found >= wanted
      ? []
      : [
          `${called(one)} has replicas ${found ?? "unset, which is 1"}, and its service declares ${wanted}: give it ${wanted}.`,
        ];
  },
  examples: {
    allowed: [
      { name: "nine of nine", resources: [canaryService(), deployment("stable")] },
      { name: "more than declared", resources: [canaryService(), deployment("stable", { spec: { replicas: 12 } })] },
      {
        name: "left out where an autoscaler owns the number",
        resources: [canaryService({ replicas: "external" }), deployment("stable", { spec: { replicas: undefined } })],
      },
      { name: "one canary pod beside nine", resources: [canaryService(), deployment("canary")] },
    ],
    disallowed: [
      {
        name: "eight of nine",
        resources: [canaryService(), deployment("stable", { spec: { replicas: 8 } })],
        says: /^Deployment dora-apps\/fop-gate has replicas 8, and its service declares 9: give it 9\.$/,
      },
      {
        name: "scaled to zero",
        resources: [canaryService(), deployment("stable", { spec: { replicas: 0 } })],
        says: /has replicas 0/,
      },
      {
        name: "left out although the number is ours",
        resources: [canaryService(), deployment("stable", { spec: { replicas: undefined } })],
        says: /unset, which is 1/,
      },
      {
        name: "set although an autoscaler owns it",
        resources: [canaryService({ replicas: "external" }), deployment("stable")],
        says: /leaves them to an autoscaler/,
      },
    ],
  },
};
