import { existsSync } from "node:fs";
import { Command, Option } from "commander";
import { UserError } from "../../components/user-error.ts";
import { isViolation, type Judged } from "../policy-report/findings.ts";
import { junit } from "../policy-report/junit.ts";
import { sarif } from "../policy-report/sarif.ts";
import { findingLines } from "../policy-report/text.ts";
import { stackNames } from "../stacks.ts";
import { assertJudged, judge } from "./judge.ts";

const formats = ["text", "json", "sarif", "junit"] as const;

interface Options {
  readonly policyPack: string;
  readonly config?: string;
  readonly stack: readonly string[];
  readonly deployed?: boolean;
  readonly format: (typeof formats)[number];
  readonly program: string;
}

/** `gray policy`: runs a policy pack on the preview of each stack, or on its deployed resources. */
export function policyCommand(): Command {
  return new Command("policy")
    .summary("check the stacks against a policy pack")
    .description(
      "Runs a policy pack on the preview of each stack, or on its deployed resources. Exit code 3 if a mandatory rule is violated.",
    )
    .option("--policy-pack <folder>", "folder of the policy pack", "policies")
    .option("--config <file>", "configuration of the rules (--policy-pack-config of Pulumi)")
    .addOption(
      new Option("--stack <name>", "a stack to check; may be repeated")
        .argParser(collected)
        .default([], "all stacks of the project"),
    )
    .option("--deployed", "check the deployed resources, without running the program (pulumi policy analyze)")
    .addOption(new Option("--format <format>", "format of the findings").choices(formats).default("text"))
    .option("--program <file>", "file that SARIF names for findings without a file", "index.ts")
    .action(policy);
}

async function policy(options: Options): Promise<void> {
  const { policyPack, config, format, program } = options;
  for (const path of [policyPack, ...(config === undefined ? [] : [config])]) {
    if (!existsSync(path))
      throw new UserError(
        `${path} does not exist: give the path of the policy pack with --policy-pack, and of its configuration with --config (in a project that installed gray-release, --policy-pack node_modules/gray-release/policy-pack).`,
      );
  }
  const stacks = options.stack.length > 0 ? options.stack : await stackNames();
  if (stacks.length === 0)
    throw new UserError("This project has no stack: create one with pulumi stack init, or name one with --stack.");
  const judged: Judged[] = [];
  // One after the other: each locks its stack, and previews are limited by the processor.
  for (const stack of stacks) judged.push(await judge(stack, options));
  const writers = {
    text: () => findingLines(judged, options.deployed),
    json: () => JSON.stringify(judged, undefined, 2),
    sarif: () => sarif(judged, program),
    junit: () => junit(judged),
  };
  console.log(writers[format]());
  assertJudged(judged);
  if (judged.some(({ findings }) => findings.some(isViolation))) process.exitCode = 3;
}

function collected(value: string, before: readonly string[]): string[] {
  return [...before, value];
}
