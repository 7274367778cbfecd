/** kube-proxy: what makes a Service's address lead to its pods. */
import { join } from "node:path";
import { POD_RANGE } from "../link.ts";
import { NODE_NAME } from "../places.ts";
import type { Site } from "../site.ts";
import { type Component, componentKubeconfig, configFolder, flags, json } from "./component.ts";

const PROXY_HEALTH_PORT = 10256;

export function proxy({ places, link, command }: Site): Component {
  const config = join(configFolder(places), "proxy.json");
  return {
    name: "proxy",
    command: [command("kube"), "proxy", ...flags({ config })],
    files: {
      [config]: json({
        apiVersion: "kubeproxy.config.k8s.io/v1alpha1",
        kind: "KubeProxyConfiguration",
        mode: "nftables",
        clientConnection: { kubeconfig: componentKubeconfig(places, "proxy") },
        clusterCIDR: POD_RANGE,
        hostnameOverride: NODE_NAME,
        healthzBindAddress: `${link.node}:${PROXY_HEALTH_PORT}`,
        metricsBindAddress: "127.0.0.1:10249",
        // The table's size is the host's and not ours to set.
        conntrack: { maxPerCore: 0 },
      }),
    },
    ready: () => ({ kind: "http", url: `http://${link.node}:${PROXY_HEALTH_PORT}/healthz` }),
  };
}
