/**
 * The two namespaces that everything runs in, each kept by a file, so that it outlives any one process:
 *
 * 1. A network namespace with a cable to the host. It has no default route: nothing in it can reach another machine.
 * 2. A mount namespace: pods' mounts never show in the host's table, and the few fixed paths that containerd, CNI and
 *    kubelet insist on are ours in there and untouched outside.
 */
import { existsSync, mkdirSync, readdirSync, rmdirSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { attempt, run } from "./command.ts";
import { hasCode } from "./file.ts";
import { systemCommand } from "./host.ts";
import { type Link, SERVICE_RANGE } from "./link.ts";
import { isMounted, unmount } from "./mounts.ts";
import { HOST_INTERFACE, NETWORK_NAMESPACE, networkNamespacePath, type Places } from "./places.ts";

/** Paths that the components hard-code; in the mount namespace each is a folder of ours. */
const PRIVATE_FOLDERS = ["/run/containerd", "/var/lib/cni", "/var/log/containers"];

/** Inside the namespace only; carries no traffic. */
const SERVICE_INTERFACE = "services";

export function hostRanges(): string[] {
  const ip = systemCommand("ip");
  const routes: unknown = JSON.parse(run(ip, ["-4", "-j", "route", "show", "table", "all"]) || "[]");
  if (!Array.isArray(routes)) return [];
  return routes
    .filter((route): route is { dst: string; dev?: string } => typeof route?.dst === "string")
    .filter((route) => route.dev !== HOST_INTERFACE)
    .map((route) => route.dst);
}

export function ensureNetwork(link: Link): void {
  const ip = systemCommand("ip");
  const path = networkNamespacePath();
  if (existsSync(path) && !isMounted(path)) rmSync(path); // left by a reboot where /run is kept
  if (existsSync(path) && networkIsWhole(link)) return;
  removeNetwork();
  const inside = (...args: string[]) => run(ip, ["-n", NETWORK_NAMESPACE, ...args]);
  run(ip, ["netns", "add", NETWORK_NAMESPACE]);
  run(ip, ["link", "add", HOST_INTERFACE, "type", "veth", "peer", "name", "eth0", "netns", NETWORK_NAMESPACE]);
  run(ip, ["address", "add", `${link.host}/30`, "dev", HOST_INTERFACE]);
  run(ip, ["link", "set", HOST_INTERFACE, "up"]);
  inside("link", "set", "lo", "up");
  inside("address", "add", `${link.node}/30`, "dev", "eth0");
  inside("link", "set", "eth0", "up");
  // A process in the namespace can address a Service only if some route leads there; kube-proxy then rewrites it. A bridge
  // without ports serves: what is not rewritten ends there instead of at the host.
  inside("link", "add", SERVICE_INTERFACE, "type", "bridge");
  inside("link", "set", SERVICE_INTERFACE, "up");
  inside("route", "add", SERVICE_RANGE, "dev", SERVICE_INTERFACE, "src", link.node);
  inNetwork("sh", "-c", "echo 1 >/proc/sys/net/ipv4/ip_forward");
}

function networkIsWhole(link: Link): boolean {
  const ip = systemCommand("ip");
  const host = attempt(ip, ["-4", "-o", "address", "show", "dev", HOST_INTERFACE]).output;
  const node = attempt(ip, ["-n", NETWORK_NAMESPACE, "-4", "route"]).output;
  return host.includes(`${link.host}/30`) && node.includes(SERVICE_RANGE) && node.includes(link.node);
}

/** Runs a short command inside the network namespace. Not `ip netns exec`, which remounts /sys and so hides the cgroups. */
function inNetwork(...command: string[]): string {
  return run(systemCommand("nsenter"), [`--net=${networkNamespacePath()}`, ...command]);
}

export function removeNetwork(): void {
  const ip = systemCommand("ip");
  attempt(ip, ["link", "delete", HOST_INTERFACE]);
  const path = networkNamespacePath();
  if (existsSync(path) && !attempt(ip, ["netns", "delete", NETWORK_NAMESPACE]).ok) rmSync(path);
  // `ip netns add` mounts the folder on itself; the next one that needs it does so again.
  const folder = dirname(path);
  if (!existsSync(folder) || readdirSync(folder).length > 0) return;
  unmount(folder);
  removeIfEmpty(folder);
}

function namespaceFolder(at: Places): string {
  return join(at.run, "namespaces");
}

export function mountNamespacePath(at: Places): string {
  return join(namespaceFolder(at), "mount");
}

export function ensureMountNamespace(at: Places): void {
  const file = mountNamespacePath(at);
  if (isMounted(file)) return;
  const folder = namespaceFolder(at);
  unmount(folder);
  mkdirSync(folder, { recursive: true });
  // The kernel keeps a mount namespace only by a file on a mount that is not shared with it.
  run("mount", ["--bind", folder, folder]);
  run("mount", ["--make-private", folder]);
  writeFileSync(file, "");
  const binds = PRIVATE_FOLDERS.map((target) => {
    const source = join(
      target.startsWith("/run/") ? at.run : at.state,
      "private",
      target.slice(1).replaceAll("/", "-"),
    );
    mkdirSync(source, { recursive: true });
    mkdirSync(target, { recursive: true });
    return `mount --bind '${source}' '${target}'`;
  });
  const script = ["set -e", "mount --make-rshared /", ...binds].join("\n");
  run(systemCommand("unshare"), [`--mount=${file}`, "--propagation", "private", "sh", "-c", script]);
}

export function removeMountNamespace(at: Places): void {
  unmount(mountNamespacePath(at));
  unmount(namespaceFolder(at));
  for (const folder of PRIVATE_FOLDERS) removeIfEmpty(folder);
}

/** The folders were made as mount points; where somebody else uses one it is not empty and stays. */
function removeIfEmpty(folder: string): void {
  try {
    rmdirSync(folder);
  } catch (error) {
    if (!hasCode(error, "ENOENT", "ENOTEMPTY", "EBUSY")) throw error;
  }
}

/** The command line that runs a command in both namespaces, under its own pid. */
export function inNamespaces(at: Places, command: readonly string[]): [string, ...string[]] {
  return [
    systemCommand("nsenter"),
    `--net=${networkNamespacePath()}`,
    `--mount=${mountNamespacePath(at)}`,
    "--",
    ...command,
  ];
}
