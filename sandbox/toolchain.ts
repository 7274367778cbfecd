/**
 * The tools that the sandbox and the demo need, in one table, and where to get each: from PATH when a fitting one is
 * there, else from the cache, else built from its published Go module.
 */
import { existsSync } from "node:fs";
import { delimiter, join, sep } from "node:path";
import { buildTool, requireGo } from "./build.ts";
import { cachedBin, cachedShare, isCached } from "./cache.ts";
import { attempt } from "./command.ts";
import { withLock } from "./lock.ts";
import type { Places } from "./places.ts";
import { Problem } from "./problem.ts";
import { runStages, type Stage } from "./progress.ts";
import { commandsOf, type OnPath, type Tool } from "./tool.ts";
import { atLeast, parseVersion, withinOneMinor } from "./version.ts";

const KUBERNETES = "1.36.3";
const PULUMI = "3.259.0";
const PULUMI_TAGS = "osusergo,grpcnotrace";
const PROVIDER_KUBERNETES = "4.18.2";
const TRAEFIK = "3.6.12";
const ARGO_ROLLOUTS = "1.9.1";
const FLAGGER = "1.44.0";
const STRIPPED = "-s -w";

export const TOOLS: readonly Tool[] = [
  {
    name: "pulumi",
    version: PULUMI,
    part: "pulumi",
    onPath: {
      commands: ["pulumi", "pulumi-language-nodejs"],
      version: { args: ["version"], fits: atLeast("3.238.0") },
    },
    build: {
      module: "sandbox/toolchain/pulumi",
      commands: { pulumi: "github.com/pulumi/pulumi/pkg/v3/cmd/pulumi" },
      tags: PULUMI_TAGS,
      ldflags: `${STRIPPED} -X github.com/pulumi/pulumi/sdk/v3/go/common/version.Version=v${PULUMI}`,
    },
    expectSeconds: 240,
  },
  {
    name: "pulumi-resource-kubernetes",
    version: PROVIDER_KUBERNETES,
    part: "pulumi",
    onPath: { commands: ["pulumi-resource-kubernetes"] },
    build: {
      module: "sandbox/toolchain/provider-kubernetes",
      commands: { "pulumi-resource-kubernetes": "." },
      ldflags: `${STRIPPED} -X github.com/pulumi/pulumi-kubernetes/provider/v4/pkg/version.Version=${PROVIDER_KUBERNETES}`,
      embed: {
        from: "github.com/pulumi/pulumi-kubernetes/provider/v4",
        files: {
          "schema.json": "cmd/pulumi-resource-kubernetes/schema.json",
          "terraform-mapping.json": "cmd/pulumi-resource-kubernetes/terraform-mapping.json",
        },
      },
    },
    expectSeconds: 400,
  },
  {
    name: "pulumi-language-nodejs",
    version: "",
    part: "pulumi",
    folder: "sandbox/substitutes/bin",
    expectSeconds: 0,
  },
  {
    name: "pulumi-resource-random",
    version: "1",
    part: "pulumi",
    onPath: { commands: ["pulumi-resource-random"] },
    build: {
      module: "sandbox/toolchain/provider-random",
      commands: { "pulumi-resource-random": "." },
      // As pulumi's, of which it then takes what is compiled already.
      tags: PULUMI_TAGS,
      ldflags: STRIPPED,
    },
    expectSeconds: 5,
  },
  {
    name: "kube",
    version: KUBERNETES,
    part: "cluster",
    build: {
      module: "sandbox/toolchain/kube",
      commands: { kube: "." },
      links: { kubectl: "kube" },
      ldflags: [
        STRIPPED,
        `-X k8s.io/component-base/version.gitVersion=v${KUBERNETES}`,
        "-X k8s.io/component-base/version.gitMajor=1",
        "-X k8s.io/component-base/version.gitMinor=36",
        "-X k8s.io/component-base/version.gitTreeState=clean",
      ].join(" "),
    },
    expectSeconds: 400,
  },
  {
    name: "containerd",
    version: "2.3.7",
    part: "cluster",
    onPath: {
      commands: ["containerd", "containerd-shim-runc-v2", "ctr"],
      version: { args: ["--version"], fits: atLeast("2.0.0") },
    },
    build: {
      module: "sandbox/toolchain/containerd",
      commands: {
        containerd: "github.com/containerd/containerd/v2/cmd/containerd",
        ctr: "github.com/containerd/containerd/v2/cmd/ctr",
        "containerd-shim-runc-v2": "github.com/containerd/containerd/v2/cmd/containerd-shim-runc-v2",
      },
      ldflags: `${STRIPPED} -X github.com/containerd/containerd/v2/version.Version=2.3.7`,
    },
    expectSeconds: 65,
  },
  {
    name: "etcd",
    version: "3.6.5",
    part: "cluster",
    onPath: { commands: ["etcd"], version: { args: ["--version"], fits: atLeast("3.5.0") } },
    build: {
      module: "sandbox/toolchain/etcd",
      commands: { etcd: "go.etcd.io/etcd/server/v3" },
      ldflags: STRIPPED,
    },
    expectSeconds: 35,
  },
  {
    name: "sample",
    version: "1",
    part: "sample",
    build: {
      module: "sandbox/app",
      commands: Object.fromEntries(
        ["fop-gate", "log-agent", "pause", "image", "load"].map((name) => [name, `./cmd/${name}`]),
      ),
      ldflags: STRIPPED,
    },
    expectSeconds: 45,
  },
];

