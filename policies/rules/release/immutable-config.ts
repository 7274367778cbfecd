import { called, type Declared, type KubernetesObject, serviceOf } from "../../engine/declared.ts";
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
import { pairsOf } from "../../engine/pairs.ts";
import type { PodSpec } from "../../engine/pod-spec.ts";
import { podOf } from "../../engine/pods.ts";
import type { Rule } from "../../engine/rule.ts";

/** The suffix of a name with the hash of the content (components/config-files.ts). */
const hashed = /-[0-9a-f]{8,64}$/;
/** The ConfigMap that the cluster maintains in every namespace (KEP-1205); tokens that are mounted by hand refer to it. */
const ofTheCluster = "kube-root-ca.crt";

/**
 * A ConfigMap that changes under running pods changes a release after its verdict: the new content is untested, some pods have
 * read it and others have not, and a rollback does not restore the old content.
 *
 * 1. A ConfigMap that pods of a service read has a name that ends with the hash of its content.
 * 2. A ConfigMap of a service with such a name is immutable, so that the API server keeps name and content together.
 * 3. Any other ConfigMap of this stack that the pods read by such a name is immutable too, because a date looks like a hash.
 */
export const immutableConfig: Rule = {
  name: "immutable-config",
  description: "Pods read only ConfigMaps that never change: immutable ones, named after their content.",
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
      {
        name: "the ConfigMap of the plan, which no pod reads",
        resources: [kubernetes("core/v1:ConfigMap", "fop-gate-plan")],
      },
      {
        name: "a ConfigMap that belongs to no service",
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
        name: "an immutable ConfigMap of no service, and a mutable one in another namespace",
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
        name: "a mutable ConfigMap",
        resources: [configMap("config", { immutable: undefined })],
        message: /^ConfigMap dora-apps\/fop-gate-config-[0-9a-f]{10} has immutable unset, but must have immutable true/,
      },
      {
        name: "a volume from a ConfigMap whose name has no hash",
        resources: [
          pods({ volumes: [...(podSpec().volumes ?? []), { name: "more", configMap: { name: "fop-gate-more" } }] }),
        ],
        message: /^Deployment dora-apps\/fop-gate reads the ConfigMap fop-gate-more, which may change under its pods/,
      },
      {
        name: "variables from such a ConfigMap",
        resources: [container("fop-gate", { envFrom: [{ configMapRef: { name: "fop-gate-env" } }] })],
        message: /reads the ConfigMap fop-gate-env/,
      },
      {
        name: "one variable of the log agent from such a ConfigMap",
        resources: [
          container("log-agent", {
            env: [{ name: "LEVEL", valueFrom: { configMapKeyRef: { name: "log-level", key: "level" } } }],
          }),
        ],
        message: /reads the ConfigMap log-level/,
      },
      {
        name: "a projected volume from such a ConfigMap",
        resources: [pods({ volumes: [{ name: "all", projected: { sources: [{ configMap: { name: "parts" } }] } }] })],
        message: /reads the ConfigMap parts/,
      },
      {
        name: "a mutable ConfigMap without the label, with a date in its name",
        resources: [dated(), readsDated()],
        message:
          /^Deployment dora-apps\/fop-gate reads ConfigMap dora-apps\/fop-gate-20260101, which has immutable unset, but must have immutable true: set it\.$/,
      },
      {
        name: "the same, declared after the pods",
        resources: [readsDated(), dated({ immutable: false })],
        message: /reads ConfigMap dora-apps\/fop-gate-20260101, which has immutable false/,
      },
    ],
  },
};

/** The pods of a service with the names of the ConfigMaps that they read. */
interface ReadPods {
  readonly object: KubernetesObject;
  readonly configMaps: readonly string[];
}

function readPods(one: Declared): ReadPods | undefined {
  const found = podOf(one);
  return found && { object: found.object, configMaps: [...new Set(configMapsOf(found.pod))] };
}

/** A mutable ConfigMap whose name ends like that of an immutable one. */
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
        `${called(pods.object)} reads the ConfigMap ${name}, which may change under its pods: give its files to configFiles, which names each ConfigMap after its content.`,
    );
}

function ownFaults(configMap: Changing | undefined): string[] {
  if (configMap === undefined || serviceOf(configMap.object) === undefined) return [];
  const { object, immutable } = configMap;
  return [
    `${called(object)} has immutable ${immutable}, but must have immutable true, because pods read it by this name: set it.`,
  ];
}

function readFaults(pods: ReadPods, { object, immutable }: Changing): string[] {
  const reads = pods.configMaps.includes(object.name) && pods.object.namespace === object.namespace;
  return reads && serviceOf(object) === undefined
    ? [
        `${called(pods.object)} reads ${called(object)}, which has immutable ${immutable}, but must have immutable true: set it.`,
      ]
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
