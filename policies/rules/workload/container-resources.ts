import { adoptedExample, container, deployment } from "../../engine/examples.ts";
import { eachContainer } from "../../engine/pods.ts";
import type { Rule } from "../../engine/rule.ts";

/**
 * Without requests the scheduler puts ten pods where two have room, and a slow canary says nothing of its release. Without a limit of
 * memory one pod that leaks takes its neighbours with it. A limit of CPU is not asked for: it slows a pod down that could have been served.
 */
export const containerResources: Rule = {
  name: "container-resources",
  description: "Every container requests CPU and memory and has a limit of memory.",
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
      : `${called} has resources ${JSON.stringify(resources ?? {})} without ${missing.join(", ")}: give it what it needs.`;
  }),
  examples: {
    allowed: [
      adoptedExample,
      { name: "the service and its log agent", resources: [deployment("stable"), deployment("canary")] },
      {
        name: "a limit of CPU as well",
        resources: [container("fop-gate", { resources: { limits: { cpu: "1", memory: "1Gi" } } })],
      },
    ],
    disallowed: [
      {
        name: "none at all",
        resources: [container("fop-gate", { resources: undefined })],
        says: /^Deployment dora-apps\/fop-gate, container fop-gate has resources \{\} without requests\.cpu, requests\.memory, limits\.memory/,
      },
      {
        name: "no limit of the log agent's memory",
        resources: [container("log-agent", { resources: { limits: undefined } })],
        says: /container log-agent has resources .* without limits\.memory/,
      },
    ],
  },
};
