import { existsSync } from "node:fs";
import { resolve } from "node:path";
import { Command, Option } from "commander";
import { Refusal } from "../components/refusal.ts";
import { Progress } from "../rollout/pulumi/engine-events.ts";
import { lastError, pulumi } from "../rollout/pulumi/pulumi.ts";
import { type Finding, findingsIn, type Judged } from "./findings.ts";
import { junit } from "./junit.ts";
import { sarif } from "./sarif.ts";
import { stackNames } from "./stacks.ts";

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
      throw new Refusal(
        `${path} is not there: name the policy pack, and its configuration, by its path (in a project that installed gray-release, --policy-pack node_modules/gray-release/policy-pack).`,
      );
  }
  const stacks = options.stack.length > 0 ? options.stack : await stackNames();
  if (stacks.length === 0)
    throw new Refusal("This project has no stack: create one with pulumi stack init, or name one.");
  const judged: Judged[] = [];
  // One after the other: each takes the lock of its stack, and a preview the processor.
  for (const stack of stacks) judged.push(await judge(stack, options));
  const writers = {
    text: () => told(judged, options.deployed),
    json: () => JSON.stringify(judged, undefined, 2),
    sarif: () => sarif(judged, program),
    junit: () => junit(judged),
  };
  console.log(writers[format]());
  const unjudged = judged.find(({ error }) => error !== undefined);
  if (unjudged) throw new Refusal(`Stack ${unjudged.stack} could not be judged: ${unjudged.error}`);
  if (judged.some(({ findings }) => findings.some(isViolation))) process.exitCode = 3;
}

/** What the pack says of one stack. */
async function judge(stack: string, { policyPack, config, deployed }: Options): Promise<Judged> {
  const verb = deployed ? ["policy", "analyze"] : ["preview"];
  const pack = ["--policy-pack", resolve(policyPack)];
  const set = config === undefined ? [] : ["--policy-pack-config", resolve(config)];
  // Without the variable a preview's answer is a digest, in which a policy has nothing to say.
  const env = { PULUMI_ENABLE_STREAMING_JSON_PREVIEW: "true" };
  const ended = await pulumi([...verb, "--json", "--non-interactive", ...pack, ...set, "--stack", stack], { env });
  const found = findingsIn(stack, ended.stdout);
  // Nobody asked is nobody content. Pulumi does not say which rules it has asked of what is deployed.
  if (ended.code === 0 && found.rules.length === 0 && !deployed) {
    const error = `its preview asked no rule of ${policyPack}, and at least one is wanted: look at the pack, and at what is disabled of it.`;
    return { ...found, error };
  }
  if (ended.code === 0) return found;
  const error = failureIn(ended.stdout) ?? (found.findings.some(isViolation) ? undefined : lastError(ended.stderr));
  if (error !== undefined) return { ...found, error };
  return found.findings.some(isViolation) ? found : { ...found, error: `pulumi ${verb[0]} ended with ${ended.code}` };
}

/** Why the program or an object failed, which is no matter of policies: then not all was judged. */
function failureIn(lines: string): string | undefined {
  const progress = new Progress();
  for (const line of lines.split("\n")) if (!line.includes('"policyEvent"')) progress.read(line);
  return progress.failure;
}

function isViolation({ level }: Finding): boolean {
  return level === "mandatory";
}

/** For people: each finding a paragraph, the worst first. */
function told(judged: readonly Judged[], deployed = false): string {
  const order = ["critical", "high", "medium", "low", undefined];
  return judged
    .flatMap(({ stack, rules, findings, error }) => {
      if (error !== undefined) return [`${stack}: not judged.`];
      const [asked, violations] = [rules.length, findings.filter(isViolation).length];
      const head = `${stack}: ${violations === 0 ? "no violation" : `${violations} violations`}${deployed ? "" : ` of ${asked} rules`}.`;
      const sorted = findings.toSorted((a, b) => order.indexOf(a.severity) - order.indexOf(b.severity));
      return [
        head,
        ...sorted.map(({ rule, level, severity = "", message }) => `  ${rule} (${level}, ${severity})\n    ${message}`),
      ];
    })
    .join("\n");
}

function collected(value: string, before: readonly string[]): string[] {
  return [...before, value];
}