/** Tools that the sandbox stands without: built when somebody asks for one of their commands. */
export const ON_DEMAND: readonly Tool[] = [
  {
    name: "prometheus",
    version: "3.16.0",
    // Never from PATH: Debian's is compiled without the discovery of pods.
    part: "monitoring",
    build: {
      module: "sandbox/toolchain/prometheus",
      commands: { prometheus: "github.com/prometheus/prometheus/cmd/prometheus" },
      tags: "netgo,remove_all_sd,enable_kubernetes_sd",
      ldflags: `${STRIPPED} -X github.com/prometheus/common/version.Version=3.16.0`,
    },
    expectSeconds: 300,
  },
  {
    name: "traefik",
    version: TRAEFIK,
    part: "gateway",
    build: {
      module: "sandbox/toolchain/traefik",
      commands: { traefik: "github.com/traefik/traefik/v3/cmd/traefik" },
      ldflags: `${STRIPPED} -X github.com/traefik/traefik/v3/pkg/version.Version=${TRAEFIK}`,
      // The CRDs of the very version that Traefik speaks.
      share: { from: "sigs.k8s.io/gateway-api", folder: "config/crd/standard" },
    },
    expectSeconds: 420,
  },
  {
    name: "argo-rollouts",
    version: ARGO_ROLLOUTS,
    part: "peer",
    build: {
      module: "sandbox/toolchain/argo-rollouts",
      commands: { "rollouts-controller": "github.com/argoproj/argo-rollouts/cmd/rollouts-controller" },
      ldflags: `${STRIPPED} -X github.com/argoproj/argo-rollouts/utils/version.version=${ARGO_ROLLOUTS}`,
      share: { from: "github.com/argoproj/argo-rollouts", folder: "manifests/crds" },
    },
    expectSeconds: 330,
  },
  {
    name: "flagger",
    version: FLAGGER,
    part: "peer",
    build: {
      module: "sandbox/toolchain/flagger",
      commands: { flagger: "github.com/fluxcd/flagger/cmd/flagger" },
      ldflags: STRIPPED,
      share: { from: "github.com/fluxcd/flagger", folder: "artifacts/flagger" },
    },
    expectSeconds: 220,
  },
];

/** kubectl is a part of our `kube`; a fitting one on PATH is preferred by not putting ours before it. */
export const KUBECTL: OnPath = {
  commands: ["kubectl"],
  version: { args: ["version", "--client"], fits: withinOneMinor(KUBERNETES) },
};

/** Where each tool is, or is to be. */
export interface Found {
  readonly tool: Tool;
  readonly from: "PATH" | "cache" | "checkout" | "build";
  /** The folder with its commands; for a tool from PATH, that of its first command. */
  readonly folder: string;
}

/** Looks, and changes nothing. */
export function findTools(at: Places, path: string = process.env.PATH ?? ""): Found[] {
  const folders = foreignFolders(path, at);
  const found = TOOLS.map((tool) => findTool(tool, at, folders));
  // The official CLI installs the plugins that a program asks for by itself.
  return hasOfficialPulumi(found) ? found.filter((one) => one.tool.part !== "pulumi" || one.from === "PATH") : found;
}

