/** The site of docs/: `npm run docs` builds it into docs/.vitepress/dist, and fails on a link to a page that does not exist. */
import { cpSync } from "node:fs";
import { join } from "node:path";
import type { DefaultTheme, UserConfig } from "vitepress";

const page = (text: string, link: string) => ({ text, link });

const sidebar: DefaultTheme.SidebarItem[] = [
  {
    text: "Start",
    items: [
      page("Getting started", "/getting-started"),
      page("Concepts", "/concepts"),
      page("Architecture", "/architecture"),
      page("Beside Argo Rollouts and Flagger", "/comparison"),
      page("Questions", "/faq"),
    ],
  },
  {
    text: "How to",
    items: [
      page("Release by hand", "/how-to/release"),
      page("Run a rollout", "/how-to/rollout"),
      page("Roll back", "/how-to/roll-back"),
      page("Recover", "/how-to/recover"),
      page("Launch dark, and probe", "/how-to/dark-launch"),
      page("Split by a gateway", "/how-to/gateway"),
      page("Blue/green", "/how-to/blue-green"),
      page("Describe another service", "/how-to/another-service"),
      page("Workers", "/how-to/workers"),
      page("Secrets", "/how-to/secrets"),
      page("TypeScript settings", "/how-to/typescript"),
      page("Other languages", "/how-to/languages"),
      page("Adopt a live service", "/how-to/adopt"),
      page("Move from Argo Rollouts and Flagger", "/how-to/from-others"),
      page("Several machines and clusters", "/how-to/several-clusters"),
      page("Check policies", "/how-to/policies"),
      page("Release from CI", "/how-to/ci"),
      page("Dashboards and alerts", "/how-to/dashboards"),
      page("Troubleshooting", "/troubleshooting"),
    ],
  },
  {
    text: "Reference",
    items: [
      page("The gray command", "/reference/cli"),
      page("Exit codes", "/reference/exit-codes"),
      page("Arguments of a service", "/reference/arguments"),
      page("Defaults", "/reference/defaults"),
      page("Settings of the example", "/reference/settings"),
      page("What up refuses", "/reference/refusals"),
      page("Messages", "/reference/messages"),
      page("Policies", "/reference/policies"),
      page("Permissions", "/reference/rbac"),
      page("The record", "/reference/record"),
      page("Metrics", "/reference/metrics"),
      page("API", "/reference/api"),
    ],
  },
  {
    text: "Explanation",
    items: [
      page("The gate", "/explanation/gate"),
      page("Evidence and verdict", "/explanation/evidence"),
      page("Fencing", "/explanation/fencing"),
    ],
  },
  {
    text: "Decisions",
    collapsed: true,
    items: [
      page("All decisions", "/decisions/index"),
      page("The program", "/decisions/the-program"),
      page("Sequence numbers", "/decisions/sequence-numbers"),
      page("Drift", "/decisions/drift"),
      page("Owners of objects", "/decisions/owners-of-objects"),
      page("The gate", "/decisions/the-gate"),
      page("The provider and the cluster", "/decisions/the-provider-and-the-cluster"),
      page("Evidence", "/decisions/evidence"),
      page("Adoption", "/decisions/adoption"),
      page("Protecting users", "/decisions/protecting-users"),
      page("Autoscaling", "/decisions/autoscaling"),
      page("Traffic by a gateway", "/decisions/traffic-by-a-gateway"),
      page("Probing", "/decisions/probing"),
      page("Policies", "/decisions/policies"),
      page("The rollout", "/decisions/the-rollout"),
      page("The sandbox", "/decisions/the-sandbox"),
      page("Documents", "/decisions/documents"),
    ],
  },
  {
    text: "Figures and tests",
    items: [page("Figures", "/benchmarks"), page("Failures", "/failures"), page("Mutation tests", "/mutation")],
  },
];

export default {
  title: "gray-release",
  description: "Canary releases on Kubernetes as one Pulumi program",
  // Long names in tables break, so that the text beside them is not pushed out of the page. Drawings have a white ground.
  head: [
    [
      "style",
      {},
      ".vp-doc td code { overflow-wrap: anywhere; } .vp-doc td:first-child code { white-space: nowrap; } .vp-doc td { vertical-align: top; } .vp-doc img { border-radius: 8px; }",
    ],
  ],
  // Beside CI's page, for its links.
  buildEnd: ({ srcDir, outDir }) => cpSync(join(srcDir, "ci"), join(outDir, "ci"), { recursive: true }),
  // The page of the API, and the index for the search, are large.
  vite: { build: { chunkSizeWarningLimit: 2000 } },
  themeConfig: { sidebar, search: { provider: "local" }, outline: [2, 3] },
} satisfies UserConfig<DefaultTheme.Config>;
