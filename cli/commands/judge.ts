/** Runs a policy pack on a stack through `pulumi`, and turns the result into an error or a text. */
import { resolve } from "node:path";
import { count } from "../../analysis/format.ts";
import { UserError } from "../../components/user-error.ts";
import { Progress } from "../../pulumi/engine-events.ts";
import { lastError, pulumi } from "../../pulumi/pulumi.ts";
import { shortName } from "../output/changes.ts";
import { findingsIn, isViolation, type Judged } from "../policy-report/findings.ts";
import { listed, mergedFindings } from "../policy-report/merged-findings.ts";

/** Which policy pack to run, and on what. */
export interface PolicyCheck {
  /** Folder of the pack. */
  readonly policyPack: string;
  /** File with the team's configuration of the rules. @default none */
  readonly config?: string;
  /** Whether to judge what the stack holds, without running the program. @default false: judge its preview */
  readonly deployed?: boolean;
  /** Folder of the Pulumi project. @default the current one */
  readonly folder?: string;
  /** Further environment variables of the preview. @default none */
  readonly env?: Readonly<Record<string, string>>;
}

/** Runs the pack on one stack. */
export async function judge(
  stack: string,
  { policyPack, config, deployed, folder, env }: PolicyCheck,
): Promise<Judged> {
  const command = deployed ? ["policy", "analyze"] : ["preview"];
  const pack = ["--policy-pack", resolve(policyPack)];
  const configArgs = config === undefined ? [] : ["--policy-pack-config", resolve(config)];
  const result = await pulumi([...command, "--json", "--non-interactive", ...pack, ...configArgs, "--stack", stack], {
    ...(folder !== undefined && { folder }),
    // Without this variable Pulumi prints a digest of the preview, which has no policy events.
    env: { ...env, PULUMI_ENABLE_STREAMING_JSON_PREVIEW: "true" },
  });
  const found = findingsIn(stack, result.stdout);
  // No rule ran, so the stack has not passed. For deployed resources Pulumi does not report which rules ran.
  if (result.code === 0 && found.rules.length === 0 && !deployed) {
    const error = `its preview ran no rule of ${policyPack}: check the pack, and which of its rules are disabled.`;
    return { ...found, error };
  }
  if (result.code === 0) return found;
  const error = failureIn(result.stdout) ?? (found.findings.some(isViolation) ? undefined : lastError(result.stderr));
  if (error !== undefined) return { ...found, error };
  return found.findings.some(isViolation)
    ? found
    : { ...found, error: `pulumi ${command[0]} ended with ${result.code}` };
}

/** Why the program or a resource failed, apart from policies; then the pack did not judge all resources. */
function failureIn(lines: string): string | undefined {
  const progress = new Progress();
  for (const line of lines.split("\n")) if (!line.includes('"policyEvent"')) progress.read(line);
  return progress.failure;
}

/** @throws UserError if the pack could not run on one of the stacks */
export function assertJudged(judged: readonly Judged[]): void {
  const unjudged = judged.find(({ error }) => error !== undefined);
  if (unjudged)
    throw new UserError(`The policies could not be run on stack ${shortName(unjudged.stack)}: ${unjudged.error}`);
}

/** @throws UserError with the first violation, or with the reason why the pack could not run */
export function assertPasses(judged: readonly Judged[]): void {
  assertJudged(judged);
  const [first, ...others] = mergedFindings(judged.flatMap(({ findings }) => findings.filter(isViolation)));
  if (first === undefined) return;
  const { stacks, rule, sentence, place } = first;
  const whose = stacks.length === 1 ? `Stack ${stacks[0]} violates` : `Stacks ${listed(stacks)} violate`;
  const file = place === undefined ? "" : ` File to change: ${place}.`;
  const more = others.length > 0 ? ` (And ${count(others.length, "more violation")}.)` : "";
  throw new UserError(`${whose} the policy ${rule}: ${sentence}${file}${more}`);
}
