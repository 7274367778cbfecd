/** The objects by which the API server passes requests for metrics on to metrics-server, which runs on the node and in no pod. */
import type { Api } from "./api.ts";
import { METRICS_PORT } from "./components/metrics-server.ts";
import type { Link } from "./link.ts";
import { grant, type Placed, place, WATCH } from "./object.ts";
import { METRICS_USER } from "./pki.ts";
import { until, type Wait } from "./wait.ts";

const home = { name: "metrics-server", namespace: "kube-system" };
const METRICS = { apiGroups: ["metrics.k8s.io"], resources: ["pods", "nodes"], verbs: ["get", "list"] };

export async function applyMetricsApi(server: Api, link: Link): Promise<void> {
  for (const { path, object } of metricsObjects(link)) await server.apply(path, object);
}

/** Takes it out again, the registration first: no namespace can be deleted while a registered API does not answer. */
export async function removeMetricsApi(server: Api, link: Link): Promise<void> {
  for (const { path } of metricsObjects(link).toReversed()) await server.remove(path);
}

/** In the order in which they are made. */
export function metricsObjects({ node }: Link): Placed[] {
  return [
    ...grant(METRICS_USER, [
      { apiGroups: [""], resources: ["nodes/metrics"], verbs: ["get"] },
      { apiGroups: [""], resources: ["pods", "nodes"], verbs: WATCH },
      { apiGroups: ["authorization.k8s.io"], resources: ["subjectaccessreviews"], verbs: ["create"] },
    ]),
    // Only metrics-server meets this user: the API server itself refuses requests without a name, and asks who may read metrics.
    ...grant("system:anonymous", [METRICS]),
    place("v1", "Service", home, { spec: { ports: [{ name: "https", port: 443, targetPort: METRICS_PORT }] } }),
    place("discovery.k8s.io/v1", "EndpointSlice", home, {
      metadata: { ...home, labels: { "kubernetes.io/service-name": home.name } },
      addressType: "IPv4",
      endpoints: [{ addresses: [node], conditions: { ready: true } }],
      ports: [{ name: "https", port: METRICS_PORT, protocol: "TCP" }],
    }),
    place(
      "apiregistration.k8s.io/v1",
      "APIService",
      { name: "v1beta1.metrics.k8s.io" },
      {
        spec: {
          group: "metrics.k8s.io",
          version: "v1beta1",
          groupPriorityMinimum: 100,
          versionPriority: 100,
          insecureSkipTLSVerify: true,
          service: home,
        },
      },
    ),
  ];
}

/** Waits until the API serves the metrics of the node. */
export async function awaitMetrics(server: Api, guest: Pick<Wait, "check" | "onTimeout"> = {}): Promise<void> {
  const serves = async () => {
    const found = await server.get("/apis/metrics.k8s.io/v1beta1/nodes").catch(() => undefined);
    return ((found as { items?: unknown[] } | undefined)?.items?.length ?? 0) > 0;
  };
  await until(serves, { what: "metrics of the node", seconds: 90, ...guest });
}
