import { adoptedExample, container, deployment } from "../../engine/examples.ts";
import { eachContainer } from "../../engine/pods.ts";
import type { Rule } from "../../engine/rule.ts";

/** The capabilities that Pod Security `restricted` allows a container to add. */
const allowed = ["NET_BIND_SERVICE"];

/**
 * Pod Security `restricted`: no capabilities except the one to open a port below 1024, and no privilege escalation
 * (https://kubernetes.io/docs/concepts/security/pod-security-standards/#restricted).
 */
export const capabilities: Rule = {
  name: "capabilities",
  description: "Every container drops all capabilities and cannot gain any.",
  severity: "high",
  remediation:
    'Set securityContext.capabilities.drop: ["ALL"] and allowPrivilegeEscalation: false; add NET_BIND_SERVICE if the container opens a port below 1024.',
  judge: eachContainer(({ called, container: { securityContext = {} } }) => {
    const { capabilities: { drop = [], add = [] } = {}, allowPrivilegeEscalation, privileged } = securityContext;
    const extra = add.filter((each) => !allowed.includes(each));
    const wrong = [
      ...(privileged === true ? ["privileged is true and must not be"] : []),
      ...(drop.includes("ALL") ? [] : [`capabilities.drop is ${JSON.stringify(drop)} and must have ALL`]),
      ...(extra.length > 0 ? [`capabilities.add has ${extra.join(", ")} and may have only ${allowed.join(", ")}`] : []),
      ...(allowPrivilegeEscalation === false
        ? []
        : [`allowPrivilegeEscalation is ${allowPrivilegeEscalation ?? "unset"} and must be false`]),
    ];
    return wrong.length === 0 ? undefined : `${called}: ${wrong.join("; ")}: change its securityContext.`;
  }),
  examples: {
    allowed: [
      adoptedExample,
      { name: "the service and its log agent", resources: [deployment("stable"), deployment("canary")] },
      {
        name: "the capability to open port 80",
        resources: [container("fop-gate", { securityContext: { capabilities: { add: ["NET_BIND_SERVICE"] } } })],
      },
    ],
    disallowed: [
      {
        name: "the default capabilities of the container runtime",
        resources: [container("log-agent", { securityContext: { capabilities: undefined } })],
        message:
          /^Deployment dora-apps\/fop-gate, container log-agent: capabilities\.drop is \[\] and must have ALL: change its securityContext\.$/,
      },
      {
        name: "one capability too many",
        resources: [
          container("fop-gate", { securityContext: { capabilities: { add: ["NET_ADMIN", "NET_BIND_SERVICE"] } } }),
        ],
        message: /capabilities\.add has NET_ADMIN and may have only NET_BIND_SERVICE/,
      },
      {
        name: "privilege escalation",
        resources: [container("fop-gate", { securityContext: { allowPrivilegeEscalation: undefined } })],
        message: /allowPrivilegeEscalation is unset and must be false/,
      },
      {
        name: "a privileged container",
        resources: [container("fop-gate", { securityContext: { privileged: true } })],
        message: /privileged is true/,
      },
    ],
  },
};
