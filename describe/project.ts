/** The files of a Pulumi project with one service: what `gray init` writes. Pure. */

import { fixedReplicas } from "../components/autoscaling.ts";
import { defaults } from "../components/defaults.ts";
import { oldestNode } from "../components/node-version.ts";
import type { ServiceArgs } from "../components/service-args.ts";
import type { Description } from "./description.ts";
import { type Remark, remarkLines } from "./remark.ts";
import { sourceOf } from "./source.ts";

/** What the files need beside the description. */
export interface ProjectContext {
  /** Where the description comes from, for the head of the program, such as `Deployment web in namespace shop`. */
  readonly from?: string;
  /** Versions of the packages that the program imports. */
  readonly versions: { readonly gray: string; readonly pulumi: string };
}

/** The files of the project, by name. */
export function projectFiles(described: Description, { from, versions }: ProjectContext): Record<string, string> {
  const { service, args, remarks } = described;
  return {
    "index.ts": program(service, args, remarks, from),
    "Pulumi.yaml": lines(
      `name: ${service}`,
      `description: ${service} under gray release, canary first`,
      "main: index.ts",
      "# Node strips the types itself, from 22.18 on.",
      "runtime: { name: nodejs, options: { typescript: false } }",
      "# An up that was killed leaves state and cluster apart, so each up reads the cluster first.",
      "options: { refresh: always }",
    ),
    "Pulumi.canary.yaml": lines(
      "config:",
      "  # Percent of the users on canary; at 0 it is dark.",
      `  ${service}:weight: ${weightOf(args)}`,
    ),
    "Pulumi.prod.yaml": lines("config:", "  # next, current or the id of a release.", `  ${service}:release: next`),
    "package.json": `${JSON.stringify(
      {
        name: service,
        private: true,
        type: "module",
        main: "index.ts",
        engines: { node: `>=${oldestNode}` },
        dependencies: { "@pulumi/pulumi": versions.pulumi, "gray-release": versions.gray },
        devDependencies: { "@types/node": "^24" },
      },
      undefined,
      2,
    )}\n`,
    "tsconfig.json": `${JSON.stringify(
      {
        compilerOptions: {
          strict: true,
          noEmit: true,
          module: "nodenext",
          target: "es2024",
          skipLibCheck: true,
          types: ["node"],
        },
        files: ["index.ts"],
      },
      undefined,
      2,
    )}\n`,
    ".gitignore": lines("node_modules/", ".gray/", "*.tgz"),
  };
}

/** The default weight, or the least that whole pods can express. An autoscaler may choose any number of pods. */
function weightOf(args: ServiceArgs): number {
  const replicas = fixedReplicas(args);
  return replicas === undefined ? defaults.weight : Math.max(defaults.weight, Math.round(100 / (replicas + 1)));
}

function program(service: string, args: ServiceArgs, remarks: readonly Remark[], from: string | undefined): string {
  const origin = from === undefined ? [] : [`Written by gray init from ${from}.`];
  const told = remarkLines(remarks);
  const head = [...origin, ...(origin.length > 0 && told.length > 0 ? [""] : []), ...told];
  const { namespace, ...others } = args;
  const fields = Object.entries(others)
    .filter(([, value]) => value !== undefined)
    .map(([key, value]) => `  ${key}: ${sourceOf(value, 2)},`);
  return lines(
    ...head.map((line) => `// ${line}`.trimEnd()),
    ...(head.length > 0 ? [""] : []),
    'import * as pulumi from "@pulumi/pulumi";',
    'import { CanaryService } from "gray-release";',
    "",
    "const config = new pulumi.Config();",
    "",
    `const service = new CanaryService(${JSON.stringify(service)}, {`,
    `  namespace: ${JSON.stringify(namespace)},`,
    "  // Stack prod owns the Deployment of stable. Stack canary owns all other objects.",
    '  tracks: [pulumi.getStack() === "prod" ? "stable" : "canary"],',
    `  weight: config.getNumber("weight") ?? ${weightOf(args)},`,
    '  release: config.get("release") ?? "next",',
    ...fields,
    "});",
    "",
    "export const url = service.url;",
    "export const token = service.token;",
  );
}

function lines(...all: readonly string[]): string {
  return `${all.join("\n")}\n`;
}
