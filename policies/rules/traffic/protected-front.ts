import { called, homeOf } from "../../engine/declared.ts";
import { canaryService, kubernetes } from "../../engine/examples.ts";
import type { Rule } from "../../engine/rule.ts";

/**
 * Whoever deletes the front takes production down, and a stack of canary is one that people are used to destroy. Pulumi refuses to delete
 * what is protected. Routes of a gateway are not asked for it: a service may go back to traffic by number of pods.
 */
export const protectedFront: Rule = {
  name: "protected-front",
  description: "Pulumi refuses to delete the Services and the users' Ingress of a service.",
  severity: "critical",
  remediation: "Leave protect: true as CanaryService sets it; gray destroy takes everything down in the right order.",
  judge(one, { declared }) {
    if (one.is !== "object" || one.protect) return [];
    const home = homeOf(one, declared);
    if (home === undefined || !frontOf(home.name).includes(`${one.kind} ${one.name}`)) return [];
    return [
      `${called(one)} has protect false, and true is wanted, as users come in by it: leave the option as it is made.`,
    ];
  },
  examples: {
    allowed: [
      {
        name: "fop-gate's front",
        resources: [
          canaryService(),
          kubernetes("core/v1:Service", "fop-gate"),
          kubernetes("core/v1:Service", "fop-gate-canary"),
          kubernetes("networking.k8s.io/v1:Ingress", "fop-gate"),
        ],
      },
      {
        name: "the debug Ingress, by which no user comes in",
        resources: [
          canaryService(),
          { ...kubernetes("networking.k8s.io/v1:Ingress", "fop-gate-debug"), protect: false },
        ],
      },
      { name: "somebody else's", resources: [canaryService(), kubernetes("core/v1:Service", "other")] },
    ],
    disallowed: [
      {
        name: "the shared Service",
        resources: [canaryService(), { ...kubernetes("core/v1:Service", "fop-gate"), protect: false }],
        says: /^Service dora-apps\/fop-gate has protect false, and true is wanted/,
      },
      {
        name: "the users' Ingress",
        resources: [canaryService(), { ...kubernetes("networking.k8s.io/v1:Ingress", "fop-gate"), protect: false }],
        says: /^Ingress dora-apps\/fop-gate has protect false/,
      },
    ],
  },
};

/** What the stack of canary protects (components/canary-service.ts). */
function frontOf(service: string): string[] {
  return [`Service ${service}`, `Service ${service}-canary`, `Ingress ${service}`];
}
