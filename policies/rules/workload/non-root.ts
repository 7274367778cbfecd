import { adoptedExample, container, deployment, pods, unknownUntilUp } from "../../engine/examples.ts";
import { eachContainer } from "../../engine/pods.ts";
import type { Rule } from "../../engine/rule.ts";

/**
 * Pod Security `restricted`: a process that escapes from its container then has no root rights on the node. A container's
 * setting takes precedence over the pod's (https://kubernetes.io/docs/concepts/security/pod-security-standards/#restricted).
 */
export const nonRoot: Rule = {
  name: "non-root",
  description: "No container runs as root, and each has runAsNonRoot true.",
  severity: "high",
  remediation:
    "Set runAsNonRoot: true in the securityContext of the pod or the container, and a runAsUser other than 0 if the image sets no user.",
  judge: eachContainer(({ called, container, pod }) => {
    const runAsUser = container.securityContext?.runAsUser ?? pod.securityContext?.runAsUser;
    if (runAsUser === 0) return `${called} has runAsUser 0, which is root: set another user.`;
    const runAsNonRoot = container.securityContext?.runAsNonRoot ?? pod.securityContext?.runAsNonRoot;
    return runAsNonRoot === true
      ? undefined
      : `${called} has runAsNonRoot ${runAsNonRoot ?? "unset"}, but must have runAsNonRoot true: set it for the container or its pod.`;
  }),
  examples: {
    allowed: [
      adoptedExample,
      { name: "set for the pod", resources: [deployment("stable"), deployment("canary")] },
      {
        name: "set for each container",
        resources: [
          pods({
            securityContext: undefined,
            containers: [{ name: "fop-gate", securityContext: { runAsNonRoot: true } }],
            initContainers: [{ name: "log-agent", securityContext: { runAsNonRoot: true, runAsUser: 1000 } }],
          }),
        ],
      },
      {
        name: "a group that is known only during up",
        resources: [pods({ securityContext: { fsGroup: unknownUntilUp } })],
      },
    ],
    disallowed: [
      {
        name: "unset for the pod and its only container",
        resources: [pods({ securityContext: undefined, initContainers: [] })],
        message:
          /^Deployment dora-apps\/fop-gate, container fop-gate has runAsNonRoot unset, but must have runAsNonRoot true/,
      },
      {
        name: "the log agent may run as root",
        resources: [container("log-agent", { securityContext: { runAsNonRoot: false } })],
        message: /container log-agent has runAsNonRoot false/,
      },
      {
        name: "user 0",
        resources: [container("fop-gate", { securityContext: { runAsUser: 0 } })],
        message: /container fop-gate has runAsUser 0, which is root/,
      },
    ],
  },
};
