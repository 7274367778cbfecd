import { called, isTrack, serviceOf, type Template } from "./declared.ts";
import { firstDifference } from "./difference.ts";
import { canaryService, deployment, stackReference } from "./examples.ts";
import type { Rule } from "./rule.ts";

/**
 * The identity of the two tracks across two stacks: prod runs a release that a stack keeps, and exactly as it is kept.
 * A stack that runs canary itself makes its releases, so only those that it already keeps are compared there.
 */
export const promotedRelease: Rule = {
  name: "promoted-release",
  description: "A Deployment runs its release as the stack of canary keeps it, and stable alone runs only kept ones.",
  when: "end",
  judge(one, { declared, references }) {
    if (!isTrack(one)) return [];
    const template = one.fields.spec?.template;
    const release = template?.metadata?.labels?.release;
    const key = `${one.namespace}/${serviceOf(one)}`;
    const kept = references
      .flatMap(({ stack, releases }) => (releases[key]?.history ?? []).map((each) => ({ stack, ...each })))
      .filter(({ id }) => id === release);
    const canaryIsHere = declared.some(
      (other) => isTrack(other, "canary") && other.namespace === one.namespace && serviceOf(other) === serviceOf(one),
    );
    if (kept.length === 0 && !canaryIsHere) {
      return [
        `${called(one)} runs release ${release}, which no stack keeps: run pulumi up --stack canary first, and let stable take its release from there.`,
      ];
    }
    return kept.flatMap(({ stack, template: wanted }) => {
      const difference = firstDifference(asReleased(template), wanted);
      return difference
        ? [
            `${called(one)} has ${difference.a} at template${difference.path}, and release ${release}, as stack ${stack} keeps it, has ${difference.b}: run the release as it is.`,
          ]
        : [];
    });
  },
  examples: {
    allowed: [
      {
        name: "prod runs what canary keeps",
        resources: [
          canaryService({ tracks: ["stable"] }),
          deployment("stable"),
          stackReference("canary", kept("fop-gate:1")),
        ],
      },
      {
        name: "canary runs a new release",
        resources: [canaryService({ tracks: ["canary"] }), deployment("canary"), stackReference("canary")],
      },
      {
        name: "both tracks of one stack run a new release",
        resources: [canaryService(), deployment("canary"), deployment("stable")],
      },
    ],
    disallowed: [
      {
        name: "prod runs a release that canary never had",
        resources: [canaryService({ tracks: ["stable"] }), deployment("stable"), stackReference("canary")],
        says: /^Deployment dora-apps\/fop-gate runs release aaaaaaaaaaaa, which no stack keeps/,
      },
      {
        name: "prod runs the release with another image",
        resources: [
          canaryService({ tracks: ["stable"] }),
          deployment("stable"),
          stackReference("canary", kept("fop-gate:0")),
        ],
        says: /has "fop-gate:1" at template\.spec\.containers\[0\]\.image, and release aaaaaaaaaaaa, as stack organization\/gray-release\/canary keeps it, has "fop-gate:0"/,
      },
      {
        name: "a release that was changed after it was kept",
        resources: [
          canaryService({ tracks: ["canary"] }),
          deployment("canary"),
          stackReference("canary", kept("fop-gate:0")),
        ],
        says: /run the release as it is/,
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

function kept(image: string) {
  const container = { name: "fop-gate", image, readinessProbe: {}, lifecycle: { preStop: { sleep: { seconds: 5 } } } };
  const spec = { terminationGracePeriodSeconds: 90, containers: [container] };
  return { id: "aaaaaaaaaaaa", template: { metadata: { labels: { app: "fop-gate" } }, spec } };
}
