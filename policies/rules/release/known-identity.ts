import { type Declared, servicesOf, type Unidentified } from "../../engine/declared.ts";
import { canaryService, kubernetes, unknownUntilUp } from "../../engine/examples.ts";
import type { Rule } from "../../engine/rule.ts";

/** All other rules find objects by names and labels. They would skip an object whose identity is unknown in preview. */
export const knownIdentity: Rule = {
  name: "known-identity",
  description: "The name, namespace and labels of every object are known in preview, in a stack with a service.",
  severity: "high",
  remediation:
    "Give the object a name, a namespace and labels that are constants or configuration, so that the other rules can judge it.",
  judge(one, { declared }) {
    if (one.is === "service") return declared.filter(isUnidentified).map(sentence);
    if (!isUnidentified(one)) return [];
    return one.kind === "CanaryService" || servicesOf(declared).length > 0 ? [sentence(one)] : [];
  },
  examples: {
    allowed: [
      { name: "constant names", resources: [canaryService(), kubernetes("core/v1:Service", "fop-gate")] },
      {
        name: "an unknown field that the API server adds",
        resources: [canaryService(), kubernetes("core/v1:Service", "fop-gate", { metadata: { uid: unknownUntilUp } })],
      },
      {
        name: "a stack without a service",
        resources: [kubernetes("core/v1:Secret", "other", { metadata: { namespace: unknownUntilUp } })],
      },
    ],
    disallowed: [
      {
        name: "a namespace that is an output",
        resources: [
          canaryService(),
          kubernetes("core/v1:Secret", "fop-gate", { metadata: { namespace: unknownUntilUp } }),
        ],
        message:
          /^Secret fop-gate: metadata\.namespace is known only during up, but every rule needs it: use a value that is known in preview\.$/,
      },
      {
        name: "a label that is an output, declared before the service",
        resources: [
          kubernetes("core/v1:Secret", "fop-gate", { metadata: { labels: { team: unknownUntilUp } } }),
          canaryService(),
        ],
        message: /^Secret fop-gate: metadata\.labels\.team is known only during up/,
      },
    ],
  },
};

function isUnidentified(one: Declared): one is Unidentified {
  return one.is === "unidentified";
}

function sentence({ kind, name, unknown }: Unidentified): string {
  return `${kind} ${name}: ${unknown} is known only during up, but every rule needs it: use a value that is known in preview.`;
}
