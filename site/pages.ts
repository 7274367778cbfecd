/** Every page and drawing of docs/ that is written from a source: `npm run docs:pages` writes them, a test compares them. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { sandboxCommand } from "../cli/commands/sandbox.ts";
import { grayProgram } from "../cli/main.ts";
import { apiPage } from "./api-page.ts";
import { argumentsPage } from "./arguments-page.ts";
import { cliPage } from "./cli-page.ts";
import { decisionsPage } from "./decisions-page.ts";
import { drawing } from "./drawing.ts";
import { messagesPage } from "./messages-page.ts";
import { metricsPage } from "./metrics-page.ts";
import { policiesPage } from "./policies-page.ts";
import { refusalsPage } from "./refusals-page.ts";
import { defaultsPage, recordPage, settingsPage } from "./settings-pages.ts";

/** A file in docs/, by its path there, and its text. */
export type Page = readonly [path: string, write: () => string | Promise<string>];

/** The written pages. @param root the folder of the checkout */
export function pages(root: string): readonly Page[] {
  const drawn = (name: string): Page => [
    `drawings/${name}.svg`,
    () => drawing(readFileSync(join(root, "docs/drawings", `${name}.dot`), "utf8")),
  ];
  return [
    ["decisions/index.md", () => decisionsPage(root)],
    ["reference/cli.md", () => cliPage(grayProgram(sandboxCommand()))],
    ["reference/arguments.md", () => argumentsPage(root)],
    ["reference/settings.md", () => settingsPage(root)],
    ["reference/defaults.md", () => defaultsPage(root)],
    ["reference/policies.md", () => policiesPage()],
    ["reference/refusals.md", () => refusalsPage(root)],
    ["reference/messages.md", () => messagesPage(root)],
    ["reference/record.md", () => recordPage(root)],
    ["reference/metrics.md", () => metricsPage()],
    ["reference/api.md", () => apiPage(root)],
    drawn("overview"),
    drawn("parts"),
    drawn("data-flow"),
  ];
}
