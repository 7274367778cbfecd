import { called, homeOf, isAdopted, isTrack } from "../../engine/declared.ts";
import { firstDifference } from "../../engine/difference.ts";
import { adoptedExample, canaryService, deployment, podSpec } from "../../engine/examples.ts";
import type { Template } from "../../engine/pods.ts";
import type { Rule } from "../../engine/rule.ts";

/**
 * The identity of the two tracks across two stacks: each runs its release exactly as the release has it, and a release is
 * the same wherever its id is, so nothing (a transform, a changed component) can give stable what canary has not run.
 */
export const releasedTemplate: Rule = {
  name: "released-template",
  description: "A Deployment runs the release that its CanaryService chose for the track, exactly as it is.",
  severity: "critical",
  remediation:
    "Change the arguments of CanaryService, so that a new release comes of it, and nothing of its Deployments behind its back.",
  judge(one, { declared }) {
    if (!isTrack(one) || isAdopted(one)) return [];
    const release = homeOf(one, declared)?.releases[one.labels.track ?? ""];
    if (release === undefined) {
      return [
        `${called(one)} is no track of a CanaryService of this stack: make it by one, or take the label gray-release/service off it.`,
      ];
    }
    const template = one.fields.spec?.template;
    const found = template?.metadata?.labels?.release;
    if (found !== release.id) {
      return [
        `${called(one)} is labelled with release ${found} and is to run ${release.id}: leave the label as it is made.`,
      ];
    }
    const difference = firstDifference(asReleased(template), release.template);
    return difference
      ? [
          `${called(one)} has ${difference.a} at template${difference.path}, and release ${release.id} has ${difference.b}: change the release, not the Deployment.`,
        ]
      : [];
  },
  examples: {
    allowed: [
      adoptedExample,
      {
        name: "stable alone runs its release",
        resources: [canaryService({ tracks: ["stable"] }), deployment("stable")],
      },
      {
        name: "both tracks run their releases, canary one ahead",
        resources: [
          canaryService({ releases: { canary: { id: "bbbbbbbbbbbb" } } }),
          deployment("canary", { spec: { template: { metadata: { labels: { release: "bbbbbbbbbbbb" } } } } }),
          deployment("stable"),
        ],
      },
    ],
    disallowed: [
      {
        name: "another image under the id of the release",
        resources: [canaryService(), deployment("stable", { spec: { template: { spec: containers("fop-gate:2") } } })],
        says: /has "fop-gate:2" at template\.spec\.containers\[0\]\.image, and release [0-9a-f]{12} has "reg/,
      },
      {
        name: "another id",
        resources: [
          canaryService(),
          deployment("stable", { spec: { template: { metadata: { labels: { release: "cccccccccccc" } } } } }),
        ],
        says: /is labelled with release cccccccccccc and is to run [0-9a-f]{12}/,
      },
      {
        name: "a Deployment that no CanaryService made",
        resources: [deployment("stable")],
        says: /is no track of a CanaryService of this stack/,
      },
    ],
  },
};

/** The template without the labels that are put on when a release is deployed. */
function asReleased(template: Template | undefined): unknown {
  const deployed = ["track", "release"];
  const labels = Object.entries(template?.metadata?.labels ?? {}).filter(([key]) => !deployed.includes(key));
  return { ...template, metadata: { ...template?.metadata, labels: Object.fromEntries(labels) } };
}

function containers(image: string) {
  const [first, ...others] = podSpec().containers ?? [];
  return { containers: [{ ...first, image }, ...others] };
}
