import type {
  EnforcementLevel,
  Policy,
  PolicyPackConfig,
  ResourceValidation,
  ResourceValidationPolicy,
  Severity,
  StackValidationPolicy,
} from "@pulumi/policy";
import { toJsonSchema } from "@valibot/to-json-schema";
import * as v from "valibot";
import { type Declared, readOutputs } from "./declared.ts";
import { Program } from "./program.ts";
import { Round } from "./round.ts";
import { known } from "./unknown.ts";

/** What the program has declared so far, in its order: a service comes before the objects that it is made of. */
export interface Stack<Settings = Record<string, unknown>> {
  readonly declared: readonly Declared[];
  /** What the team has set, or the defaults. */
  readonly settings: Settings;
}

/** What a team can set of a rule (settings.ts): each has a description and a default. */
// biome-ignore lint/suspicious/noExplicitAny: the entries of any object
export type SettingsSchema = v.ObjectSchema<any, undefined>;
/** A rule without settings. */
// biome-ignore lint/complexity/noBannedTypes: an object schema without entries
export type NoSettings = v.ObjectSchema<{}, undefined>;

/** Where a person mends what a rule finds: in the program, in what configures it, or in no file, as a verdict is in the cluster. */
export type Place = "program" | "configuration" | "cluster";

/** Something that must hold of a stack, with the examples that show what it means. */
export interface Rule<Settings extends SettingsSchema = SettingsSchema> {
  /** Kebab-case, as it stands in a policy configuration. */
  readonly name: string;
  /** One sentence: what holds. */
  readonly description: string;
  /** How bad it is for users where it does not hold. */
  readonly severity: Severity;
  /** What to do where it does not hold, for a person who has never seen the rule. */
  readonly remediation: string;
  /** What a violation does; a team can set another one. @default mandatory */
  readonly level?: EnforcementLevel;
  /** @default program */
  readonly place?: Place;
  /** @default nothing can be set */
  readonly settings?: Settings;
  /**
   * What is looked at: each thing by its inputs, before anything is done with it, so that a violation also stops an `up` there; or
   * the outputs of the stack once all is declared. @default inputs
   */
  readonly of?: "inputs" | "outputs";
  /**
   * What is wrong with it, in sentences that name it, what was found and what is wanted; none if all is well.
   * What it reads has to be known in preview: of a value that is not, the rule cannot say that all is well (see {@link policiesOf}).
   */
  judge(one: Declared, stack: Stack<v.InferOutput<Settings>>): readonly string[];
  readonly examples: {
    readonly allowed: readonly Example[];
    readonly disallowed: readonly (Example & { readonly says: RegExp })[];
  };
}

/** A small stack, in the order of its registrations. */
export interface Example {
  readonly name: string;
  readonly resources: readonly ExampleResource[];
  /** Outputs of the stack. @default none */
  readonly outputs?: Readonly<Record<string, unknown>>;
  /** What the team has set, by name. @default nothing */
  readonly settings?: Readonly<Record<string, unknown>>;
}

export interface ExampleResource {
  readonly type: string;
  readonly name: string;
  readonly props: Record<string, unknown>;
  /** Whether Pulumi refuses to delete it. @default false */
  readonly protect?: boolean;
}

/** How a pack speaks of the project that it looks at. */
export interface PackOptions {
  /** The program's file, for messages. @default the program */
  readonly program?: string;
}

/**
 * The rules as Pulumi runs them.
 *
 * They look at inputs, as each resource is registered: in preview and `up` alike these are what the program says,
 * while a stack policy gets outputs, which for a component are not its inputs and for an object hold the API server's
 * defaults as well (pulumi 3.259, pkg/resource/deploy/step_generator.go, AnalyzeResources). StackReferences are in neither.
 *
 * A rule that has to read a value that only `up` will know reports that, at its own level: Pulumi would let it pass with a note. What
 * it would hold against other things it has to read in a stack with a service alone.
 *
 * @throws Error if a rule has no examples, or a name twice: an example is the proof that a rule can fail
 */
