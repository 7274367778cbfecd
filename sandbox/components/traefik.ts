/** The gateway: it carries users' requests straight to pods, by the HTTPRoutes that it finds in the cluster. */
import { join } from "node:path";
import type { Link } from "../link.ts";
import { GATEWAY_DOMAIN } from "../pki.ts";
import type { Site } from "../site.ts";
import { type Component, componentKubeconfig, configFolder, json } from "./component.ts";

/** Those that go without saying in http:// and https://. */
export const HTTP_PORT = 80;
export const HTTPS_PORT = 443;
const METRICS_PORT = 8082;

/** Where a route of the sandbox's own leads back to Traefik: an answer shows that it has read the cluster's routes. */
export const PING_HOST = `ping.${GATEWAY_DOMAIN}`;

/** Reached from the host, from inside the sandbox and from pods. */
export function gatewayUrl(link: Link): string {
  return `http://${link.node}`;
}

/** Where Prometheus finds its counters, at /metrics. */
export function traefikMetrics(link: Link): string {
  return `${link.node}:${METRICS_PORT}`;
}

export function traefik({ places, link, command }: Site): Component {
  // Traefik goes by the file's extension; JSON is YAML.
  const config = join(configFolder(places), "traefik.yaml");
  return {
    name: "traefik",
    command: [command("traefik"), `--configfile=${config}`],
    files: { [config]: json(traefikConfig(link)) },
    environment: { KUBECONFIG: componentKubeconfig(places, "traefik") },
    ready: () => ({ kind: "http", url: `${gatewayUrl(link)}/`, host: PING_HOST }),
  };
}

function traefikConfig(link: Link): object {
  return {
    // There is no way out.
    global: { checkNewVersion: false, sendAnonymousUsage: false },
    log: { level: "INFO", noColor: true },
    entryPoints: {
      http: { address: `${link.node}:${HTTP_PORT}` },
      https: { address: `${link.node}:${HTTPS_PORT}` },
      metrics: { address: traefikMetrics(link) },
    },
    providers: {
      // 2 s by default: so long a pod that ends would still be sent requests.
      providersThrottleDuration: "100ms",
      kubernetesGateway: { statusAddress: { ip: link.node } },
    },
    metrics: {
      prometheus: {
        entryPoint: "metrics",
        addEntryPointsLabels: true,
        addServicesLabels: true,
        // Its own four begin at 100 ms, where the sample service has long answered.
        buckets: [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10],
      },
    },
    ping: { manualRouting: true },
  };
}
