import { adoptedExample, container, deployment, pods } from "../../engine/examples.ts";
import { eachContainer } from "../../engine/pods.ts";
import type { Rule } from "../../engine/rule.ts";

const wanted = ["RuntimeDefault", "Localhost"];

/** Pod Security `restricted`: a container calls no more of the kernel than its runtime, or a profile of the node, lets it. */
export const seccomp: Rule = {
  name: "seccomp",
  description: "Every container runs under a seccomp profile.",
  severity: "medium",
  remediation: "Set seccompProfile: { type: RuntimeDefault } in the securityContext of the pod.",
  judge: eachContainer(({ called, container, pod }) => {
    const { type } = container.securityContext?.seccompProfile ?? pod.securityContext?.seccompProfile ?? {};
    return wanted.includes(type ?? "")
      ? undefined
      : `${called} has the seccompProfile ${type ?? "of nobody"}, and ${wanted.join(" or ")} is wanted: set it for the pod.`;
  }),
  examples: {
    allowed: [
      adoptedExample,
      { name: "by the word of the pod", resources: [deployment("stable"), deployment("canary")] },
      {
        name: "a profile of its own",
        resources: [
          container("fop-gate", {
            securityContext: { seccompProfile: { type: "Localhost", localhostProfile: "fop-gate.json" } },
          }),
        ],
      },
    ],
    disallowed: [
      {
        name: "nothing said, of the one container that there is",
        resources: [pods({ securityContext: { seccompProfile: undefined }, initContainers: [] })],
        says: /^Deployment dora-apps\/fop-gate, container fop-gate has the seccompProfile of nobody, and RuntimeDefault or Localhost is wanted/,
      },
      {
        name: "the log agent without",
        resources: [container("log-agent", { securityContext: { seccompProfile: { type: "Unconfined" } } })],
        says: /container log-agent has the seccompProfile Unconfined/,
      },
    ],
  },
};