export function policiesOf(
  rules: readonly Rule[],
  options: PackOptions = {},
): (ResourceValidationPolicy | StackValidationPolicy)[] {
  for (const { name, examples } of rules) {
    for (const kind of ["allowed", "disallowed"] as const) {
      if (!examples?.[kind]?.length) throw new Error(`Policy ${name} has no ${kind} example: give it one.`);
    }
    if (rules.filter((other) => other.name === name).length > 1) throw new Error(`Two policies have the name ${name}.`);
  }
  const program = new Program();
  const round = new Round<Rule>();
  const ofInputs = rules.filter(({ of }) => of !== "outputs");
  const talks = (one: Declared) => () => new Set(ofInputs.filter((rule) => mayTalk(rule, one, program.declared)));
  return rules.map((rule) => {
    const about = aboutOf(rule);
    const report = (one: Declared, urn: string, getConfig: () => object, say: (message: string) => void) => {
      const stack = {
        declared: program.declared,
        get settings() {
          return v.parse(rule.settings ?? v.object({}), getConfig());
        },
      };
      for (const each of sentences(rule, one, stack)) say(`${each} File to change: ${fileOf(rule, urn, options)}.`);
    };
    if (rule.of === "outputs") {
      return {
        ...about,
        validateStack({ resources, getConfig }, say) {
          const root = resources.find(({ type }) => type === "pulumi:pulumi:Stack");
          if (root) report(readOutputs(root), root.urn, getConfig, (message) => say(message, root.urn));
        },
      };
    }
    const look: ResourceValidation = (resource, say) => {
      const one = program.read(resource);
      if (rule === ofInputs[0]) round.begin(one ? talks(one) : () => new Set());
      if (one) report(one, resource.urn, resource.getConfig, say);
    };
    return {
      ...about,
      get validateResource() {
        if (rule === ofInputs.at(-1)) round.end();
        return rule === ofInputs[0] || round.looks(rule) ? look : [];
      },
    };
  });
}

/**
 * What a pack sets of its rules to begin with, for the third argument of PolicyPack. Each rule keeps its level: Pulumi takes a
 * configuration that names none for `advisory` (the zero of its enumeration; seen with pulumi 3.259, policy 1.21).
 *
 * @param settings by rule, and of each by name
 */
export function configOf(rules: readonly Rule[], settings: Readonly<Record<string, object>>): PolicyPackConfig {
  return Object.fromEntries(
    Object.entries(settings).map(([name, set]) => {
      const rule = rules.find((each) => each.name === name);
      if (rule === undefined) throw new Error(`There is no policy ${name} to set anything of: correct its name.`);
      return [name, { enforcementLevel: levelOf(rule), ...set }];
    }),
  );
}

function levelOf({ level = "mandatory" }: Rule): EnforcementLevel {
  return level;
}

/**
 * Whether a rule says something of a resource, or would have to know for that what the team has set, which only its own policy is told. A
 * mistake in it is its own policy's to report: the team may have switched that off.
 */
function mayTalk(rule: Rule, one: Declared, declared: readonly Declared[]): boolean {
  let asks = false;
  const stack = {
    declared,
    get settings(): Record<string, unknown> {
      asks = true;
      return v.parse(rule.settings ?? v.object({}), {});
    },
  };
  try {
    return sentences(rule, one, stack).length > 0 || asks;
  } catch {
    return true;
  }
}

function aboutOf(rule: Rule): Policy {
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
 * What a rule says of a resource. Of values of the things before the first service that nobody had to know until then, it says so of
 * the service.
 */
function sentences(rule: Rule, one: Declared, stack: Stack): readonly string[] {
  const found = known(() => rule.judge(one, stack));
  if ("unknown" in found) {
    const matters = !found.paired || stack.declared.some(({ is }) => is === "service");
    return matters ? [unknownSentence(rule, one, found.unknown)] : [];
  }
  const isFirstService = one.is === "service" && stack.declared.find(({ is }) => is === "service") === one;
  return isFirstService ? [...found.value, ...unreadBefore(rule, one, stack)] : found.value;
}

function unreadBefore(rule: Rule, service: Declared, stack: Stack): string[] {
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
  return `${what}: ${unknown} will be known in up alone, and ${rule} judges by it: give it a value that preview knows (a constant, configuration or another stack's output).`;
}

function fileOf({ place = "program" }: Rule, urn: string, { program = "the program" }: PackOptions): string {
  const [, , stack] = urn.split(":");
  const files = {
    program,
    configuration: `Pulumi.yaml, Pulumi.${stack}.yaml or ${program}`,
    cluster: "none, as verdicts are in the cluster",
  };
  return files[place];
}

function configSchemaOf(settings: SettingsSchema) {
  const { properties = {} } = toJsonSchema(settings);
  return { properties } as NonNullable<Policy["configSchema"]>;
}
