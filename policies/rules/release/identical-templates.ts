import { called, isAdopted, isTrack, serviceOf } from "../../engine/declared.ts";
import { firstDifference } from "../../engine/difference.ts";
import { adoptedExample, canaryService, deployment, podSpec } from "../../engine/examples.ts";
import type { Template } from "../../engine/pod-spec.ts";
import type { Rule } from "../../engine/rule.ts";

/**
 * The evidence on canary's release holds for stable only if stable runs the same pods. If one stack owns both tracks and their
 * releases differ, as the label `release` shows, their templates are not compared.
 */
export const identicalTemplates: Rule = {
  name: "identical-templates",
  description: "Two tracks of a service with the same release have the same pod template, except for the label track.",
  severity: "high",
  remediation:
    "Let CanaryService render both tracks from one release, and let no transform change the pods of only one track.",
  judge(one, { declared }) {
    if (!isTrack(one) || isAdopted(one)) return [];
    const release = releaseOf(one.fields.spec?.template);
    if (release === undefined) {
      return [`${called(one)} has no label release on its pods: set it to the id of the release that they run.`];
    }
    const found = [...trackMismatch(one.fields.spec?.template, one.labels.track, called(one))];
    for (const other of declared) {
      if (other === one || !isTrack(other) || other.namespace !== one.namespace) continue;
      if (serviceOf(other) !== serviceOf(one) || releaseOf(other.fields.spec?.template) !== release) continue;
      const difference = firstDifference(
        withoutTrack(one.fields.spec?.template),
        withoutTrack(other.fields.spec?.template),
      );
      if (difference) {
        found.push(
          `${called(one)} has ${difference.a} at template${difference.path}, but ${called(other)}, which runs release ${release} too, has ${difference.b}: render both from one release.`,
        );
      }
    }
    return found;
  },
  examples: {
    allowed: [
      adoptedExample,
      {
        name: "both tracks run one release",
        resources: [canaryService(), deployment("canary"), deployment("stable")],
      },
      {
        name: "canary is a release ahead",
        resources: [
          canaryService(),
          deployment("canary", pods({ labels: { release: "bbbbbbbbbbbb" } }, "fop-gate:2")),
          deployment("stable"),
        ],
      },
      {
        name: "two services of the same name in two namespaces",
        resources: [
          deployment("stable"),
          deployment("canary", { ...pods({}, "fop-gate:2"), metadata: { namespace: "staging" } }),
        ],
      },
    ],
    disallowed: [
      {
        name: "one release with two images",
        resources: [canaryService(), deployment("canary", pods({}, "fop-gate:2")), deployment("stable")],
        message:
          /has "reg[^"]*" at template\.spec\.containers\[0\]\.image, but Deployment dora-apps\/fop-gate-canary, .* has "fop-gate:2"/,
      },
      {
        name: "an annotation on the pods of one track",
        resources: [deployment("stable"), deployment("canary", pods({ annotations: { debug: "true" } }))],
        message: /at template\.metadata\.annotations/,
      },
      {
        name: "pods without the id of their release",
        resources: [deployment("stable", pods({ labels: { release: undefined } }))],
        message: /has no label release/,
      },
      {
        name: "pods of the other track",
        resources: [deployment("stable", pods({ labels: { track: "canary" } }))],
        message: /pods with track "canary", but is the Deployment of stable/,
      },
    ],
  },
};

function releaseOf(template: Template | undefined): string | undefined {
  return template?.metadata?.labels?.release;
}

function trackMismatch(template: Template | undefined, track: string | undefined, name: string): string[] {
  const found = template?.metadata?.labels?.track;
  return found === track
    ? []
    : [
        `${name} makes pods with track ${JSON.stringify(found)}, but is the Deployment of ${track}: label them ${track}.`,
      ];
}

function withoutTrack(template: Template | undefined): unknown {
  const labels = Object.entries(template?.metadata?.labels ?? {}).filter(([key]) => key !== "track");
  return { ...template, metadata: { ...template?.metadata, labels: Object.fromEntries(labels) } };
}

function pods(metadata: object, image?: string) {
  const [first, ...others] = podSpec().containers ?? [];
  const spec = image === undefined ? {} : { containers: [{ ...first, image }, ...others] };
  return { spec: { template: { metadata, spec } } };
}
