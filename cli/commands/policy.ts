import { existsSync } from "node:fs";
import { Command, Option } from "commander";
import { UserError } from "../../components/user-error.ts";
import type { Judged } from "../policy-report/findings.ts";
import { junit } from "../policy-report/junit.ts";
import { sarif } from "../policy-report/sarif.ts";
import { stackNames } from "../stacks.ts";
import { assertJudged, findingLines, isViolation, judge } from "./judge.ts";

const formats = ["text", "json", "sarif", "junit"] as const;

interface Options {
  readonly policyPack: string;
  readonly config?: string;
  readonly stack: readonly string[];
  readonly deployed?: boolean;
  readonly format: (typeof formats)[number];
  readonly program: string;
}

/** `gray policy`: what a policy pack says of what would be, or of what is deployed. */
export function policyCommand(): Command {
  return new Command("policy")
    .description(
      "what a policy pack says of the preview of each stack, or of what is deployed; exit code 3 where a mandatory rule is violated",
    )
    .option("--policy-pack <folder>", "the pack", "policies")
    .option("--config <file>", "what the team sets of its rules (--policy-pack-config of Pulumi)")
    .option("--stack <name>", "a stack; once for each (default: all of the project)", collected, [])
    .option("--deployed", "judge what the stacks hold, without running the program (pulumi policy analyze)")
    .addOption(new Option("--format <format>", "how the findings are written").choices(formats).default("text"))
    .option("--program <file>", "file of findings that name none, in SARIF", "index.ts")
    .action(policy);
}

async function policy(options: Options): Promise<void> {
  const { policyPack, config, format, program } = options;
  for (const path of [policyPack, ...(config === undefined ? [] : [config])]) {
    if (!existsSync(path))
      throw new UserError(
        `${path} is not there: name the policy pack, and its configuration, by its path (in a project that installed gray-release, --policy-pack node_modules/gray-release/policy-pack).`,
      );
  }
  const stacks = options.stack.length > 0 ? options.stack : await stackNames();
  if (stacks.length === 0)
    throw new UserError("This project has no stack: create one with pulumi stack init, or name one.");
  const judged: Judged[] = [];
  // One after the other: each takes the lock of its stack, and a preview the processor.
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
