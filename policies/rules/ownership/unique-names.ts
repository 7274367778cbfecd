import { type Service, servicesOf } from "../../engine/declared.ts";
import { canaryService } from "../../engine/examples.ts";
import { partsOf } from "../../engine/parts.ts";
import type { Rule } from "../../engine/rule.ts";

/**
 * A service's objects are called after it: `web-canary` is the Deployment of web's canary, and the Deployment of stable of a service
 * `web-canary`. Said of the services, so that it is found whichever stack makes the objects, and before Pulumi meets two of one name.
 */
export const uniqueNames: Rule = {
  name: "unique-names",
  description: "No object of one service has the name of another service's.",
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
              `${one.namespace}/${one.name} and ${other.namespace}/${other.name} both make ${shared}: give one of the services another name.`,
            ];
      });
  },
  examples: {
    allowed: [
      { name: "names that begin alike", resources: [canaryService(), named("fop-gate-admin")] },
      { name: "two namespaces", resources: [canaryService(), named("fop-gate-canary", { namespace: "staging" })] },
      {
        name: "a Service that traffic by number of pods does not need",
        resources: [canaryService(), named("fop-gate-stable")],
      },
    ],
    disallowed: [
      {
        name: "a service called as the other's canary",
        resources: [canaryService(), named("fop-gate-canary")],
        says: /^dora-apps\/fop-gate-canary and dora-apps\/fop-gate both make Service fop-gate-canary: give one of the services another name\.$/,
      },
      {
        name: "a service called as the Service of stable alone, of the other behind a gateway",
        resources: [named("fop-gate-stable"), canaryService({ gateway: { routes: [] } })],
        says: /both make Service fop-gate-stable/,
      },
      {
        name: "a service called as the other's debug Ingress",
        resources: [
          canaryService({ debugIngress: { host: "debug.example" } }),
          named("fop-gate-debug", { ingress: { host: "shop.example" } }),
        ],
        says: /both make Ingress fop-gate-debug/,
      },
    ],
  },
};

/** What stands in the cluster of a service, in whichever stack: kind and name. */
function objectsOf(service: Service): string[] {
  return partsOf(service).flatMap(({ kind, name, stands }) => (stands ? [`${kind} ${name}`] : []));
}

function named(name: string, changes: Parameters<typeof canaryService>[0] = {}) {
  return { ...canaryService(changes), name };
}
