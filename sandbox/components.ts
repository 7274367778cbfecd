/** The seven processes of the cluster: what each runs, which files it reads, and what says that it is ready. */
import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { CNI_FOLDER, systemCommand } from "./host.ts";
import { POD_RANGE, SERVICE_RANGE } from "./link.ts";
import { CGROUP, NODE_NAME, type Places } from "./places.ts";
import { certificatePath, keyPath } from "./pki.ts";
import type { Probe } from "./probe.ts";
import { apiServer, type Site } from "./site.ts";

export const COMPONENTS = ["etcd", "containerd", "apiserver", "controller-manager", "scheduler", "kubelet", "proxy"] as const;
export type ComponentName = (typeof COMPONENTS)[number];

export interface Component {
  readonly name: ComponentName;
  readonly command: readonly [string, ...string[]];
  /** Files it reads, written before it starts: path -> content. */
  readonly files: Readonly<Record<string, string>>;
  readonly ready: () => Probe;
}

export const PAUSE_IMAGE = "gray.local/pause:1";

export function containerdSocket(at: Places): string {
  return join(at.run, "containerd", "containerd.sock");
}

/** The kubeconfig of one component's identity. */
export function componentKubeconfig(at: Places, name: ComponentName): string {
  return join(at.state, "components", `${name}.kubeconfig`);
}

export function components(site: Site): Record<ComponentName, Component> {
  return {
    etcd: etcd(site),
    containerd: containerd(site),
    apiserver: apiserver(site),
    "controller-manager": controllerManager(site),
    scheduler: scheduler(site),
    kubelet: kubelet(site),
    proxy: proxy(site),
  };
}

/** Command-line flags from a record: { "bind-address": "x" } is --bind-address=x. */
function flags(values: Readonly<Record<string, string | number | boolean>>): string[] {
  return Object.entries(values).map(([name, value]) => `--${name}=${value}`);
}

function etcd(site: Site): Component {
  const { places, command } = site;
  const client = "https://127.0.0.1:2379";
  return {
    name: "etcd",
    command: [
      command("etcd"),
      ...flags({
        name: NODE_NAME,
        "data-dir": join(places.state, "etcd"),
        "listen-client-urls": client,
        "advertise-client-urls": client,
        "listen-peer-urls": "http://127.0.0.1:2380",
        "cert-file": certificatePath(places, "etcd"),
        "key-file": keyPath(places, "etcd"),
        "client-cert-auth": true,
        "trusted-ca-file": certificatePath(places, "etcd-ca"),
        "auto-compaction-mode": "periodic",
        "auto-compaction-retention": "1h",
        "log-level": "warn",
      }),
    ],
    files: {},
    // etcd listens on the namespace's loopback only; the API server sees it for us.
    ready: () => apiProbe(site, "readyz/etcd"),
  };
}

function apiserver(site: Site): Component {
  const { places, link, command } = site;
  return {
    name: "apiserver",
    command: [
      command("kube"),
      "apiserver",
      ...flags({
        "etcd-servers": "https://127.0.0.1:2379",
        "etcd-cafile": certificatePath(places, "etcd-ca"),
        "etcd-certfile": certificatePath(places, "etcd-client"),
        "etcd-keyfile": keyPath(places, "etcd-client"),
        "secure-port": 6443,
        "advertise-address": link.node,
        "tls-cert-file": certificatePath(places, "apiserver"),
        "tls-private-key-file": keyPath(places, "apiserver"),
        "client-ca-file": certificatePath(places, "ca"),
        "anonymous-auth": false,
        "authorization-mode": "Node,RBAC",
        "enable-admission-plugins": "NodeRestriction",
        "allow-privileged": true,
        "kubelet-client-certificate": certificatePath(places, "apiserver"),
        "kubelet-client-key": keyPath(places, "apiserver"),
        "kubelet-certificate-authority": certificatePath(places, "ca"),
        // Else it looks the node's name up in DNS.
        "kubelet-preferred-address-types": "InternalIP",
        "service-account-issuer": "https://kubernetes.default.svc",
        "service-account-key-file": join(places.state, "pki", "service-accounts.pub"),
        "service-account-signing-key-file": keyPath(places, "service-accounts"),
        "service-cluster-ip-range": SERVICE_RANGE,
      }),
    ],
    files: {},
    ready: () => apiProbe(site, "readyz"),
  };
}

