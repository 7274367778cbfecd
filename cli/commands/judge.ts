import { resolve } from "node:path";
import { count } from "../../analysis/format.ts";
import { UserError } from "../../components/user-error.ts";
import { Progress } from "../../pulumi/engine-events.ts";
import { lastError, pulumi } from "../../pulumi/pulumi.ts";
import { shortName } from "../output/changes.ts";
import { type Finding, findingsIn, type Judged } from "../policy-report/findings.ts";

/** Which pack is asked, and of what. */
export interface PolicyCheck {
  /** Its folder. */
  readonly policyPack: string;
  /** File with what the team sets of its rules. */
  readonly config?: string;
  /** What the stack holds, without running the program. @default what would be, by a preview */
  readonly deployed?: boolean;
  /** Folder of the Pulumi project. @default the current one */
  readonly folder?: string;
  /** Further variables of the preview's environment. */
  readonly env?: Readonly<Record<string, string>>;
}

/** What the pack says of one stack. */
export async function judge(
  stack: string,
  { policyPack, config, deployed, folder, env }: PolicyCheck,
): Promise<Judged> {
  const command = deployed ? ["policy", "analyze"] : ["preview"];
  const pack = ["--policy-pack", resolve(policyPack)];
  const configArgs = config === undefined ? [] : ["--policy-pack-config", resolve(config)];
  const result = await pulumi([...command, "--json", "--non-interactive", ...pack, ...configArgs, "--stack", stack], {
    ...(folder !== undefined && { folder }),
    // Without the variable a preview's answer is a digest, in which a policy has nothing to say.
    env: { ...env, PULUMI_ENABLE_STREAMING_JSON_PREVIEW: "true" },
  });
  const found = findingsIn(stack, result.stdout);
  // Nobody asked is nobody content. Pulumi does not say which rules it has asked of what is deployed.
  if (result.code === 0 && found.rules.length === 0 && !deployed) {
    const error = `its preview asked no rule of ${policyPack}, and at least one is wanted: look at the pack, and at what is disabled of it.`;
    return { ...found, error };
  }
  if (result.code === 0) return found;
  const error = failureIn(result.stdout) ?? (found.findings.some(isViolation) ? undefined : lastError(result.stderr));
  if (error !== undefined) return { ...found, error };
  return found.findings.some(isViolation)
    ? found
    : { ...found, error: `pulumi ${command[0]} ended with ${result.code}` };
}

/** Why the program or an object failed, which is no matter of policies: then not all was judged. */
function failureIn(lines: string): string | undefined {
  const progress = new Progress();
  for (const line of lines.split("\n")) if (!line.includes('"policyEvent"')) progress.read(line);
  return progress.failure;
}

export function isViolation({ level }: Finding): boolean {
  return level === "mandatory";
}

/** @throws Refusal if the pack could not be asked of one of the stacks */
export function assertJudged(judged: readonly Judged[]): void {
  const unjudged = judged.find(({ error }) => error !== undefined);
  if (unjudged) throw new UserError(`Stack ${shortName(unjudged.stack)} could not be judged: ${unjudged.error}`);
}

/** @throws Refusal with the first violation, or why the pack could not be asked */
export function assertPasses(judged: readonly Judged[]): void {
  assertJudged(judged);
  const [first, ...others] = judged.flatMap(({ findings }) => findings.filter(isViolation));
  if (first === undefined) return;
  const more = others.length > 0 ? ` (And ${count(others.length, "more violation")}.)` : "";
  throw new UserError(`Stack ${shortName(first.stack)} violates the policy ${first.rule}: ${first.message}${more}`);
}

/** For people: each finding a paragraph, the worst first. @param deployed whether it is about what is deployed */
export function findingLines(judged: readonly Judged[], deployed = false): string {
  const order = ["critical", "high", "medium", "low", undefined];
  return judged
    .flatMap(({ stack, rules, findings, error }) => {
      const name = shortName(stack);
      if (error !== undefined) return [`${name}: not judged.`];
      const [asked, violations] = [rules.length, findings.filter(isViolation).length];
      const head = `${name}: ${violations === 0 ? "no violation" : count(violations, "violation")}${deployed ? "" : ` of ${asked} rules`}.`;
      const sorted = findings.toSorted((a, b) => order.indexOf(a.severity) - order.indexOf(b.severity));
      return [
        head,
        ...sorted.map(({ rule, level, severity = "", message }) => `  ${rule} (${level}, ${severity})\n    ${message}`),
      ];
    })
    .join("\n");
}
