import { called, homeOf, isAdopted, isTrack } from "../../engine/declared.ts";
import { firstDifference } from "../../engine/difference.ts";
import { adoptedExample, canaryService, deployment, podSpec } from "../../engine/examples.ts";
import type { Template } from "../../engine/pod-spec.ts";
import type { Rule } from "../../engine/rule.ts";

/**
 * Both tracks run identical pods, even if two stacks own them: each Deployment runs exactly the template of its release, and a
 * release id always stands for the same template. So neither a transform nor a changed component can make stable run pods that
 * canary has not run.
 */
export const releasedTemplate: Rule = {
  name: "released-template",
  description: "A Deployment runs exactly the release that its CanaryService chose for the track.",
  severity: "critical",
  remediation:
    "Change the arguments of CanaryService, which creates a new release, and do not change its Deployments in other ways.",
  judge(one, { declared }) {
    if (!isTrack(one) || isAdopted(one)) return [];
    const release = homeOf(one, declared)?.releases[one.labels.track ?? ""];
    if (release === undefined) {
      return [
        `${called(one)} does not belong to a CanaryService of this stack: create it with one, or remove its label gray-release/service.`,
      ];
    }
    const template = one.fields.spec?.template;
    const found = template?.metadata?.labels?.release;
    if (found !== release.id) {
      return [
        `${called(one)} has the label release: ${found}, but must run ${release.id}: keep the label that CanaryService sets.`,
      ];
    }
    const difference = firstDifference(asReleased(template), release.template);
    return difference
      ? [
          `${called(one)} has ${difference.a} at template${difference.path}, but release ${release.id} has ${difference.b}: change the release, not the Deployment.`,
        ]
      : [];
  },
  examples: {
    allowed: [
      adoptedExample,
      {
        name: "a stack of stable runs its release",
        resources: [canaryService({ tracks: ["stable"] }), deployment("stable")],
      },
      {
        name: "both tracks run their releases, canary a newer one",
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
        message: /has "fop-gate:2" at template\.spec\.containers\[0\]\.image, but release [0-9a-f]{12} has "reg/,
      },
      {
        name: "another id",
        resources: [
          canaryService(),
          deployment("stable", { spec: { template: { metadata: { labels: { release: "cccccccccccc" } } } } }),
        ],
        message: /has the label release: cccccccccccc, but must run [0-9a-f]{12}/,
      },
      {
        name: "a Deployment without a CanaryService",
        resources: [deployment("stable")],
        message: /does not belong to a CanaryService of this stack/,
      },
    ],
  },
};

/** The template without the labels that a deployment adds to a release. */
function asReleased(template: Template | undefined): unknown {
  const deployed = ["track", "release"];
  const labels = Object.entries(template?.metadata?.labels ?? {}).filter(([key]) => !deployed.includes(key));
  return { ...template, metadata: { ...template?.metadata, labels: Object.fromEntries(labels) } };
}

function containers(image: string) {
  const [first, ...others] = podSpec().containers ?? [];
  return { containers: [{ ...first, image }, ...others] };
}
