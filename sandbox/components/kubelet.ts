/** The node's agent: it serves its API to the API server's own identity only. */
import { join } from "node:path";
import { certificatePath, keyPath } from "../pki.ts";
import { CGROUP, NODE_NAME } from "../places.ts";
import type { Site } from "../site.ts";
import { type Component, componentKubeconfig, configFolder, flags, json } from "./component.ts";
import { containerdSocket } from "./containerd.ts";

const KUBELET_HEALTH_PORT = 10248;

export function kubelet({ places, link, command }: Site): Component {
  const config = join(configFolder(places), "kubelet.json");
  const home = join(places.state, "kubelet");
  return {
    name: "kubelet",
    command: [
      command("kube"),
      "kubelet",
      ...flags({
        config,
        kubeconfig: componentKubeconfig(places, "kubelet"),
        "root-dir": home,
        "cert-dir": join(home, "pki"),
        "node-ip": link.node,
        "hostname-override": NODE_NAME,
      }),
    ],
    files: {
      [config]: json({
        apiVersion: "kubelet.config.k8s.io/v1beta1",
        kind: "KubeletConfiguration",
        address: link.node,
        healthzBindAddress: link.node,
        healthzPort: KUBELET_HEALTH_PORT,
        tlsCertFile: certificatePath(places, "kubelet"),
        tlsPrivateKeyFile: keyPath(places, "kubelet"),
        authentication: {
          anonymous: { enabled: false },
          webhook: { enabled: true },
          x509: { clientCAFile: certificatePath(places, "ca") },
        },
        authorization: { mode: "Webhook" },
        containerRuntimeEndpoint: `unix://${containerdSocket(places)}`,
        cgroupDriver: "cgroupfs",
        cgroupRoot: `/${CGROUP}`,
        failCgroupV1: false,
        failSwapOn: false,
        enforceNodeAllocatable: [],
        // There is no name server: names fail at once instead of after a time-out.
        clusterDomain: "cluster.local",
        clusterDNS: ["127.0.0.1"],
        resolvConf: "",
        podLogsDir: join(places.state, "pod-logs"),
        volumePluginDir: join(home, "volume-plugins"),
        containerLogMaxSize: "10Mi",
        containerLogMaxFiles: 2,
        // The images cannot be pulled again.
        imageGCHighThresholdPercent: 100,
        evictionHard: { "nodefs.available": "1%", "imagefs.available": "1%", "memory.available": "100Mi" },
        makeIPTablesUtilChains: false,
        maxPods: 200,
      }),
    },
    ready: () => ({ kind: "http", url: `http://${link.node}:${KUBELET_HEALTH_PORT}/healthz` }),
  };
}
