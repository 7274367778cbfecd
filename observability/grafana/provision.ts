/**
 * Dashboard and rules as ConfigMaps, for `kubectl apply` or a Pulumi program. Grafana's sidecar loads every ConfigMap with its
 * label, and Prometheus reads the rules from a mounted ConfigMap.
 */
import { dashboardFile } from "./dashboard.ts";
import { type RuleOptions, rulesFile } from "./rules.ts";

/** A Kubernetes ConfigMap as a plain object. */
export interface ConfigMap {
  readonly apiVersion: "v1";
  readonly kind: "ConfigMap";
  readonly metadata: {
    readonly name: string;
    readonly namespace: string;
    readonly labels: Readonly<Record<string, string>>;
  };
  readonly data: Readonly<Record<string, string>>;
}

/** The label by which the sidecar of Grafana's Helm chart finds dashboards. */
export const SIDECAR_LABEL = { grafana_dashboard: "1" } as const;

/** The dashboard as a ConfigMap. @param namespace one that Grafana's sidecar watches; usually it watches all */
export function dashboardConfigMap(namespace: string): ConfigMap {
  return configMap("gray-release-dashboard", namespace, SIDECAR_LABEL, { "gray-release.json": dashboardFile() });
}

/** The rules as a ConfigMap. @param namespace the namespace of Prometheus, which mounts it */
export function rulesConfigMap(namespace: string, options: RuleOptions = {}): ConfigMap {
  return configMap("gray-release-rules", namespace, {}, { "gray-release.rules.yaml": rulesFile(options) });
}

function configMap(
  name: string,
  namespace: string,
  labels: Readonly<Record<string, string>>,
  data: ConfigMap["data"],
): ConfigMap {
  const metadata = { name, namespace, labels: { "app.kubernetes.io/part-of": "gray-release", ...labels } };
  return { apiVersion: "v1", kind: "ConfigMap", metadata, data };
}
