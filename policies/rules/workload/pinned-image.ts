import { adoptedExample, container, deployment, kubernetes, podSpec } from "../../engine/examples.ts";
import { eachContainer } from "../../engine/pods.ts";
import type { Rule } from "../../engine/rule.ts";

/** If a tag moves, pods of one release run different programs, and a rollback does not restore the earlier program. */
export const pinnedImage: Rule = {
  name: "pinned-image",
  description: "Every container names one build: an image with a digest, or with a tag other than latest.",
  severity: "high",
  remediation: "Use the tag or the digest of one build, and push no other build under this tag.",
  place: "configuration",
  judge: eachContainer(({ called, container: { image = "" } }) =>
    isPinned(image)
      ? undefined
      : `${called} has the image ${JSON.stringify(image)}, which does not identify one build: use a tag other than latest, or a digest.`,
  ),
  examples: {
    allowed: [
      adoptedExample,
      { name: "a tag of one build", resources: [deployment("stable"), deployment("canary")] },
      {
        name: "a digest, from a registry with a port",
        resources: [container("fop-gate", { image: `reg.example:5000/fop-gate@sha256:${"0f".repeat(32)}` })],
      },
      {
        name: "pods that belong to no service",
        resources: [
          kubernetes("batch/v1:Job", "elsewhere", {
            metadata: { labels: { "gray-release/service": undefined } },
            spec: { template: { spec: { containers: [{ name: "job", image: "job" }] } } },
          }),
        ],
      },
    ],
    disallowed: [
      {
        name: "no tag",
        resources: [container("fop-gate", { image: "reg.example:5000/fop-gate" })],
        message:
          /^Deployment dora-apps\/fop-gate, container fop-gate has the image "reg\.example:5000\/fop-gate", which does not identify one build: use a tag/,
      },
      {
        name: "the tag latest, of the log agent",
        resources: [container("log-agent", { image: "log-agent:latest" })],
        message: /container log-agent has the image "log-agent:latest"/,
      },
      {
        name: "a job of the service",
        resources: [
          kubernetes("batch/v1:CronJob", "fop-gate-sweep", {
            spec: {
              jobTemplate: { spec: { template: { spec: { containers: [{ name: "sweep", image: "sweep" }] } } } },
            },
          }),
        ],
        message: /^CronJob dora-apps\/fop-gate-sweep, container sweep has the image "sweep"/,
      },
      {
        name: "no image at all",
        resources: [container("fop-gate", { image: undefined })],
        message: /has the image ""/,
      },
      {
        name: "an incomplete digest",
        resources: [container("fop-gate", { image: `${podSpec().containers?.[0]?.image?.split(":")[0]}@sha256:0f0f` })],
        message: /@sha256:0f0f/,
      },
    ],
  },
};

function isPinned(image: string): boolean {
  const [, tag, digest] = /^[^@\s]*?(?::([^:/@\s]+))?(?:@(sha256:[0-9a-f]{64}))?$/.exec(image) ?? [];
  return digest !== undefined || (tag !== undefined && tag !== "latest");
}
