/** The container runtime, and the network that it gives to pods. */
import { join } from "node:path";
import { CNI_FOLDER, systemCommand } from "../host.ts";
import { POD_RANGE } from "../link.ts";
import type { Places } from "../places.ts";
import type { Site } from "../site.ts";
import { type Component, configFolder, json } from "./component.ts";

export const PAUSE_IMAGE = "gray.local/pause:1";

export function containerdSocket(at: Places): string {
  return join(at.run, "containerd", "containerd.sock");
}

export function containerd({ places, command }: Site): Component {
  const config = join(configFolder(places), "containerd.toml");
  const network = join(configFolder(places), "cni");
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

# Its socket would be outside our folders.
[plugins.'io.containerd.nri.v1.nri']
  disable = true

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
  return json({ cniVersion: "1.0.0", name: "gray", plugins });
}
