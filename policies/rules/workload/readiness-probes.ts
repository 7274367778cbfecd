import { homeOf } from "../../engine/declared.ts";
import { adoptedExample, canaryService, container, deployment, podSpec, pods } from "../../engine/examples.ts";
import { hasFront } from "../../engine/parts.ts";
import { eachContainer } from "../../engine/pods.ts";
import type { Rule } from "../../engine/rule.ts";

/**
 * Without the probe a container is ready as soon as it runs, so a rolling update continues over pods that cannot answer. Sidecars
 * need a probe too, because a pod is ready only when all its containers are. A livenessProbe is not required: a wrong one kills
 * healthy pods, and the progress deadline and the evidence find the same failures. A worker gets no requests, so it may give a reason in
 * place of the probe.
 */
export const readinessProbes: Rule = {
  name: "readiness-probes",
  description:
    "Every container that runs as long as its pod has a readinessProbe, unless a worker says why it has none.",
  severity: "high",
  remediation:
    "Give the container a readinessProbe that succeeds only when the container can serve requests. A worker without one gives the reason in noReadiness.",
  judge(one, { declared }) {
    // Jobs serve no requests.
    if (one.is !== "object" || one.kind === "Job" || one.kind === "CronJob") return [];
    const home = homeOf(one, declared);
    if (home && !hasFront(home) && home.noReadiness) return [];
    return eachContainer(({ called, container, serves }) =>
      serves && container.readinessProbe === undefined
        ? `${called} has no readinessProbe, so it may get requests before it can answer them: add one.`
        : undefined,
    )(one);
  },
  examples: {
    allowed: [
      adoptedExample,
      { name: "the service and its log agent", resources: [deployment("stable"), deployment("canary")] },
      {
        name: "a worker that says why",
        resources: [
          canaryService({ ports: [], noReadiness: "It polls a queue and listens on no port." }),
          container("fop-gate", { readinessProbe: undefined }),
        ],
      },
      {
        name: "an init container, which ends before the pod serves",
        resources: [pods({ initContainers: [{ name: "prepare", image: "prepare:1" }] })],
      },
    ],
    disallowed: [
      {
        name: "the service itself",
        resources: [container("fop-gate", { readinessProbe: undefined })],
        message:
          /^Deployment dora-apps\/fop-gate, container fop-gate has no readinessProbe, so it may get requests before it can answer them: add one\.$/,
      },
      {
        name: "a worker that does not say why",
        resources: [canaryService({ ports: [] }), container("fop-gate", { readinessProbe: undefined })],
        message: /container fop-gate has no readinessProbe/,
      },
      {
        name: "a reason of a service with a Service",
        resources: [
          canaryService({ noReadiness: "It starts fast." }),
          container("fop-gate", { readinessProbe: undefined }),
        ],
        message: /container fop-gate has no readinessProbe/,
      },
      {
        name: "the log agent beside it",
        resources: [container("log-agent", { readinessProbe: undefined })],
        message: /container log-agent has no readinessProbe/,
      },
      {
        name: "a second container",
        resources: [pods({ containers: [...(podSpec().containers ?? []), { name: "second", image: "second:1" }] })],
        message: /container second has no readinessProbe/,
      },
    ],
  },
};
