import {
  asObject,
  asService,
  called,
  type KubernetesObject,
  pairsOf,
  type Service,
  serviceOf,
} from "../../engine/declared.ts";
import { canaryService, deployment, kubernetes } from "../../engine/examples.ts";
import { partOf } from "../../engine/parts.ts";
import type { Rule } from "../../engine/rule.ts";

/** The other rules find what belongs to a service by these labels: without them nobody would have judged it. */
export const ownLabels: Rule = {
  name: "own-labels",
  description: "What is called as a part of a service has its label, and a Deployment that of its track.",
  severity: "critical",
  remediation:
    "Leave the labels gray-release/service and track as CanaryService sets them: take out what removes or changes them.",
  judge: (one, { declared }) =>
    pairsOf(one, declared, asObject, asService).flatMap(([object, service]) => faults(object, service)),
  examples: {
    allowed: [
      {
        name: "fop-gate's own",
        resources: [
          canaryService(),
          deployment("stable"),
          deployment("canary"),
          kubernetes("core/v1:Service", "fop-gate"),
        ],
      },
      {
        name: "an object of another namespace",
        resources: [
          canaryService(),
          kubernetes("core/v1:Service", "fop-gate", { metadata: { namespace: "staging", labels: undefined } }),
        ],
      },
      {
        name: "an object that belongs to another stack",
        resources: [
          canaryService({ tracks: ["stable"] }),
          kubernetes("core/v1:Service", "fop-gate", { metadata: { labels: undefined } }),
        ],
      },
      {
        name: "an object of the same name that is no part of a service",
        resources: [canaryService(), kubernetes("core/v1:Secret", "fop-gate", { metadata: { labels: undefined } })],
      },
    ],
    disallowed: [
      {
        name: "a Service without its label",
        resources: [
          canaryService(),
          kubernetes("core/v1:Service", "fop-gate", { metadata: { labels: { "gray-release/service": undefined } } }),
        ],
        says: /^Service dora-apps\/fop-gate has no label gray-release\/service, and gray-release\/service: fop-gate is wanted: every other rule finds it by that\.$/,
      },
      {
        name: "a Deployment with the label of another service, before its own",
        resources: [
          deployment("canary", { metadata: { labels: { "gray-release/service": "other" } } }),
          canaryService({ tracks: ["canary"] }),
        ],
        says: /^Deployment dora-apps\/fop-gate-canary has the label gray-release\/service: other, and gray-release\/service: fop-gate is wanted/,
      },
      {
        name: "a Deployment without its track",
        resources: [canaryService(), deployment("stable", { metadata: { labels: { track: undefined } } })],
        says: /^Deployment dora-apps\/fop-gate has no label track, and track: stable is wanted/,
      },
    ],
  },
};

function faults(object: KubernetesObject, service: Service): string[] {
  const part = partOf(object, service);
  // One that belongs to another stack is to go, whatever its labels (one-owner.ts).
  if (part === undefined || !service.tracks.includes(part.track)) return [];
  const fault = (label: string, found: string | undefined, wanted: string) =>
    found === wanted
      ? []
      : [
          `${called(object)} has ${found === undefined ? `no label ${label}` : `the label ${label}: ${found}`}, and ${label}: ${wanted} is wanted: every other rule finds it by that.`,
        ];
  return [
    ...fault("gray-release/service", serviceOf(object), service.name),
    ...(part.kind === "Deployment" ? fault("track", object.labels.track, part.track) : []),
  ];
}
