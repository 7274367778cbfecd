import { adoptedExample, container, deployment } from "../../engine/examples.ts";
import { eachContainer } from "../../engine/pods.ts";
import type { Rule } from "../../engine/rule.ts";

/** What a container writes beside its volumes is lost with it and differs from pod to pod: a release is what its image says. */
export const readOnlyRoot: Rule = {
  name: "read-only-root",
  description: "Every container has a root file system that it cannot write to.",
  severity: "medium",
  remediation:
    "Set securityContext.readOnlyRootFilesystem: true, and mount an emptyDir where the container has to write.",
  judge: eachContainer(({ called, container: { securityContext = {} } }) =>
    securityContext.readOnlyRootFilesystem === true
      ? undefined
      : `${called} has readOnlyRootFilesystem ${securityContext.readOnlyRootFilesystem ?? "unset"}, and true is wanted: set it, and mount an emptyDir where it writes.`,
  ),
  examples: {
    allowed: [
      adoptedExample,
      { name: "the service and its log agent", resources: [deployment("stable"), deployment("canary")] },
    ],
    disallowed: [
      {
        name: "the service",
        resources: [container("fop-gate", { securityContext: { readOnlyRootFilesystem: false } })],
        says: /^Deployment dora-apps\/fop-gate, container fop-gate has readOnlyRootFilesystem false, and true is wanted/,
      },
      {
        name: "its log agent",
        resources: [container("log-agent", { securityContext: { readOnlyRootFilesystem: undefined } })],
        says: /container log-agent has readOnlyRootFilesystem unset/,
      },
    ],
  },
};
