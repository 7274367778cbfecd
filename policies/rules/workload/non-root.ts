import { adoptedExample, container, deployment, onlyUpKnows, pods } from "../../engine/examples.ts";
import { eachContainer } from "../../engine/pods.ts";
import type { Rule } from "../../engine/rule.ts";

/** Pod Security `restricted`: what breaks out of a container is then nobody on the node. A container's own word wins over the pod's. */
export const nonRoot: Rule = {
  name: "non-root",
  description: "No container runs as root, and each says so.",
  severity: "high",
  remediation:
    "Set runAsNonRoot: true, and a runAsUser other than 0 if the image has none, in the pod's securityContext or the container's.",
  judge: eachContainer(({ called, container, pod }) => {
    const runAsUser = container.securityContext?.runAsUser ?? pod.securityContext?.runAsUser;
    if (runAsUser === 0) return `${called} has runAsUser 0, which is root: give it another user.`;
    const runAsNonRoot = container.securityContext?.runAsNonRoot ?? pod.securityContext?.runAsNonRoot;
    return runAsNonRoot === true
      ? undefined
      : `${called} has runAsNonRoot ${runAsNonRoot ?? "unset"}, and true is wanted: set it for the container or for its pod.`;
  }),
  examples: {
    allowed: [
      adoptedExample,
      { name: "by the word of the pod", resources: [deployment("stable"), deployment("canary")] },
      {
        name: "by the word of each container",
        resources: [
          pods({
            securityContext: undefined,
            containers: [{ name: "fop-gate", securityContext: { runAsNonRoot: true } }],
            initContainers: [{ name: "log-agent", securityContext: { runAsNonRoot: true, runAsUser: 1000 } }],
          }),
        ],
      },
      { name: "a group that only up will know", resources: [pods({ securityContext: { fsGroup: onlyUpKnows } })] },
    ],
    disallowed: [
      {
        name: "nothing said, of the one container that there is",
        resources: [pods({ securityContext: undefined, initContainers: [] })],
        says: /^Deployment dora-apps\/fop-gate, container fop-gate has runAsNonRoot unset, and true is wanted/,
      },
      {
        name: "the log agent as root after all",
        resources: [container("log-agent", { securityContext: { runAsNonRoot: false } })],
        says: /container log-agent has runAsNonRoot false/,
      },
      {
        name: "user 0",
        resources: [container("fop-gate", { securityContext: { runAsUser: 0 } })],
        says: /container fop-gate has runAsUser 0, which is root/,
      },
    ],
  },
};
