import { adoptedExample, container, deployment } from "../../engine/examples.ts";
import { eachContainer } from "../../engine/pods.ts";
import type { Rule } from "../../engine/rule.ts";

/**
 * Without requests the scheduler overcommits nodes, and a canary that is slow for this reason is no evidence about its release.
 * Without a memory limit a pod that leaks memory harms its neighbours. A CPU limit is not required: it throttles pods even
 * if the node has free CPU.
 */
export const containerResources: Rule = {
  name: "container-resources",
  description: "Every container has requests for CPU and memory, and a memory limit.",
  severity: "medium",
  remediation: "Give the container resources.requests.cpu, resources.requests.memory and resources.limits.memory.",
  judge: eachContainer(({ called, container: { resources } }) => {
    const { requests = {}, limits = {} } = resources ?? {};
    const missing = [
      ...(requests.cpu === undefined ? ["requests.cpu"] : []),
      ...(requests.memory === undefined ? ["requests.memory"] : []),
      ...(limits.memory === undefined ? ["limits.memory"] : []),
    ];
    return missing.length === 0
      ? undefined
      : `${called} has resources ${JSON.stringify(resources ?? {})} without ${missing.join(", ")}: set them.`;
  }),
  examples: {
    allowed: [
      adoptedExample,
      { name: "the service and its log agent", resources: [deployment("stable"), deployment("canary")] },
      {
        name: "a CPU limit as well",
        resources: [container("fop-gate", { resources: { limits: { cpu: "1", memory: "1Gi" } } })],
      },
    ],
    disallowed: [
      {
        name: "no resources at all",
        resources: [container("fop-gate", { resources: undefined })],
        message:
          /^Deployment dora-apps\/fop-gate, container fop-gate has resources \{\} without requests\.cpu, requests\.memory, limits\.memory/,
      },
      {
        name: "no memory limit of the log agent",
        resources: [container("log-agent", { resources: { limits: undefined } })],
        message: /container log-agent has resources .* without limits\.memory/,
      },
    ],
  },
};
