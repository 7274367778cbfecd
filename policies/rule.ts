import type { ResourceValidationPolicy } from "@pulumi/policy";
import { type Declared, readDeclared } from "./declared.ts";

/** What the program has declared so far, in its order: a service comes before the objects that it is made of. */
export interface Stack {
  readonly declared: readonly Declared[];
  /** What the team has set, or the default. */
  numberOf(setting: Setting): number;
}

/** A number of a rule that a team can set (settings.ts). */
export interface Setting {
  readonly name: string;
  readonly description: string;
  readonly default: number;
  readonly minimum: number;
  readonly maximum?: number;
}

/** Something that must hold of a stack, with the examples that show what it means. */
export interface Rule {
  /** Kebab-case, as it stands in a policy configuration. */
  readonly name: string;
  /** One sentence: what holds. */
  readonly description: string;
  /** @default nothing can be set */
  readonly settings?: readonly Setting[];
  /**
   * Judges each thing before anything is done with it, so that a violation also stops an `up` there: what is wrong with it, in sentences that name it, what was found and what is wanted; none if all is well.
   * It reads what is known in preview: in Pulumi a mandatory policy that meets an unknown value is silently advisory.
   */
  judge(one: Declared, stack: Stack): readonly string[];
  readonly examples: {
    readonly allowed: readonly Example[];
    readonly disallowed: readonly (Example & { readonly says: RegExp })[];
  };
}

/** A small stack, in the order of its registrations. */
export interface Example {
  readonly name: string;
  readonly resources: readonly ExampleResource[];
  /** What the team has set, by name. @default nothing */
  readonly settings?: Readonly<Record<string, number>>;
}

export interface ExampleResource {
  readonly type: string;
  readonly name: string;
  readonly props: Record<string, unknown>;
}

/**
 * The rules as Pulumi runs them.
 *
 * They look at inputs, as each resource is registered: in preview and `up` alike these are what the program says,
 * while a stack policy gets outputs, which for a component are not its inputs and for an object hold the API server's
 * defaults as well (pulumi 3.259, pkg/resource/deploy/step_generator.go, AnalyzeResources). StackReferences are in neither.
 *
 * @throws Error if a rule has no examples, or a name twice: an example is the proof that a rule can fail
 */
export function policiesOf(rules: readonly Rule[]): ResourceValidationPolicy[] {
  for (const { name, examples } of rules) {
    for (const kind of ["allowed", "disallowed"] as const) {
      if (!examples?.[kind]?.length) throw new Error(`Policy ${name} has no ${kind} example: give it one.`);
    }
    if (rules.filter((other) => other.name === name).length > 1) throw new Error(`Two policies have the name ${name}.`);
  }
  return rules.map(policyOf);
}

function policyOf({ name, description, settings = [], judge }: Rule): ResourceValidationPolicy {
  let declared: Declared[] = [];
  const properties = settings.map(({ name, ...setting }) => [name, { type: "number", ...setting }] as const);
  return {
    name,
    description,
    ...(settings.length > 0 && { configSchema: { properties: Object.fromEntries(properties) } }),
    validateResource(resource, report) {
      if (resource.type === "pulumi:pulumi:Stack") declared = [];
      const one = readDeclared(resource);
      if (one === undefined) return;
      declared.push(one);
      const given = resource.getConfig<Record<string, number>>();
      const numberOf = (setting: Setting) => given[setting.name] ?? setting.default;
      for (const message of judge(one, { declared, numberOf })) report(message);
    },
  };
}
