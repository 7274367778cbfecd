import { type Declared, servicesOf, type Unidentified } from "../../engine/declared.ts";
import { canaryService, kubernetes, onlyUpKnows } from "../../engine/examples.ts";
import type { Rule } from "../../engine/rule.ts";

/** Every other rule goes by names and labels: an object without them is none of theirs, so nobody would have judged it. */
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
      { name: "names in words", resources: [canaryService(), kubernetes("core/v1:Service", "fop-gate")] },
      {
        name: "what the API server adds",
        resources: [canaryService(), kubernetes("core/v1:Service", "fop-gate", { metadata: { uid: onlyUpKnows } })],
      },
      {
        name: "a stack without a service",
        resources: [kubernetes("core/v1:Secret", "other", { metadata: { namespace: onlyUpKnows } })],
      },
    ],
    disallowed: [
      {
        name: "a namespace that is an output",
        resources: [
          canaryService(),
          kubernetes("core/v1:Secret", "fop-gate", { metadata: { namespace: onlyUpKnows } }),
        ],
        says: /^Secret fop-gate: metadata\.namespace will be known in up alone, and every rule judges by it: give it a value that preview knows\.$/,
      },
      {
        name: "a label that is an output, before the service",
        resources: [
          kubernetes("core/v1:Secret", "fop-gate", { metadata: { labels: { team: onlyUpKnows } } }),
          canaryService(),
        ],
        says: /^Secret fop-gate: metadata\.labels\.team will be known/,
      },
    ],
  },
};

function isUnidentified(one: Declared): one is Unidentified {
  return one.is === "unidentified";
}

function sentence({ kind, name, unknown }: Unidentified): string {
  return `${kind} ${name}: ${unknown} will be known in up alone, and every rule judges by it: give it a value that preview knows.`;
}
