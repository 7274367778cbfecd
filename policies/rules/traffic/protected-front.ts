import { called, homeOf } from "../../engine/declared.ts";
import { canaryService, kubernetes } from "../../engine/examples.ts";
import type { Rule } from "../../engine/rule.ts";

/**
 * Deleting the front takes production down, and people may destroy a stack of canary without expecting that. Pulumi refuses to
 * delete protected resources. Routes of a gateway need no protection, because a service may return to traffic by number of pods.
 */
export const protectedFront: Rule = {
  name: "protected-front",
  description: "Pulumi refuses to delete the Services and the users' Ingress of a service.",
  severity: "critical",
  remediation: "Keep protect: true as CanaryService sets it; gray destroy deletes everything in the right order.",
  judge(one, { declared }) {
    if (one.is !== "object" || one.protect) return [];
    const home = homeOf(one, declared);
    if (home === undefined || !frontOf(home.name).includes(`${one.kind} ${one.name}`)) return [];
    return [
      `${called(one)} has protect false, but must have protect true, because users reach the service through it: keep the option that CanaryService sets.`,
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
        name: "the debug Ingress, which is not for users",
        resources: [
          canaryService(),
          { ...kubernetes("networking.k8s.io/v1:Ingress", "fop-gate-debug"), protect: false },
        ],
      },
      {
        name: "a Service that is not part of the front",
        resources: [canaryService(), kubernetes("core/v1:Service", "other")],
      },
    ],
    disallowed: [
      {
        name: "the shared Service",
        resources: [canaryService(), { ...kubernetes("core/v1:Service", "fop-gate"), protect: false }],
        message: /^Service dora-apps\/fop-gate has protect false, but must have protect true/,
      },
      {
        name: "the users' Ingress",
        resources: [canaryService(), { ...kubernetes("networking.k8s.io/v1:Ingress", "fop-gate"), protect: false }],
        message: /^Ingress dora-apps\/fop-gate has protect false/,
      },
    ],
  },
};

/** The objects that CanaryService protects in the stack of canary (components/canary-service.ts). */
function frontOf(service: string): string[] {
  return [`Service ${service}`, `Service ${service}-canary`, `Ingress ${service}`];
}
