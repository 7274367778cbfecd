import { adoptedExample, container, deployment } from "../../engine/examples.ts";
import { eachContainer } from "../../engine/pods.ts";
import type { Rule } from "../../engine/rule.ts";

/** Files outside of volumes are lost with the container and differ between pods. A release must be exactly what its image contains. */
export const readOnlyRoot: Rule = {
  name: "read-only-root",
  description: "Every container has a read-only root file system.",
  severity: "medium",
  remediation: "Set securityContext.readOnlyRootFilesystem: true, and mount an emptyDir where the container writes.",
  judge: eachContainer(({ called, container: { securityContext = {} } }) =>
    securityContext.readOnlyRootFilesystem === true
      ? undefined
      : `${called} has readOnlyRootFilesystem ${securityContext.readOnlyRootFilesystem ?? "unset"}, but must have readOnlyRootFilesystem true: set it, and mount an emptyDir where it writes.`,
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
        message:
          /^Deployment dora-apps\/fop-gate, container fop-gate has readOnlyRootFilesystem false, but must have readOnlyRootFilesystem true/,
      },
      {
        name: "its log agent",
        resources: [container("log-agent", { securityContext: { readOnlyRootFilesystem: undefined } })],
        message: /container log-agent has readOnlyRootFilesystem unset/,
      },
    ],
  },
};
