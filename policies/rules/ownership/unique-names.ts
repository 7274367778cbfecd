import { type Service, servicesOf } from "../../engine/declared.ts";
import { canaryService } from "../../engine/examples.ts";
import { partsOf } from "../../engine/parts.ts";
import type { Rule } from "../../engine/rule.ts";

/**
 * The objects of a service are named after it. `web-canary`, for example, is canary's Deployment of the service `web`, and also
 * stable's Deployment of a service `web-canary`. The rule compares the services, so it finds a conflict in any stack that
 * describes both, before Pulumi creates the second object.
 */
export const uniqueNames: Rule = {
  name: "unique-names",
  description: "No two services create objects with the same name.",
  severity: "high",
  remediation: "Give one of the two services another name.",
  judge(one, { declared }) {
    if (one.is !== "service") return [];
    return servicesOf(declared)
      .filter((other) => other !== one && other.namespace === one.namespace && other.name !== one.name)
      .flatMap((other) => {
        const theirs = objectsOf(other);
        const shared = objectsOf(one).find((object) => theirs.includes(object));
        return shared === undefined
          ? []
          : [
              `${one.namespace}/${one.name} and ${other.namespace}/${other.name} both create ${shared}: give one of the services another name.`,
            ];
      });
  },
  examples: {
    allowed: [
      { name: "a name that begins with the other one", resources: [canaryService(), named("fop-gate-admin")] },
      { name: "two namespaces", resources: [canaryService(), named("fop-gate-canary", { namespace: "staging" })] },
      {
        name: "the name of a Service that traffic by number of pods does not need",
        resources: [canaryService(), named("fop-gate-stable")],
      },
    ],
    disallowed: [
      {
        name: "a service with the name of another one's canary",
        resources: [canaryService(), named("fop-gate-canary")],
        message:
          /^dora-apps\/fop-gate-canary and dora-apps\/fop-gate both create Service fop-gate-canary: give one of the services another name\.$/,
      },
      {
        name: "a service with the name of stable's Service of another one behind a gateway",
        resources: [named("fop-gate-stable"), canaryService({ gateway: { routes: [] } })],
        message: /both create Service fop-gate-stable/,
      },
      {
        name: "a service with the name of another one's debug Ingress",
        resources: [
          canaryService({ debugIngress: { host: "debug.example" } }),
          named("fop-gate-debug", { ingress: { host: "shop.example" } }),
        ],
        message: /both create Ingress fop-gate-debug/,
      },
    ],
  },
};

/** Kinds and names of all objects of a service, of any stack. */
function objectsOf(service: Service): string[] {
  return partsOf(service).flatMap(({ kind, name, exists }) => (exists ? [`${kind} ${name}`] : []));
}

function named(name: string, changes: Parameters<typeof canaryService>[0] = {}) {
  return { ...canaryService(changes), name };
}
