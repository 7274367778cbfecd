/**
 * Dashboard and rules as ConfigMaps, plain objects for `kubectl apply` or a Pulumi program: Grafana's sidecar takes in every
 * ConfigMap with the label, and Prometheus reads the rules where the ConfigMap is mounted.
 */
import { dashboardFile } from "./dashboard.ts";
import { type RuleOptions, rulesFile } from "./rules.ts";

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

/** What the sidecar of Grafana's Helm chart looks for. */
export const SIDECAR_LABEL = { grafana_dashboard: "1" } as const;

/** @param namespace where the sidecar looks; most look in all */
export function dashboardConfigMap(namespace: string): ConfigMap {
  return configMap("gray-release-dashboard", namespace, SIDECAR_LABEL, { "gray-release.json": dashboardFile() });
}

/** @param namespace that of Prometheus, which mounts it */
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
