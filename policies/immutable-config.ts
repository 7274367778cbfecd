import { called, serviceOf } from "./declared.ts";
import { adoptedExample, configMap, container, deployment, kubernetes, podSpec, pods } from "./examples.ts";
import { type PodSpec, podOf } from "./pods.ts";
import type { Rule } from "./rule.ts";

/** The end of a name that holds the hash of the content (components/config-files.ts). */
const hashed = /-[0-9a-f]{8,64}$/;

/**
 * A ConfigMap that changes under running pods changes what a release is: nobody has tried it, half of the pods have read it, and the
 * way back leads to the new content.
 *
 * 1. A ConfigMap that pods of a service read has a name that ends with the hash of its content.
 * 2. A ConfigMap of a service with such a name is immutable, so that the API server keeps the two together.
 */
export const immutableConfig: Rule = {
  name: "immutable-config",
  description: "Pods read ConfigMaps that never change: immutable ones, named after their content.",
  severity: "high",
  remediation:
    "Give config files to CanaryService as configFiles, which names each ConfigMap after its content and makes it immutable.",
  judge(one) {
    if (one.is !== "object" || serviceOf(one) === undefined) return [];
    if (one.kind === "ConfigMap") {
      const { immutable } = one.fields as { readonly immutable?: boolean };
      return !hashed.test(one.name) || immutable === true
        ? []
        : [
            `${called(one)} has immutable ${immutable ?? "unset"}, and true is wanted, as pods read it by this name: set it.`,
          ];
    }
    const found = podOf(one);
    return found === undefined
      ? []
      : [...new Set(configMapsOf(found.pod))]
          .filter((name) => !hashed.test(name))
          .map(
            (name) =>
              `${called(one)} reads the ConfigMap ${name}, which may change under its pods, and one that is named after its content is wanted: give the files to configFiles.`,
          );
  },
  examples: {
    allowed: [
      adoptedExample,
      {
        name: "the config files of the service and its log agent",
        resources: [configMap("config"), deployment("stable")],
      },
      { name: "the plan, which no pod reads", resources: [kubernetes("core/v1:ConfigMap", "fop-gate-plan")] },
      {
        name: "somebody else's",
        resources: [
          configMap("config", { immutable: false, metadata: { labels: { "gray-release/service": undefined } } }),
        ],
      },
    ],
    disallowed: [
      {
        name: "one that may change",
        resources: [configMap("config", { immutable: undefined })],
        says: /^ConfigMap dora-apps\/fop-gate-config-[0-9a-f]{10} has immutable unset, and true is wanted/,
      },
      {
        name: "a volume with a name that stays",
        resources: [
          pods({ volumes: [...(podSpec().volumes ?? []), { name: "more", configMap: { name: "fop-gate-more" } }] }),
        ],
        says: /^Deployment dora-apps\/fop-gate reads the ConfigMap fop-gate-more, which may change under its pods/,
      },
      {
        name: "variables from one",
        resources: [container("fop-gate", { envFrom: [{ configMapRef: { name: "fop-gate-env" } }] })],
        says: /reads the ConfigMap fop-gate-env/,
      },
      {
        name: "one variable of the log agent, and a part of a volume",
        resources: [
          container("log-agent", {
            env: [{ name: "LEVEL", valueFrom: { configMapKeyRef: { name: "log-level", key: "level" } } }],
          }),
        ],
        says: /reads the ConfigMap log-level/,
      },
      {
        name: "a part of a volume",
        resources: [pods({ volumes: [{ name: "all", projected: { sources: [{ configMap: { name: "parts" } }] } }] })],
        says: /reads the ConfigMap parts/,
      },
    ],
  },
};

function configMapsOf({ volumes = [], containers = [], initContainers = [] }: PodSpec): string[] {
  const names = [
    ...volumes.flatMap(({ configMap, projected }) => [
      configMap?.name,
      ...(projected?.sources ?? []).map((source) => source.configMap?.name),
    ]),
    ...[...containers, ...initContainers].flatMap(({ env = [], envFrom = [] }) => [
      ...env.map(({ valueFrom }) => valueFrom?.configMapKeyRef?.name),
      ...envFrom.map(({ configMapRef }) => configMapRef?.name),
    ]),
  ];
  return names.filter((name) => name !== undefined);
}
