import { called, homeOf, serviceOf } from "./declared.ts";
import { canaryService, kubernetes } from "./examples.ts";
import type { Rule } from "./rule.ts";

/** The debug Ingress is an entrance to what production runs, so it stands and goes with stable. */
export const debugIngress: Rule = {
  name: "debug-ingress",
  description: "A debug Ingress stands only in the stack that owns stable.",
  severity: "medium",
  remediation:
    "Give the argument debugIngress to the service in the stack of stable, and take the debug Ingress out of the others.",
  judge(one, { declared }) {
    if (one.is !== "object" || one.kind !== "Ingress" || !one.name.endsWith("-debug")) return [];
    if (serviceOf(one) === undefined) return [];
    const tracks = homeOf(one, declared)?.tracks ?? [];
    return tracks.includes("stable")
      ? []
      : [
          `${called(one)} is a debug Ingress, and this stack owns ${tracks.join(" and ") || "no track"} of ${serviceOf(one)}: it belongs to the stack that owns stable.`,
        ];
  },
  examples: {
    allowed: [
      { name: "in the stack of stable", resources: [canaryService({ tracks: ["stable"] }), ingress("fop-gate-debug")] },
      { name: "in a stack of both tracks", resources: [canaryService(), ingress("fop-gate-debug")] },
      {
        name: "the users' Ingress in the stack of canary",
        resources: [canaryService({ tracks: ["canary"] }), ingress("fop-gate")],
      },
    ],
    disallowed: [
      {
        name: "in the stack of canary",
        resources: [canaryService({ tracks: ["canary"] }), ingress("fop-gate-debug")],
        says: /^Ingress dora-apps\/fop-gate-debug is a debug Ingress, and this stack owns canary of fop-gate: it belongs to the stack that owns stable\.$/,
      },
      { name: "in a stack without the service", resources: [ingress("fop-gate-debug")], says: /owns no track/ },
    ],
  },
};

function ingress(name: string) {
  return kubernetes("networking.k8s.io/v1:Ingress", name);
}
