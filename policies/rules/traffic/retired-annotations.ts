import { called, serviceOf } from "../../engine/declared.ts";
import { isIngress } from "../../engine/entrances.ts";
import { kubernetes } from "../../engine/examples.ts";
import type { Rule } from "../../engine/rule.ts";

/** What nobody answers any more, and what stands in its place. */
const retired: readonly { readonly begins: string; readonly instead: string }[] = [
  // Deprecated with networking.k8s.io/v1, Kubernetes 1.18.
  { begins: "kubernetes.io/ingress.class", instead: "spec.ingressClassName" },
  // ingress-nginx ended in March 2026 (kubernetes.io/blog, "Ingress NGINX Retirement").
  { begins: "nginx.ingress.kubernetes.io/", instead: "gateway, with weights and rules of its own" },
  // The names of both before 2018.
  { begins: "ingress.kubernetes.io/", instead: "gateway, with weights and rules of its own" },
  // Traefik 1, which ended in 2021.
  { begins: "traefik.frontend.", instead: "traefik.ingress.kubernetes.io/router.* of Traefik 3" },
];

/** An annotation that no controller reads does nothing and says nothing: the login is off, the weight is ignored. */
export const retiredAnnotations: Rule = {
  name: "retired-annotations",
  description: "No Ingress asks for something by an annotation that is retired.",
  severity: "high",
  remediation: "Say it in the way that the message names, and take the annotation out.",
  judge(one) {
    if (!isIngress(one) || serviceOf(one) === undefined) return [];
    return Object.keys(one.fields.metadata?.annotations ?? {}).flatMap((name) => {
      const found = retired.find(({ begins }) => name.startsWith(begins));
      return found === undefined
        ? []
        : [`${called(one)} has the annotation ${name}, which is retired, and ${found.instead} is wanted: take it out.`];
    });
  },
  examples: {
    allowed: [
      { name: "fop-gate's own", resources: [ingress({})] },
      {
        name: "a controller's that lives",
        resources: [ingress({ "traefik.ingress.kubernetes.io/router.entrypoints": "websecure" })],
      },
      {
        name: "somebody else's Ingress",
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
        name: "the class by annotation",
        resources: [ingress({ "kubernetes.io/ingress.class": "nginx" })],
        says: /^Ingress dora-apps\/fop-gate has the annotation kubernetes\.io\/ingress\.class, which is retired, and spec\.ingressClassName is wanted/,
      },
      {
        name: "a weight for a controller that is gone",
        resources: [ingress({ "nginx.ingress.kubernetes.io/canary-weight": "10" })],
        says: /annotation nginx\.ingress\.kubernetes\.io\/canary-weight, which is retired, and gateway/,
      },
      {
        name: "the login by a controller of before 2018",
        resources: [ingress({ "ingress.kubernetes.io/auth-type": "basic" })],
        says: /annotation ingress\.kubernetes\.io\/auth-type, which is retired, and gateway/,
      },
      {
        name: "the rule of Traefik 1",
        resources: [ingress({ "traefik.frontend.rule.type": "PathPrefixStrip" })],
        says: /annotation traefik\.frontend\.rule\.type, which is retired, and traefik\.ingress\.kubernetes\.io\/router\.\* of Traefik 3 is wanted/,
      },
    ],
  },
};

function ingress(annotations: Readonly<Record<string, string>>) {
  return kubernetes("networking.k8s.io/v1:Ingress", "fop-gate", { metadata: { annotations } });
}
