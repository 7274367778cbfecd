/** What a component of the cluster is: a command line, the files that it reads, and what says that it is ready. */
import { join } from "node:path";
import type { Places } from "../places.ts";
import type { Probe } from "../probe.ts";

export const COMPONENTS = [
  "etcd",
  "containerd",
  "apiserver",
  "controller-manager",
  "scheduler",
  "kubelet",
  "proxy",
] as const;
/** `traefik`, `prometheus` and `metrics-server` run only where they were asked for: see add-ons.ts. */
export type ComponentName = (typeof COMPONENTS)[number] | "traefik" | "prometheus" | "metrics-server";

export interface Component {
  readonly name: ComponentName;
  readonly command: readonly [string, ...string[]];
  /** Files it reads, written before it starts: path -> content. */
  readonly files: Readonly<Record<string, string>>;
  /** Beside PATH and HOME. @default none */
  readonly environment?: Readonly<Record<string, string>>;
  readonly ready: () => Probe;
}

/** The kubeconfig of one component's identity. */
export function componentKubeconfig(at: Places, name: ComponentName): string {
  return join(configFolder(at), `${name}.kubeconfig`);
}

export function configFolder(at: Places): string {
  return join(at.state, "components");
}

/** Command-line flags from a record: { "bind-address": "x" } is --bind-address=x. */
export function flags(values: Readonly<Record<string, string | number | boolean>>): string[] {
  return Object.entries(values).map(([name, value]) => `--${name}=${value}`);
}

export function json(value: unknown): string {
  return `${JSON.stringify(value, null, 2)}\n`;
}
