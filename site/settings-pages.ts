/** The references of the example's settings, of the defaults and of the record, from the comments of their declarations. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { defaults as evidence, pollingDefaults } from "../analysis/defaults.ts";
import { defaults, leaseDefaults, templateDefaults } from "../components/defaults.ts";
import { commentedKeys } from "./commented-keys.ts";
import { code, heading, prose, table } from "./markdown.ts";

/** The page of the settings of fop-gate's program. @param root the folder of the checkout */
export function settingsPage(root: string): string {
  const keys = commentedKeys(read(root, "settings.ts"), "const schema = v.strictObject({", "\n});");
  return [
    heading(
      "Settings of the example",
      "`settings.ts`",
      "fop-gate's program reads these keys from `Pulumi.yaml` (both stacks) and `Pulumi.<stack>.yaml`. A program of your own has the keys that you give it.",
    ),
    table(
      ["key", "meaning"],
      keys.map(({ name, comment }) => [code(name), prose(comment)]),
    ),
    "`pulumi stack init` writes into the stack files how the secrets of the stacks are decrypted (`encryptionsalt` or similar). Commit these lines, so that CI and other people can use the stacks.\n",
    "## Environment\n",
    table(
      ["variable", "meaning"],
      [
        [
          "`KUBECONFIG`",
          "The kubeconfig files, as for kubectl. Without it `~/.kube/config`, then the service account of the pod.",
        ],
        [
          "`GRAY_BREAK_GLASS`",
          "The reason for which `pulumi up` passes the gate in an emergency. It is recorded in an Event.",
        ],
        [
          "`GRAY_WEBHOOK`",
          "URL of a Slack-compatible webhook for the notifications of a rollout. `--webhook-file` names a file with it instead.",
        ],
      ],
    ),
  ].join("\n");
}

/** The page of every default. @param root the folder of the checkout */
export function defaultsPage(root: string): string {
  const service = read(root, "components/defaults.ts");
  const analysis = read(root, "analysis/defaults.ts");
  const part = (title: string, text: string, from: string, values: Readonly<Record<string, unknown>>) => {
    const keys = commentedKeys(text, from, "\n} as const");
    const rows = keys
      .filter(({ name }) => name in values)
      .map(({ name, comment }) => [code(name), code(shown(values[name])), prose(comment)]);
    return `## ${title}\n\n${table(["name", "default", "meaning"], rows)}`;
  };
  const months = Object.entries(templateDefaults).map(([month, values]) =>
    part(`Pod template, ${month}`, service, `"${month}": {`, values),
  );
  return [
    heading(
      "Defaults",
      "`components/defaults.ts` and `analysis/defaults.ts`",
      "A default that is part of the pod template never changes: a new one comes as a new month, which a program names in `compat`. So an upgrade of gray-release rolls no pods.",
    ),
    part("Services", service, "export const defaults = {", defaults),
    ...months,
    part("The driver's lease", service, "export const leaseDefaults = {", leaseDefaults),
    part("Evidence and verdict", analysis, "export const defaults = {", evidence),
    part("Polling", analysis, "export const pollingDefaults = {", pollingDefaults),
  ].join("\n");
}

/** The page of the record. @param root the folder of the checkout */
export function recordPage(root: string): string {
  const record = read(root, "record/record.ts");
  const rollout = read(root, "rollout/rollout.ts");
  const ofOpen = ["weight", "runs", "fastRollback"];
  const part = (title: string, intro: string, text: string, from: string, to: string, not: readonly string[] = []) => {
    const shown = commentedKeys(text, from, to).filter(({ name }) => !not.includes(name));
    const rows = shown.map(({ name, comment }) => [code(name), prose(comment)]);
    return `## ${title}\n\n${intro}\n\n${table(["field", "meaning"], rows)}`;
  };
  return [
    heading(
      "The record",
      "`record/record.ts` and `rollout/rollout.ts`",
      "The ConfigMap `<service>-rollout` has it as JSON in its key `record`. It stores each step and each decision of a person, with author and reason. It names the verdicts, which are in ConfigMaps of their own: `<service>-verdict-<hash>` by evidence, `<service>-decision-<hash>` by a person. Fields of a newer version are preserved.",
    ),
    part("Fields", "Of a service:", record, "function recordWith", "\n/** The schema of a record. */", ofOpen),
    part("The open rollout", "The field `open`, while a rollout lasts:", rollout, "const schema = keyed(", "\n);"),
    part(
      "A verdict",
      "By evidence or by a person. Beside these fields it has `verdict` (good, bad or undecided) and `reason`, one sentence:",
      record,
      "export const verdictSchema",
      "\n);",
    ),
    part(
      "An adopted service",
      "The field `adopted`, until the first promotion is complete:",
      record,
      "const adopted =",
      "\n);",
    ),
  ].join("\n");
}

function read(root: string, file: string): string {
  return readFileSync(join(root, file), "utf8");
}

/** A default as a program would write it. */
function shown(value: unknown): string {
  return JSON.stringify(value)
    .replace(/"(\w+)":/g, "$1: ")
    .replaceAll(",", ", ");
}
