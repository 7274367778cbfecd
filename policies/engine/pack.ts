/** A policy pack: the conversion of rules to Pulumi's policies, and its configuration. */
import type {
  EnforcementLevel,
  Policy,
  PolicyPackConfig,
  ResourceValidation,
  ResourceValidationPolicy,
  StackValidationPolicy,
} from "@pulumi/policy";
import { toJsonSchema } from "@valibot/to-json-schema";
import * as v from "valibot";
import { type Declared, readOutputs } from "./declared.ts";
import { Program } from "./program.ts";
import { Round } from "./round.ts";
import type { Rule, SettingsSchema, Stack } from "./rule.ts";
import { known } from "./unknown.ts";

/** Options of a policy pack. @example const options: PackOptions = { program: "index.ts" }; */
export interface PackOptions {
  /** The program's file, for messages. @default "the program" */
  readonly program?: string;
}

/**
 * The rules as Pulumi's policies.
 *
 * They check the inputs of each resource when it is registered. In preview and in `up`, inputs are the values from the program.
 * A stack policy would get outputs, which differ from the inputs of a component, and contain the API server's defaults
 * (pulumi 3.259, pkg/resource/deploy/step_generator.go, AnalyzeResources). Neither includes StackReferences.
 *
 * If a rule reads a value that is known only during `up`, this is a violation at the rule's level; Pulumi by itself would only
 * print a note. Values that a rule needs only to compare resources are such a violation only in a stack with a service.
 *
 * @throws Error if a rule has no allowed or no disallowed example, because only examples prove that a rule works; or if two
 *   rules have the same name
 *
 * @example policiesOf(rules, { program: "index.ts" })
 */
export function policiesOf(
  rules: readonly Rule[],
  options: PackOptions = {},
): (ResourceValidationPolicy | StackValidationPolicy)[] {
  for (const { name, examples } of rules) {
    for (const kind of ["allowed", "disallowed"] as const) {
      if (!examples?.[kind]?.length) throw new Error(`Policy ${name} has no ${kind} example: add one.`);
    }
    if (rules.filter((other) => other.name === name).length > 1)
      throw new Error(`Two policies have the name ${name}: rename one of them.`);
  }
  const program = new Program();
  const round = new Round<Rule>();
  const ofInputs = rules.filter(({ of }) => of !== "outputs");
  const reporting = (one: Declared) => () => new Set(ofInputs.filter((rule) => mayReport(rule, one, program.declared)));
  return rules.map((rule) => {
    const description = descriptionOf(rule);
    const judge = (one: Declared, urn: string, getConfig: () => object, report: (message: string) => void) => {
      const stack = {
        declared: program.declared,
        get settings() {
          return v.parse(rule.settings ?? v.object({}), getConfig());
        },
      };
      for (const each of violationsOf(rule, one, stack))
        report(`${each} File to change: ${fileOf(rule, urn, options)}.`);
    };
    if (rule.of === "outputs") {
      return {
        ...description,
        validateStack({ resources, getConfig }, report) {
          const root = resources.find(({ type }) => type === "pulumi:pulumi:Stack");
          if (root) judge(readOutputs(root), root.urn, getConfig, (message) => report(message, root.urn));
        },
      };
    }
    const validate: ResourceValidation = (resource, report) => {
      const one = program.read(resource);
      if (rule === ofInputs[0]) round.begin(one ? reporting(one) : () => new Set());
      if (one) judge(one, resource.urn, resource.getConfig, report);
    };
    return {
      ...description,
      get validateResource() {
        if (rule === ofInputs.at(-1)) round.end();
        return rule === ofInputs[0] || round.mustRun(rule) ? validate : [];
      },
    };
  });
}

/**
 * The initial configuration of a pack, for the third argument of PolicyPack. It includes the level of each rule, because Pulumi
 * treats a configuration without a level as `advisory` (the zero of its enumeration; observed with pulumi 3.259, policy 1.21).
 *
 * @param settings settings by the names of rules and of their settings
 * @throws Error if there is no rule with a name in `settings`
 *
 * @example configOf(rules, { "weight-step": { largestRise: 10 } })
 */
export function configOf(rules: readonly Rule[], settings: Readonly<Record<string, object>>): PolicyPackConfig {
  return Object.fromEntries(
    Object.entries(settings).map(([name, set]) => {
      const rule = rules.find((each) => each.name === name);
      if (rule === undefined) throw new Error(`There is no policy ${name} to configure: correct its name.`);
      return [name, { enforcementLevel: levelOf(rule), ...set }];
    }),
  );
}

function levelOf({ level = "mandatory" }: Rule): EnforcementLevel {
  return level;
}

/**
 * Whether a rule may report something on a resource: it does with default settings, or it reads settings, which only its own
 * policy gets. An error in the rule counts too, so that its own policy throws it, which the team may have disabled.
 */
function mayReport(rule: Rule, one: Declared, declared: readonly Declared[]): boolean {
  let readsSettings = false;
  const stack = {
    declared,
    get settings(): Record<string, unknown> {
      readsSettings = true;
      return v.parse(rule.settings ?? v.object({}), {});
    },
  };
  try {
    return violationsOf(rule, one, stack).length > 0 || readsSettings;
  } catch {
    return true;
  }
}

function descriptionOf(rule: Rule): Policy {
  const { name, description, severity, remediation, settings } = rule;
  return {
    name,
    description,
    severity,
    enforcementLevel: levelOf(rule),
    remediationSteps: remediation,
    ...(settings && { configSchema: configSchemaOf(settings) }),
  };
}

/**
 * The violations of a resource. The first service of a stack also gets those of earlier resources whose unknown values matter
 * only in a stack with a service.
 */
function violationsOf(rule: Rule, one: Declared, stack: Stack): readonly string[] {
  const found = known(() => rule.judge(one, stack));
  if ("unknown" in found) {
    const matters = !found.paired || stack.declared.some(({ is }) => is === "service");
    return matters ? [unknownSentence(rule, one, found.unknown)] : [];
  }
  const isFirstService = one.is === "service" && stack.declared.find(({ is }) => is === "service") === one;
  return isFirstService ? [...found.value, ...unknownBefore(rule, one, stack)] : found.value;
}

function unknownBefore(rule: Rule, service: Declared, stack: Stack): string[] {
  return stack.declared.flatMap((other) => {
    if (other === service) return [];
    const both = {
      declared: [service, other],
      get settings() {
        return stack.settings;
      },
    };
    const found = known(() => rule.judge(other, both));
    return "unknown" in found && found.paired ? [unknownSentence(rule, other, found.unknown)] : [];
  });
}

function unknownSentence({ name: rule }: Rule, one: Declared, unknown: string): string {
  const { is, name, urn } = one;
  const what =
    is === "object" ? `${one.kind} ${one.namespace}/${name}` : is === "service" ? `${one.namespace}/${name}` : urn;
  return `${what}: ${unknown} is known only during up, but ${rule} needs it: use a value that is known in preview (a constant, configuration or another stack's output).`;
}

function fileOf({ place = "program" }: Rule, urn: string, { program = "the program" }: PackOptions): string {
  const [, , stack] = urn.split(":");
  const files = {
    program,
    configuration: `Pulumi.yaml, Pulumi.${stack}.yaml or ${program}`,
    cluster: "none, because verdicts are in the cluster",
  };
  return files[place];
}

function configSchemaOf(settings: SettingsSchema) {
  const { properties = {} } = toJsonSchema(settings);
  return { properties } as NonNullable<Policy["configSchema"]>;
}
