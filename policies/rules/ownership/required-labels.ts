import { called, isTrack, serviceOf } from "../../engine/declared.ts";
import { requiredLabelsSettings } from "../../engine/defaults.ts";
import { deployment, kubernetes } from "../../engine/examples.ts";
import type { Rule } from "../../engine/rule.ts";

const settings = {
  labels: ["app", "team", "type"],
  annotations: ["log.qiniu.com/global.agent", "log.qiniu.com/global.version"],
};

/** Labels and annotations decide who is on call and where logs go. An organization sets which ones it requires. */
export const requiredLabels: Rule<typeof requiredLabelsSettings> = {
  name: "required-labels",
  description:
    "The objects of a service have the labels that the organization requires, and its Deployments the annotations.",
  severity: "low",
  remediation: "Add the missing labels and annotations to the arguments labels and annotations of the service.",
  settings: requiredLabelsSettings,
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
          `${called(one)} has the labels ${Object.keys(one.labels).join(", ")}, but the organization also requires ${missing.join(", ")}: add it to the arguments of the service (required-labels in the pack's configuration).`,
        ];
  },
  examples: {
    allowed: [
      {
        name: "the labels and annotations that fop-gate's organization requires",
        resources: [deployment("stable"), deployment("canary"), kubernetes("core/v1:Service", "fop-gate")],
        settings,
      },
      {
        name: "an object other than a Deployment, without annotations",
        resources: [kubernetes("networking.k8s.io/v1:Ingress", "fop-gate", { metadata: { annotations: undefined } })],
        settings,
      },
      { name: "only the label app, without settings", resources: [kubernetes("core/v1:Service", "fop-gate")] },
    ],
    disallowed: [
      {
        name: "no label team",
        resources: [kubernetes("core/v1:Service", "fop-gate", { metadata: { labels: { team: undefined } } })],
        settings,
        message:
          /^Service dora-apps\/fop-gate has the labels app, gray-release\/service, type, but the organization also requires the label team: add it to the arguments of the service/,
      },
      {
        name: "no annotation for logs",
        resources: [deployment("canary", { metadata: { annotations: { "log.qiniu.com/global.agent": undefined } } })],
        settings,
        message: /also requires the annotation log\.qiniu\.com\/global\.agent:/,
      },
    ],
  },
};
