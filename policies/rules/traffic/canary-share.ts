import { called, homeOf, isTrack } from "../../engine/declared.ts";
import { canaryService, deployment } from "../../engine/examples.ts";
import { isRouted } from "../../engine/parts.ts";
import type { Rule } from "../../engine/rule.ts";

/**
 * In traffic by number of pods a Service spreads connections evenly over its endpoints, so each additional canary pod raises
 * canary's share above the weight. The number of pods must be round(weight x stable / (100 - weight)), but at least one. While
 * canary is dark, behind a gateway, and with replicas `external`, the number of pods does not determine the share.
 */
export const canaryShare: Rule = {
  name: "canary-share",
  description:
    "Canary has no more pods than its weight needs, if the number of pods determines its share of the users.",
  severity: "high",
  remediation:
    "Set the weight and leave the number of canary's pods to CanaryService, or split the traffic by a gateway.",
  judge(one, { declared }) {
    if (!isTrack(one, "canary")) return [];
    const home = homeOf(one, declared);
    if (home === undefined || isRouted(home)) return [];
    const { replicas, shift } = home;
    if (typeof replicas !== "number" || shift === undefined || shift.weight === 0) return [];
    const { weight } = shift;
    const wanted = Math.max(1, Math.round((weight * replicas) / (100 - weight)));
    const found = one.fields.spec?.replicas ?? 1;
    return found <= wanted
      ? []
      : [
          `${called(one)} has ${found} replicas beside ${replicas} of stable, which is ${percent(found, replicas)} of the users, but weight ${weight} needs ${wanted}: set replicas to ${wanted}.`,
        ];
  },
  examples: {
    allowed: [
      { name: "one pod beside nine at weight 10", resources: [at(10), deployment("canary")] },
      { name: "three pods beside nine at weight 25", resources: [at(25), canary(3)] },
      { name: "fewer pods than the weight needs", resources: [at(50), canary(2)] },
      { name: "any number while canary is dark", resources: [at(0), canary(9)] },
      { name: "any number behind a gateway", resources: [at(10, { gateway: { routes: [] } }), canary(9)] },
      { name: "any number if an autoscaler scales stable", resources: [at(10, { replicas: "external" }), canary(9)] },
    ],
    disallowed: [
      {
        name: "four pods beside nine at weight 10",
        resources: [at(10), canary(4)],
        message:
          /^Deployment dora-apps\/fop-gate-canary has 4 replicas beside 9 of stable, which is 30\.8 % of the users, but weight 10 needs 1: set replicas to 1\.$/,
      },
      { name: "one pod too many", resources: [at(25), canary(4)], message: /weight 25 needs 3/ },
    ],
  },
};

function percent(part: number, rest: number): string {
  return `${Number(((100 * part) / (part + rest)).toFixed(1))} %`;
}

function at(weight: number, changes: object = {}) {
  return canaryService({ shift: { weight, from: 0, to: weight }, ...changes });
}

function canary(replicas: number) {
  return deployment("canary", { spec: { replicas } });
}
