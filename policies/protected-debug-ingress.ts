import { called, serviceOf } from "./declared.ts";
import { isIngress } from "./entrances.ts";
import { kubernetes } from "./examples.ts";
import { debugName } from "./parts.ts";
import type { Rule } from "./rule.ts";
import { debugIngressProtectedSettings } from "./settings.ts";

/** What is for those who look after a service is no second way in for everybody: a private network, a login or a list of addresses guards it. */
export const protectedDebugIngress: Rule<typeof debugIngressProtectedSettings> = {
  name: "protected-debug-ingress",
  description: "A debug Ingress is reached from inside alone, or guarded.",
  severity: "high",
  remediation:
    "Give debugIngress an ingressClassName that only a private network reaches, or an annotation that asks for a login or names who may come.",
  settings: debugIngressProtectedSettings,
  judge(one, stack) {
    const service = isIngress(one) ? serviceOf(one) : undefined;
    if (!isIngress(one) || service === undefined || one.name !== debugName(service)) return [];
    const { internalClasses, protections } = stack.settings;
    const { metadata, spec } = one.fields as {
      readonly metadata?: { readonly annotations?: Readonly<Record<string, string>> };
      readonly spec?: { readonly ingressClassName?: string };
    };
    const inside = internalClasses.includes(spec?.ingressClassName ?? "");
    const guarded = protections.some((each) => metadata?.annotations?.[each] !== undefined);
    return inside || guarded
      ? []
      : [
          `${called(one)} has the class ${spec?.ingressClassName ?? "of the cluster's default"} and no annotation that guards it, and a class of ${internalClasses.join(", ") || "none"} or such an annotation is wanted: give it one (internalClasses and protections of protected-debug-ingress in the pack's configuration).`,
        ];
  },
  examples: {
    allowed: [
      { name: "fop-gate's, of the class of the private network", resources: [ingress("fop-gate-debug")] },
      {
        name: "a login in front",
        resources: [
          ingress(
            "fop-gate-debug",
            { ingressClassName: undefined },
            { "traefik.ingress.kubernetes.io/router.middlewares": "infra-login@kubernetescrd" },
          ),
        ],
      },
      { name: "the users' Ingress", resources: [ingress("fop-gate")] },
      {
        name: "the team's own class",
        resources: [ingress("fop-gate-debug", { ingressClassName: "vpn" })],
        settings: { internalClasses: ["vpn"] },
      },
    ],
    disallowed: [
      {
        name: "open to everybody",
        resources: [ingress("fop-gate-debug", { ingressClassName: undefined })],
        says: /^Ingress dora-apps\/fop-gate-debug has the class of the cluster's default and no annotation that guards it/,
      },
      {
        name: "a class that the internet reaches",
        resources: [ingress("fop-gate-debug", { ingressClassName: "public" })],
        says: /has the class public/,
      },
    ],
  },
};

function ingress(name: string, spec: object = {}, annotations: Record<string, string> = {}) {
  return kubernetes("networking.k8s.io/v1:Ingress", name, { metadata: { annotations }, spec });
}
