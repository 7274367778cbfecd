import { called, serviceOf } from "../../engine/declared.ts";
import { debugIngressProtectedSettings } from "../../engine/defaults.ts";
import { isIngress } from "../../engine/entrances.ts";
import { kubernetes } from "../../engine/examples.ts";
import { debugName } from "../../engine/parts.ts";
import type { Rule } from "../../engine/rule.ts";

/** The debug Ingress is for operators. A private network, a login or a list of addresses must keep other people out. */
export const protectedDebugIngress: Rule<typeof debugIngressProtectedSettings> = {
  name: "protected-debug-ingress",
  description: "A debug Ingress is reachable only from a private network, or its access is restricted.",
  severity: "high",
  remediation:
    "Give debugIngress an ingressClassName of a private network, or an annotation that requires a login or allows only certain addresses.",
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
    const { annotations = {} } = metadata ?? {};
    const given = protections.filter((each) => annotations[each] !== undefined);
    const idle = given.map((each) => `${each} is ${JSON.stringify(annotations[each])}`).join(", ");
    return inside || given.some((each) => guards(annotations[each]))
      ? []
      : [
          `${called(one)} has the class ${spec?.ingressClassName ?? "of the cluster's default"} and no annotation that restricts access${idle && ` (${idle})`}, so it may be open to everyone: use one of the internal classes (${internalClasses.join(", ") || "none is set"}) or such an annotation (internalClasses and protections of protected-debug-ingress in the pack's configuration).`,
        ];
  },
  examples: {
    allowed: [
      {
        name: "fop-gate's debug Ingress, with the class of the private network",
        resources: [ingress("fop-gate-debug")],
      },
      {
        name: "a login",
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
        name: "a class that the team has set",
        resources: [ingress("fop-gate-debug", { ingressClassName: "vpn" })],
        settings: { internalClasses: ["vpn"] },
      },
      ...[
        ["alb.ingress.kubernetes.io/auth-type", "oidc"],
        ["alb.ingress.kubernetes.io/inbound-cidrs", "10.0.0.0/8, 2001:db8::/32"],
        ["haproxy.org/allow-list", "10.0.0.0/8"],
      ].map(([annotation = "", value = ""]) => ({
        name: `a public class, with ${annotation} ${value}`,
        resources: [ingress("fop-gate-debug", { ingressClassName: "public" }, { [annotation]: value })],
      })),
    ],
    disallowed: [
      {
        name: "open to everyone",
        resources: [ingress("fop-gate-debug", { ingressClassName: undefined })],
        message:
          /^Ingress dora-apps\/fop-gate-debug has the class of the cluster's default and no annotation that restricts access/,
      },
      {
        name: "a public class",
        resources: [ingress("fop-gate-debug", { ingressClassName: "public" })],
        message: /has the class public/,
      },
      ...[
        ["alb.ingress.kubernetes.io/auth-type", "none"],
        ["alb.ingress.kubernetes.io/inbound-cidrs", "0.0.0.0/0"],
        ["alb.ingress.kubernetes.io/inbound-cidrs", "10.0.0.0/8, ::/0"],
        ["haproxy.org/allow-list", ""],
        ["haproxy.org/allow-list", " , "],
        ["haproxy.org/allow-list", "10.0.0.0/8 0.0.0.0/0"],
        ["traefik.ingress.kubernetes.io/router.middlewares", "None"],
      ].map(([annotation = "", value = ""]) => ({
        name: `no restriction by ${annotation} ${JSON.stringify(value)}`,
        resources: [ingress("fop-gate-debug", { ingressClassName: "public" }, { [annotation]: value })],
        message: new RegExp(
          `has the class public and no annotation that restricts access \\(${annotation} is "${value}"\\), so it may be open to everyone`,
        ),
      })),
    ],
  },
};

/** Whether an annotation with this value restricts access. Empty values, `none` and the range of all addresses do not. */
function guards(value = ""): boolean {
  const parts = value.split(/[\s,]/).filter((part) => part !== "");
  return parts.length > 0 && !parts.some((part) => /^none$|\/0$/i.test(part));
}

function ingress(name: string, spec: object = {}, annotations: Record<string, string> = {}) {
  return kubernetes("networking.k8s.io/v1:Ingress", name, { metadata: { annotations }, spec });
}