/** Those of {@link ON_DEMAND} that bring these commands. Looks, and changes nothing. */
export function findOnDemand(commands: readonly string[], at: Places): Found[] {
  const wanted = ON_DEMAND.filter((tool) => commandsOf(tool).some((command) => commands.includes(command)));
  return wanted.map((tool) => findTool(tool, at, []));
}

/** The user has a Pulumi CLI of their own, and it will do. */
export function hasOfficialPulumi(found: readonly Found[]): boolean {
  return found.some((one) => one.tool.name === "pulumi" && one.from === "PATH");
}

function findTool(tool: Tool, at: Places, folders: readonly string[]): Found {
  const onPath = tool.onPath && lookOnPath(tool.onPath, folders);
  if (onPath) return { tool, from: "PATH", folder: onPath };
  if (tool.folder) return { tool, from: "checkout", folder: join(at.checkout, tool.folder) };
  return { tool, from: isCached(tool, at) ? "cache" : "build", folder: cachedBin(tool, at) };
}

/** PATH without our own folders: after `eval "$(gray sandbox env)"` our tools must not pass for the user's. */
export function foreignFolders(path: string, at: Places): string[] {
  const own = [at.cache, at.state, at.checkout].map((root) => join(root, sep));
  return path
    .split(delimiter)
    .filter((folder) => folder !== "" && !own.some((root) => `${folder}${sep}`.startsWith(root)));
}

/** The folder of the first command, where all are there and the version fits. */
export function lookOnPath(wanted: OnPath, folders: readonly string[]): string | undefined {
  const homes = wanted.commands.map((command) => folders.find((folder) => existsSync(join(folder, command))));
  const home = homes[0];
  if (home === undefined || homes.includes(undefined)) return undefined;
  if (!wanted.version) return home;
  const said = attempt(join(home, wanted.commands[0]), wanted.version.args);
  const version = parseVersion(said.output);
  return version && wanted.version.fits.holds(version) ? home : undefined;
}

/** One stage for each tool that must be built. Several set-ups at once build one after the other. */
export function buildStages(found: readonly Found[], at: Places): Stage[] {
  const missing = found.filter((one) => one.from === "build").map((one) => one.tool);
  return missing.map((tool) => ({
    title: `build ${tool.name} ${tool.version}`,
    expectSeconds: tool.expectSeconds,
    run: async (say) => {
      requireGo();
      await withLock(
        join(at.cache, "tools", "lock"),
        async () => {
          if (!isCached(tool, at)) await buildTool(tool, at);
        },
        { onWait: (holder) => say(`process ${holder.pid} is building; waiting for it`) },
      );
    },
  }));
}

/** The absolute path of a command of {@link ON_DEMAND}; its tool is built first where it is not there yet. */
export async function onDemandCommand(command: string, at: Places): Promise<string> {
  const found = findOnDemand([command], at);
  await runStages(buildStages(found, at));
  return commandPath(found, command);
}

/** The folder with the files that the tool of a command of {@link ON_DEMAND} brings beside its commands. */
export function onDemandShare(command: string, at: Places): string {
  const [found] = findOnDemand([command], at);
  if (found === undefined) throw new Error(`no tool on demand brings ${command}`);
  return cachedShare(found.tool, at);
}

/** The absolute path of a command among the found tools. */
export function commandPath(found: readonly Found[], command: string): string {
  for (const one of found) {
    const path = join(one.folder, command);
    if (commandsOf(one.tool).includes(command) && existsSync(path)) return path;
  }
  throw new Problem(`${command} is not there yet: run \`gray sandbox up\``);
}

/** The folders of ours that belong on a user's PATH, before theirs. */
export function toolFolders(found: readonly Found[], theirs: readonly string[]): string[] {
  const kubectlIsThere = lookOnPath(KUBECTL, theirs) !== undefined;
  return found
    .filter((one) => one.from !== "PATH" && one.tool.part !== "pulumi")
    .filter((one) => !(one.tool.name === "kube" && kubectlIsThere))
    .map((one) => one.folder);
}
