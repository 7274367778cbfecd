import { adoptedExample, container, deployment, pods } from "../../engine/examples.ts";
import { eachContainer } from "../../engine/pods.ts";
import type { Rule } from "../../engine/rule.ts";

const wanted = ["RuntimeDefault", "Localhost"];

/**
 * Pod Security `restricted`: a container can use only the system calls that its runtime's profile, or a profile on the node,
 * allows (https://kubernetes.io/docs/concepts/security/pod-security-standards/#restricted).
 */
export const seccomp: Rule = {
  name: "seccomp",
  description: "Every container runs under a seccomp profile.",
  severity: "medium",
  remediation: "Set seccompProfile: { type: RuntimeDefault } in the securityContext of the pod.",
  judge: eachContainer(({ called, container, pod }) => {
    const { type } = container.securityContext?.seccompProfile ?? pod.securityContext?.seccompProfile ?? {};
    return wanted.includes(type ?? "")
      ? undefined
      : `${called} has the seccompProfile ${type ?? "unset"}, but must have ${wanted.join(" or ")}: set it for the pod.`;
  }),
  examples: {
    allowed: [
      adoptedExample,
      { name: "set for the pod", resources: [deployment("stable"), deployment("canary")] },
      {
        name: "a profile on the node",
        resources: [
          container("fop-gate", {
            securityContext: { seccompProfile: { type: "Localhost", localhostProfile: "fop-gate.json" } },
          }),
        ],
      },
    ],
    disallowed: [
      {
        name: "unset for the pod and its only container",
        resources: [pods({ securityContext: { seccompProfile: undefined }, initContainers: [] })],
        message:
          /^Deployment dora-apps\/fop-gate, container fop-gate has the seccompProfile unset, but must have RuntimeDefault or Localhost/,
      },
      {
        name: "the log agent without a profile",
        resources: [container("log-agent", { securityContext: { seccompProfile: { type: "Unconfined" } } })],
        message: /container log-agent has the seccompProfile Unconfined/,
      },
    ],
  },
};
