import { asObject, asService, called, type KubernetesObject, type Service, serviceOf } from "../../engine/declared.ts";
import { canaryService, deployment, kubernetes } from "../../engine/examples.ts";
import { pairsOf } from "../../engine/pairs.ts";
import { partOf } from "../../engine/parts.ts";
import type { Rule } from "../../engine/rule.ts";

/** The other rules find the objects of a service by these labels. Without them the objects would pass unchecked. */
export const ownLabels: Rule = {
  name: "own-labels",
  description:
    "Every object with the name of a service's object has the label of the service, and every Deployment that of its track.",
  severity: "critical",
  remediation:
    "Keep the labels gray-release/service and track as CanaryService sets them: delete the code that removes or changes them.",
  judge: (one, { declared }) =>
    pairsOf(one, declared, asObject, asService).flatMap(([object, service]) => faults(object, service)),
  examples: {
    allowed: [
      {
        name: "fop-gate's own objects",
        resources: [
          canaryService(),
          deployment("stable"),
          deployment("canary"),
          kubernetes("core/v1:Service", "fop-gate"),
        ],
      },
      {
        name: "an object in another namespace",
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
        name: "an object with the same name that does not belong to a service",
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
        message:
          /^Service dora-apps\/fop-gate has no label gray-release\/service, but must have gray-release\/service: fop-gate: set it, because other rules find the object by it\.$/,
      },
      {
        name: "a Deployment with the label of another service, declared before its own",
        resources: [
          deployment("canary", { metadata: { labels: { "gray-release/service": "other" } } }),
          canaryService({ tracks: ["canary"] }),
        ],
        message:
          /^Deployment dora-apps\/fop-gate-canary has the label gray-release\/service: other, but must have gray-release\/service: fop-gate:/,
      },
      {
        name: "a Deployment without the label track",
        resources: [canaryService(), deployment("stable", { metadata: { labels: { track: undefined } } })],
        message: /^Deployment dora-apps\/fop-gate has no label track, but must have track: stable:/,
      },
    ],
  },
};

function faults(object: KubernetesObject, service: Service): string[] {
  const part = partOf(object, service);
  // An object of another stack must be removed, whatever its labels (one-owner.ts).
  if (part === undefined || !service.tracks.includes(part.track)) return [];
  const fault = (label: string, found: string | undefined, wanted: string) =>
    found === wanted
      ? []
      : [
          `${called(object)} has ${found === undefined ? `no label ${label}` : `the label ${label}: ${found}`}, but must have ${label}: ${wanted}: set it, because other rules find the object by it.`,
        ];
  return [
    ...fault("gray-release/service", serviceOf(object), service.name),
    ...(part.kind === "Deployment" ? fault("track", object.labels.track, part.track) : []),
  ];
}
