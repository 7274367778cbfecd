import { called, type Declared, type KubernetesObject, pairsOf, serviceOf } from "../../engine/declared.ts";
import {
  adoptedExample,
  type Changes,
  configMap,
  container,
  deployment,
  kubernetes,
  podSpec,
  pods,
} from "../../engine/examples.ts";
import { type PodSpec, podOf } from "../../engine/pods.ts";
import type { Rule } from "../../engine/rule.ts";

/** The end of a name that holds the hash of the content (components/config-files.ts). */
const hashed = /-[0-9a-f]{8,64}$/;
/** What the cluster puts into every namespace and keeps (KEP-1205); a token that is mounted by hand comes with it. */
const ofTheCluster = "kube-root-ca.crt";

/**
 * A ConfigMap that changes under running pods changes what a release is: nobody has tried it, half of the pods have read it, and the
 * way back leads to the new content.
 *
 * 1. A ConfigMap that pods of a service read has a name that ends with the hash of its content.
 * 2. A ConfigMap of a service with such a name is immutable, so that the API server keeps the two together.
 * 3. So is whatever else of this stack they read by such a name: a date looks like a hash.
 */
export const immutableConfig: Rule = {
  name: "immutable-config",
  description: "Pods read ConfigMaps that never change: immutable ones, named after their content.",
  severity: "high",
  remediation:
    "Give config files to CanaryService as configFiles, which names each ConfigMap after its content and makes it immutable.",
  judge: (one, { declared }) => [
    ...nameFaults(readPods(one)),
    ...ownFaults(readChanging(one)),
    ...pairsOf(one, declared, readPods, readChanging).flatMap(([pods, configMap]) => readFaults(pods, configMap)),
  ],
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
      {
        name: "the certificate of the cluster, in a token that is mounted by hand",
        resources: [
          pods({ volumes: [{ name: "api", projected: { sources: [{ configMap: { name: "kube-root-ca.crt" } }] } }] }),
        ],
      },
      {
        name: "one of somebody else that is immutable, and one that changes in another namespace",
        resources: [
          dated({ immutable: true }),
          dated({}, { name: "fop-gate-20260102", namespace: "elsewhere" }),
          readsDated(),
          container("fop-gate", { envFrom: [{ configMapRef: { name: "fop-gate-20260102" } }] }),
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
      {
        name: "one without the label that may change, with a date in its name",
        resources: [dated(), readsDated()],
        says: /^Deployment dora-apps\/fop-gate reads ConfigMap dora-apps\/fop-gate-20260101, which has immutable unset, and true is wanted: set it\.$/,
      },
      {
        name: "the same, declared after the pods",
        resources: [readsDated(), dated({ immutable: false })],
        says: /reads ConfigMap dora-apps\/fop-gate-20260101, which has immutable false/,
      },
    ],
  },
};

/** The pods of a service, by the ConfigMaps that they read. */
interface ReadPods {
  readonly object: KubernetesObject;
  readonly configMaps: readonly string[];
}

function readPods(one: Declared): ReadPods | undefined {
  const found = podOf(one);
  return found && { object: found.object, configMaps: [...new Set(configMapsOf(found.pod))] };
}

/** A ConfigMap that is not immutable, although its name says that it is. */
interface Changing {
  readonly object: KubernetesObject;
  readonly immutable: string;
}

function readChanging(one: Declared): Changing | undefined {
  if (one.is !== "object" || one.kind !== "ConfigMap" || !hashed.test(one.name)) return undefined;
  const { immutable } = one.fields as { readonly immutable?: boolean };
  return immutable === true ? undefined : { object: one, immutable: `${immutable ?? "unset"}` };
}

function nameFaults(pods: ReadPods | undefined): string[] {
  if (pods === undefined) return [];
  return pods.configMaps
    .filter((name) => !hashed.test(name) && name !== ofTheCluster)
    .map(
      (name) =>
        `${called(pods.object)} reads the ConfigMap ${name}, which may change under its pods, and one that is named after its content is wanted: give the files to configFiles.`,
    );
}

function ownFaults(configMap: Changing | undefined): string[] {
  if (configMap === undefined || serviceOf(configMap.object) === undefined) return [];
  const { object, immutable } = configMap;
  return [`${called(object)} has immutable ${immutable}, and true is wanted, as pods read it by this name: set it.`];
}

function readFaults(pods: ReadPods, { object, immutable }: Changing): string[] {
  const reads = pods.configMaps.includes(object.name) && pods.object.namespace === object.namespace;
  return reads && serviceOf(object) === undefined
    ? [`${called(pods.object)} reads ${called(object)}, which has immutable ${immutable}, and true is wanted: set it.`]
    : [];
}

/** A ConfigMap without the label, whose name ends with a date. */
function dated(fields: Changes = {}, metadata: Changes = {}) {
  const labels = { "gray-release/service": undefined };
  return kubernetes("core/v1:ConfigMap", "fop-gate-20260101", { metadata: { ...metadata, labels }, ...fields });
}

function readsDated() {
  return container("fop-gate", { envFrom: [{ configMapRef: { name: "fop-gate-20260101" } }] });
}

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
