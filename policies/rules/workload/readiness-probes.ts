import { adoptedExample, container, deployment, podSpec, pods } from "../../engine/examples.ts";
import { eachContainer } from "../../engine/pods.ts";
import type { Rule } from "../../engine/rule.ts";

/**
 * Without the probe a container counts as ready the moment it runs, and a roll goes on over pods that answer nothing. A sidecar
 * counts as well: the pod is ready when all are. A livenessProbe is not asked for: one that is wrong kills pods that
 * work, and what it would mend the progress deadline and the evidence see too.
 */
export const readinessProbes: Rule = {
  name: "readiness-probes",
  description: "Every container that runs as long as its pod has a readinessProbe.",
  severity: "high",
  remediation: "Give the container a readinessProbe that answers only once it can do its work.",
  judge(one) {
    // What serves no requests is ready when it has ended.
    if (one.is !== "object" || one.kind === "Job" || one.kind === "CronJob") return [];
    return eachContainer(({ called, container, serves }) =>
      serves && container.readinessProbe === undefined
        ? `${called} has no readinessProbe, and one is wanted, so that requests wait until it can answer them: give it one.`
        : undefined,
    )(one);
  },
  examples: {
    allowed: [
      adoptedExample,
      { name: "the service and its log agent", resources: [deployment("stable"), deployment("canary")] },
      {
        name: "an init container, which ends before",
        resources: [pods({ initContainers: [{ name: "prepare", image: "prepare:1" }] })],
      },
    ],
    disallowed: [
      {
        name: "the service itself",
        resources: [container("fop-gate", { readinessProbe: undefined })],
        says: /^Deployment dora-apps\/fop-gate, container fop-gate has no readinessProbe, and one is wanted/,
      },
      {
        name: "the log agent beside it",
        resources: [container("log-agent", { readinessProbe: undefined })],
        says: /container log-agent has no readinessProbe/,
      },
      {
        name: "a second container",
        resources: [pods({ containers: [...(podSpec().containers ?? []), { name: "second", image: "second:1" }] })],
        says: /container second has no readinessProbe/,
      },
    ],
  },
};
