import { asService, called, type Declared, type KubernetesObject } from "../../engine/declared.ts";
import { isIngress } from "../../engine/entrances.ts";
import { canaryService, kubernetes } from "../../engine/examples.ts";
import { pairsOf } from "../../engine/pairs.ts";
import { debugName } from "../../engine/parts.ts";
import type { Rule } from "../../engine/rule.ts";

/** The debug Ingress leads to the release in production, so the stack that owns stable must create and delete it. */
export const debugIngress: Rule = {
  name: "debug-ingress",
  description: "Only the stack that owns stable declares a debug Ingress.",
  severity: "medium",
  remediation:
    "Give the argument debugIngress to the service in the stack that owns stable, and remove the debug Ingress from the others.",
  judge: (one, { declared }) =>
    pairsOf(one, declared, readIngress, asService)
      .filter(([ingress, { name, namespace }]) => ingress.name === debugName(name) && ingress.namespace === namespace)
      .filter(([, { tracks }]) => !tracks.includes("stable"))
      .map(
        ([ingress, { name, tracks }]) =>
          `${called(ingress)} is a debug Ingress, but this stack owns ${tracks.join(" and ")} of ${name}: it belongs to the stack that owns stable.`,
      ),
  examples: {
    allowed: [
      { name: "in the stack of stable", resources: [canaryService({ tracks: ["stable"] }), ingress("fop-gate-debug")] },
      { name: "in a stack of both tracks", resources: [canaryService(), ingress("fop-gate-debug")] },
      {
        name: "the users' Ingress in the stack of canary",
        resources: [canaryService({ tracks: ["canary"] }), ingress("fop-gate")],
      },
      {
        name: "the users' Ingress of a service whose name ends with -debug",
        resources: [
          { ...canaryService({ tracks: ["canary"] }), name: "fop-gate-debug" },
          kubernetes("networking.k8s.io/v1:Ingress", "fop-gate-debug", {
            metadata: { labels: { "gray-release/service": "fop-gate-debug" } },
          }),
        ],
      },
      {
        name: "the debug Ingress of another service, in another namespace",
        resources: [canaryService({ namespace: "other", tracks: ["canary"] }), ingress("fop-gate-debug")],
      },
      {
        name: "the debug Ingress of another service, in this namespace",
        resources: [{ ...canaryService({ tracks: ["canary"] }), name: "shop" }, ingress("fop-gate-debug")],
      },
    ],
    disallowed: [
      {
        name: "in the stack of canary",
        resources: [canaryService({ tracks: ["canary"] }), ingress("fop-gate-debug")],
        message:
          /^Ingress dora-apps\/fop-gate-debug is a debug Ingress, but this stack owns canary of fop-gate: it belongs to the stack that owns stable\.$/,
      },
      {
        name: "declared before the service",
        resources: [ingress("fop-gate-debug"), canaryService({ tracks: ["canary"] })],
        message: /this stack owns canary of fop-gate/,
      },
    ],
  },
};

function readIngress(one: Declared): KubernetesObject | undefined {
  return isIngress(one) ? one : undefined;
}

function ingress(name: string) {
  return kubernetes("networking.k8s.io/v1:Ingress", name);
}