function apiProbe({ places, link }: Site, path: string): Probe {
  return {
    kind: "https",
    url: `${apiServer(link)}/${path}`,
    authority: readFileSync(certificatePath(places, "ca"), "utf8"),
    certificate: readFileSync(certificatePath(places, "admin"), "utf8"),
    key: readFileSync(keyPath(places, "admin"), "utf8"),
  };
}

/** Controllers and scheduler: each serves its health under its own certificate, and asks the API server who may see more. */
function controlLoop(site: Site, name: "controller-manager" | "scheduler", port: number, more: string[]): Component {
  const { places, link, command } = site;
  const kubeconfig = componentKubeconfig(places, name);
  return {
    name,
    command: [
      command("kube"),
      name,
      ...flags({
        kubeconfig,
        "authentication-kubeconfig": kubeconfig,
        "authorization-kubeconfig": kubeconfig,
        // One of each: an election would only delay a restart.
        "leader-elect": false,
        "bind-address": link.node,
        "secure-port": port,
        "tls-cert-file": certificatePath(places, name),
        "tls-private-key-file": keyPath(places, name),
      }),
      ...more,
    ],
    files: {},
    ready: () => ({
      kind: "https",
      url: `https://${link.node}:${port}/healthz`,
      authority: readFileSync(certificatePath(places, "ca"), "utf8"),
    }),
  };
}

function controllerManager(site: Site): Component {
  const more = flags({
    "use-service-account-credentials": true,
    "service-account-private-key-file": keyPath(site.places, "service-accounts"),
    "root-ca-file": certificatePath(site.places, "ca"),
    "allocate-node-cidrs": false,
  });
  return controlLoop(site, "controller-manager", 10257, more);
}

function scheduler(site: Site): Component {
  return controlLoop(site, "scheduler", 10259, []);
}

function containerd({ places, command }: Site): Component {
  const config = join(places.state, "components", "containerd.toml");
  const network = join(places.state, "components", "cni");
  return {
    name: "containerd",
    command: [command("containerd"), "--config", config],
    files: {
      [config]: containerdConfig(places, network),
      [join(network, "10-gray.conflist")]: podNetwork(places),
    },
    ready: () => ({ kind: "socket", path: containerdSocket(places) }),
  };
}

function containerdConfig(places: Places, network: string): string {
  return `version = 3
root = "${join(places.state, "containerd")}"
state = "${join(places.run, "containerd")}"

[grpc]
  address = "${containerdSocket(places)}"

[plugins.'io.containerd.internal.v1.opt']
  path = "${join(places.state, "containerd", "opt")}"

[plugins.'io.containerd.cri.v1.images'.pinned_images]
  sandbox = "${PAUSE_IMAGE}"

[plugins.'io.containerd.cri.v1.runtime']
  # Without CAP_SYS_RESOURCE runc may not lower a score, and dies of trying.
  restrict_oom_score_adj = true
  netns_mounts_under_state_dir = true

[plugins.'io.containerd.cri.v1.runtime'.cni]
  bin_dirs = ["${CNI_FOLDER}"]
  conf_dir = "${network}"

[plugins.'io.containerd.cri.v1.runtime'.containerd.runtimes.runc]
  runtime_type = "io.containerd.runc.v2"

[plugins.'io.containerd.cri.v1.runtime'.containerd.runtimes.runc.options]
  BinaryName = "${systemCommand("runc")}"
  SystemdCgroup = false
`;
}

/** Point to point: every packet between pods is routed, so that kube-proxy's rules see the replies too. */
function podNetwork(places: Places): string {
  const addresses = {
    type: "host-local",
    dataDir: join(places.state, "addresses"),
    ranges: [[{ subnet: POD_RANGE }]],
    routes: [{ dst: "0.0.0.0/0" }],
  };
  const plugins = [{ type: "ptp", ipMasq: false, ipam: addresses }];
  return `${JSON.stringify({ cniVersion: "1.0.0", name: "gray", plugins }, null, 2)}\n`;
}

const KUBELET_HEALTH_PORT = 10248;

function kubelet({ places, link, command }: Site): Component {
  const config = join(places.state, "components", "kubelet.json");
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

const PROXY_HEALTH_PORT = 10256;

function proxy({ places, link, command }: Site): Component {
  const config = join(places.state, "components", "proxy.json");
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

function json(value: unknown): string {
  return `${JSON.stringify(value, null, 2)}\n`;
}

/** The PATH of every component: containerd starts its shim and runc by name. */
export function componentPath(site: Site): string {
  return [dirname(site.command("containerd")), "/usr/local/sbin", "/usr/local/bin", "/usr/sbin", "/usr/bin", "/sbin", "/bin"].join(":");
}
