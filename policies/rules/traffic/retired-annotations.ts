import { called, serviceOf } from "../../engine/declared.ts";
import { isIngress } from "../../engine/entrances.ts";
import { kubernetes } from "../../engine/examples.ts";
import type { Rule } from "../../engine/rule.ts";

/** Retired annotations by their prefix, and their replacements. */
const retired: readonly { readonly begins: string; readonly instead: string }[] = [
  // Deprecated with networking.k8s.io/v1, Kubernetes 1.18.
  { begins: "kubernetes.io/ingress.class", instead: "spec.ingressClassName" },
  // ingress-nginx ended in March 2026 (kubernetes.io/blog, "Ingress NGINX Retirement").
  { begins: "nginx.ingress.kubernetes.io/", instead: "the argument gateway, with its weights and rules," },
  // Names from before 2018, of both controllers.
  { begins: "ingress.kubernetes.io/", instead: "the argument gateway, with its weights and rules," },
  // Traefik 1, which ended in 2021.
  { begins: "traefik.frontend.", instead: "traefik.ingress.kubernetes.io/router.* of Traefik 3" },
];

/** No controller reads a retired annotation, and none reports it: a login is off, a weight is ignored. */
export const retiredAnnotations: Rule = {
  name: "retired-annotations",
  description: "No Ingress has a retired annotation.",
  severity: "high",
  remediation: "Use the replacement from the message, and remove the annotation.",
  judge(one) {
    if (!isIngress(one) || serviceOf(one) === undefined) return [];
    return Object.keys(one.fields.metadata?.annotations ?? {}).flatMap((name) => {
      const found = retired.find(({ begins }) => name.startsWith(begins));
      return found === undefined
        ? []
        : [`${called(one)} has the annotation ${name}, which is retired: use ${found.instead} instead, and remove it.`];
    });
  },
  examples: {
    allowed: [
      { name: "fop-gate's Ingress", resources: [ingress({})] },
      {
        name: "an annotation of a current controller",
        resources: [ingress({ "traefik.ingress.kubernetes.io/router.entrypoints": "websecure" })],
      },
      {
        name: "an Ingress that belongs to no service",
        resources: [
          kubernetes("networking.k8s.io/v1:Ingress", "other", {
            metadata: {
              labels: { "gray-release/service": undefined },
              annotations: { "kubernetes.io/ingress.class": "nginx" },
            },
          }),
        ],
      },
    ],
    disallowed: [
      {
        name: "the class as an annotation",
        resources: [ingress({ "kubernetes.io/ingress.class": "nginx" })],
        message:
          /^Ingress dora-apps\/fop-gate has the annotation kubernetes\.io\/ingress\.class, which is retired: use spec\.ingressClassName instead/,
      },
      {
        name: "a weight for ingress-nginx",
        resources: [ingress({ "nginx.ingress.kubernetes.io/canary-weight": "10" })],
        message: /annotation nginx\.ingress\.kubernetes\.io\/canary-weight, which is retired: use the argument gateway/,
      },
      {
        name: "a login with a name from before 2018",
        resources: [ingress({ "ingress.kubernetes.io/auth-type": "basic" })],
        message: /annotation ingress\.kubernetes\.io\/auth-type, which is retired: use the argument gateway/,
      },
      {
        name: "a rule of Traefik 1",
        resources: [ingress({ "traefik.frontend.rule.type": "PathPrefixStrip" })],
        message:
          /annotation traefik\.frontend\.rule\.type, which is retired: use traefik\.ingress\.kubernetes\.io\/router\.\* of Traefik 3 instead/,
      },
    ],
  },
};

function ingress(annotations: Readonly<Record<string, string>>) {
  return kubernetes("networking.k8s.io/v1:Ingress", "fop-gate", { metadata: { annotations } });
}
