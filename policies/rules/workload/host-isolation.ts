import { called } from "../../engine/declared.ts";
import { adoptedExample, container, deployment, podSpec, pods } from "../../engine/examples.ts";
import { containersOf, podOf } from "../../engine/pods.ts";
import type { Rule } from "../../engine/rule.ts";

/** Kinds of volumes that Pod Security `restricted` allows. */
const volumes = [
  "configMap",
  "csi",
  "downwardAPI",
  "emptyDir",
  "ephemeral",
  "persistentVolumeClaim",
  "projected",
  "secret",
];

/** Sysctls that `baseline` allows, because each pod has its own. */
const safeSysctls = [
  "kernel.shm_rmid_forced",
  "net.ipv4.ip_local_port_range",
  "net.ipv4.ip_unprivileged_port_start",
  "net.ipv4.tcp_syncookies",
  "net.ipv4.ping_group_range",
  "net.ipv4.ip_local_reserved_ports",
  "net.ipv4.tcp_keepalive_time",
  "net.ipv4.tcp_fin_timeout",
  "net.ipv4.tcp_keepalive_intvl",
  "net.ipv4.tcp_keepalive_probes",
];

/**
 * Pod Security `baseline`, and the volumes of `restricted`: a pod uses no resources of its node, so it can run on any node
 * (https://kubernetes.io/docs/concepts/security/pod-security-standards).
 */
export const hostIsolation: Rule = {
  name: "host-isolation",
  description: "No pod shares namespaces, ports, folders or kernel settings with its node.",
  severity: "high",
  remediation: "Remove hostNetwork, hostPID, hostIPC, hostPort, hostPath, hostProcess and unsafe sysctls from the pod.",
  judge(one) {
    const found = podOf(one);
    if (found === undefined) return [];
    const { object, pod } = found;
    const shared = (["hostNetwork", "hostPID", "hostIPC"] as const).filter((each) => pod[each] === true);
    const odd = (pod.volumes ?? []).filter((volume) =>
      Object.keys(volume).some((key) => key !== "name" && !volumes.includes(key)),
    );
    const sysctls = (pod.securityContext?.sysctls ?? []).filter(({ name }) => !safeSysctls.includes(name));
    const wrong = [
      ...shared.map((each) => `${each} is true and must not be`),
      ...(pod.securityContext?.windowsOptions?.hostProcess === true
        ? ["windowsOptions.hostProcess is true and must not be"]
        : []),
      ...odd.map((volume) => `volume ${volume.name} is a ${Object.keys(volume).find((key) => key !== "name")}`),
      ...sysctls.map(({ name }) => `it sets the sysctl ${name}`),
      ...containersOf(one).flatMap(({ container: { name, ports = [], securityContext } }) => [
        ...ports.flatMap(({ hostPort }) => (hostPort ? [`container ${name} takes port ${hostPort} of the node`] : [])),
        ...((securityContext?.procMount ?? "Default") === "Default" ? [] : [`container ${name} sets procMount`]),
        ...(securityContext?.windowsOptions?.hostProcess === true
          ? [`windowsOptions.hostProcess of container ${name} is true and must not be`]
          : []),
      ]),
    ];
    return wrong.length === 0
      ? []
      : [`${called(object)}: ${wrong.join("; ")}: a pod must not use resources of its node, so remove this.`];
  },
  examples: {
    allowed: [
      adoptedExample,
      { name: "config files and a folder for logs", resources: [deployment("stable"), deployment("canary")] },
      {
        name: "kernel settings that each pod has for itself",
        resources: [
          pods({
            securityContext: {
              sysctls: [
                { name: "net.ipv4.ip_unprivileged_port_start", value: "80" },
                { name: "net.ipv4.tcp_keepalive_time", value: "300" },
              ],
            },
          }),
        ],
      },
    ],
    disallowed: [
      {
        name: "the network of the node",
        resources: [pods({ hostNetwork: true })],
        message:
          /^Deployment dora-apps\/fop-gate: hostNetwork is true and must not be: a pod must not use resources of its node/,
      },
      {
        name: "the processes of the node",
        resources: [pods({ hostPID: true })],
        message: /^Deployment dora-apps\/fop-gate: hostPID is true and must not be/,
      },
      {
        name: "the interprocess communication of the node",
        resources: [pods({ hostIPC: true })],
        message: /^Deployment dora-apps\/fop-gate: hostIPC is true and must not be/,
      },
      {
        name: "an unmasked /proc",
        resources: [container("fop-gate", { securityContext: { procMount: "Unmasked" } })],
        message: /^Deployment dora-apps\/fop-gate: container fop-gate sets procMount/,
      },
      {
        name: "a folder of the node",
        resources: [pods({ volumes: [...(podSpec().volumes ?? []), { name: "node", hostPath: { path: "/" } }] })],
        message: /volume node is a hostPath/,
      },
      {
        name: "a port of the node",
        resources: [container("fop-gate", { ports: [{ name: "http", containerPort: 8080, hostPort: 80 }] })],
        message: /container fop-gate takes port 80 of the node/,
      },
      {
        name: "a kernel setting of the node",
        resources: [pods({ securityContext: { sysctls: [{ name: "net.core.somaxconn", value: "1024" }] } })],
        message: /sets the sysctl net\.core\.somaxconn/,
      },
      {
        name: "a process of a Windows node",
        resources: [pods({ securityContext: { windowsOptions: { hostProcess: true } } })],
        message:
          /^Deployment dora-apps\/fop-gate: windowsOptions\.hostProcess is true and must not be: a pod must not use resources of its node/,
      },
      {
        name: "the log agent as a process of a Windows node",
        resources: [container("log-agent", { securityContext: { windowsOptions: { hostProcess: true } } })],
        message: /: windowsOptions\.hostProcess of container log-agent is true and must not be: a pod/,
      },
    ],
  },
};
