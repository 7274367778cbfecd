import { called, isTrack, serviceOf } from "../../engine/declared.ts";
import { deployment, kubernetes } from "../../engine/examples.ts";
import type { Rule } from "../../engine/rule.ts";
import { organizationLabelsSettings } from "../../engine/settings.ts";

const settings = {
  labels: ["app", "team", "type"],
  annotations: ["log.qiniu.com/global.agent", "log.qiniu.com/global.version"],
};

/** Who is woken up, and where logs go, is read off labels and annotations: which, a house decides. */
export const houseLabels: Rule<typeof organizationLabelsSettings> = {
  name: "house-labels",
  description: "The objects of a service have the labels of the house, and its Deployments the annotations.",
  severity: "low",
  remediation: "Give the service the arguments labels and annotations.",
  settings: organizationLabelsSettings,
  judge(one, stack) {
    if (one.is !== "object" || serviceOf(one) === undefined) return [];
    const { labels, annotations } = stack.settings;
    const has = one.fields.metadata?.annotations ?? {};
    const missing = [
      ...labels.filter((name) => !one.labels[name]).map((name) => `the label ${name}`),
      ...(isTrack(one) ? annotations.filter((name) => !has[name]).map((name) => `the annotation ${name}`) : []),
    ];
    return missing.length === 0
      ? []
      : [
          `${called(one)} has the labels ${Object.keys(one.labels).join(", ")}, and the house wants ${missing.join(", ")} besides: give it to the service (house-labels in the pack's configuration).`,
        ];
  },
  examples: {
    allowed: [
      {
        name: "what fop-gate's house asks for",
        resources: [deployment("stable"), deployment("canary"), kubernetes("core/v1:Service", "fop-gate")],
        settings,
      },
      {
        name: "no annotations where they are asked of Deployments",
        resources: [kubernetes("networking.k8s.io/v1:Ingress", "fop-gate", { metadata: { annotations: undefined } })],
        settings,
      },
      { name: "the label app alone, where no house is set", resources: [kubernetes("core/v1:Service", "fop-gate")] },
    ],
    disallowed: [
      {
        name: "nobody's team",
        resources: [kubernetes("core/v1:Service", "fop-gate", { metadata: { labels: { team: undefined } } })],
        settings,
        says: /^Service dora-apps\/fop-gate has the labels app, gray-release\/service, type, and the house wants the label team besides: give it to the service/,
      },
      {
        name: "nobody's logs",
        resources: [deployment("canary", { metadata: { annotations: { "log.qiniu.com/global.agent": undefined } } })],
        settings,
        says: /the annotation log\.qiniu\.com\/global\.agent besides/,
      },
    ],
  },
};
