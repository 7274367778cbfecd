/** Where the sandbox keeps its things. Everything it ever writes outside the checkout is under one of these. */
import { homedir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

export interface Places {
  /** The checkout that this code runs from. */
  readonly checkout: string;
  /** Tools built once, and the passphrase; shared by all checkouts, outlives `down`. */
  readonly cache: string;
  /** The cluster's memory: keys, etcd, images, Pulumi stacks. `down` deletes it. */
  readonly state: string;
  /** What ends with a reboot: sockets, process records. One sandbox a machine, so one place. */
  readonly run: string;
}

/** Names that exist once a machine. */
export const NETWORK_NAMESPACE = "gray-release";
export const HOST_INTERFACE = "gray0";
export const CGROUP = "gray-release";
export const NODE_NAME = "gray-node";
export const APP_NAMESPACE = "dora-apps";

type Environment = Readonly<Record<string, string | undefined>>;

export function places(env: Environment = process.env): Places {
  const checkout = dirname(dirname(fileURLToPath(import.meta.url)));
  const home = env.HOME || homedir();
  return {
    checkout,
    cache: join(env.XDG_CACHE_HOME || join(home, ".cache"), "gray-release"),
    state: env.GRAY_SANDBOX_DIR || "/var/lib/gray-release",
    run: "/run/gray-release",
  };
}

export function networkNamespacePath(): string {
  return `/run/netns/${NETWORK_NAMESPACE}`;
}

/** The Kubernetes admin's kubeconfig. */
export function kubeconfigPath(at: Places): string {
  return join(at.state, "kubeconfig");
}
