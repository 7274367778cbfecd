/** The table of the tools that the sandbox and the demo need: their versions, and how each is built. */
import type { OnPath, Tool } from "./tool.ts";
import { atLeast, withinOneMinor } from "./version.ts";

const KUBERNETES = "1.36.3";
const PULUMI = "3.259.0";
const PULUMI_TAGS = "osusergo,grpcnotrace";
const PULUMI_YAML = "1.25.0";
const PROVIDER_KUBERNETES = "4.18.2";
const TRAEFIK = "3.6.12";
const ARGO_ROLLOUTS = "1.9.1";
const FLAGGER = "1.44.0";
const METRICS_SERVER = "0.9.0";
const STRIPPED = "-s -w";

/** The tools of every sandbox. */
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
    name: "metrics-server",
    version: METRICS_SERVER,
    part: "monitoring",
    build: {
      module: "sandbox/toolchain/metrics-server",
      commands: { "metrics-server": "sigs.k8s.io/metrics-server/cmd/metrics-server" },
      ldflags: `${STRIPPED} -X sigs.k8s.io/metrics-server/pkg/version.gitVersion=v${METRICS_SERVER}`,
    },
    expectSeconds: 200,
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
  {
    name: "pulumi-language-yaml",
    version: PULUMI_YAML,
    part: "pulumi",
    build: {
      module: "sandbox/toolchain/pulumi-yaml",
      commands: { "pulumi-language-yaml": "github.com/pulumi/pulumi-yaml/cmd/pulumi-language-yaml" },
      tags: PULUMI_TAGS,
      ldflags: `${STRIPPED} -X github.com/pulumi/pulumi-yaml/pkg/version.Version=v${PULUMI_YAML}`,
    },
    expectSeconds: 120,
  },
  {
    name: "sdk-generator",
    version: "1",
    part: "pulumi",
    build: {
      module: "sandbox/toolchain/sdk-generator",
      commands: { "sdk-generator": "." },
      // As pulumi-language-yaml's, of which it then takes what is compiled already.
      tags: PULUMI_TAGS,
      ldflags: STRIPPED,
    },
    expectSeconds: 20,
  },
];

/** kubectl is a part of our `kube`; a fitting one on PATH is preferred by not putting ours before it. */
export const KUBECTL: OnPath = {
  commands: ["kubectl"],
  version: { args: ["version", "--client"], fits: withinOneMinor(KUBERNETES) },
};
