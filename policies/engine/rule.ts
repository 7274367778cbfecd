/** The interface of a rule, and of its examples. */
import type { EnforcementLevel, Severity } from "@pulumi/policy";
import type * as v from "valibot";
import type { Declared } from "./declared.ts";

/**
 * The resources that the program has declared so far, in order: a service comes before its objects.
 *
 * @example
 * const isFull = ({ declared, settings }: Stack<{ most: number }>) => declared.length > settings.most;
 */
export interface Stack<Settings = Record<string, unknown>> {
  readonly declared: readonly Declared[];
  /** The settings of the rule by the team, or their defaults. */
  readonly settings: Settings;
}

/**
 * The settings of a rule (settings.ts): each has a description and a default.
 *
 * @example
 * const settings: SettingsSchema = v.object({ most: v.optional(v.pipe(v.number(), v.description("Most pods.")), 50) });
 */
// biome-ignore lint/suspicious/noExplicitAny: the entries of any object
export type SettingsSchema = v.ObjectSchema<any, undefined>;
/** A rule without settings. */
// biome-ignore lint/complexity/noBannedTypes: an object schema without entries
export type NoSettings = v.ObjectSchema<{}, undefined>;

/**
 * The place where a violation is fixed: the program, its configuration, or no file, as for verdicts, which are in the cluster.
 *
 * @example const place: Place = "configuration";
 */
export type Place = "program" | "configuration" | "cluster";

/**
 * A condition that a stack must satisfy, with examples of its meaning.
 *
 * @example
 * ```ts
 * const calmNames: Rule = {
 *   name: "calm-names",
 *   description: "No service is called test.",
 *   severity: "low",
 *   remediation: "Name the service by what it does.",
 *   judge: (one) => (one.is === "service" && one.name === "test" ? ["The service is called test: rename it."] : []),
 *   examples: {
 *     allowed: [{ name: "a Deployment", resources: [deployment("stable")] }],
 *     disallowed: [{ name: "a service called test", resources: [test], message: /is called test/ }],
 *   },
 * };
 * ```
 */
export interface Rule<Settings extends SettingsSchema = SettingsSchema> {
  /** Name in kebab-case, as in a policy configuration. */
  readonly name: string;
  /** The condition as one sentence. */
  readonly description: string;
  /** Severity of a violation for users. */
  readonly severity: Severity;
  /** How to fix a violation, for a person who does not know the rule. */
  readonly remediation: string;
  /** Whether a violation fails the run or only warns; a team can change it. @default mandatory */
  readonly level?: EnforcementLevel;
  /** Where a violation is fixed, for the message. @default program */
  readonly place?: Place;
  /** Settings of the rule. @default none */
  readonly settings?: Settings;
  /**
   * The subject of the rule: the inputs of each resource before Pulumi creates or changes it, so that a violation stops `up`
   * there; or the outputs of the stack after the program has ended. @default inputs
   */
  readonly of?: "inputs" | "outputs";
  /**
   * The violations of a resource, as sentences with its name, the found value, the required value and what to do; empty if
   * there are none. A value that is not known in preview is a violation too, if the rule reads it (pack.ts).
   */
  judge(one: Declared, stack: Stack<v.InferOutput<Settings>>): readonly string[];
  /** Stacks that satisfy the rule, and stacks that violate it, each with a pattern (`message`) that its message matches. */
  readonly examples: {
    readonly allowed: readonly Example[];
    readonly disallowed: readonly (Example & { readonly message: RegExp })[];
  };
}

/**
 * A small stack, with its resources in the order of their registration.
 *
 * @example
 * const example: Example = { name: "eight pods of stable", resources: [deployment("stable", { spec: { replicas: 8 } })] };
 */
export interface Example {
  readonly name: string;
  readonly resources: readonly ExampleResource[];
  /** Outputs of the stack. @default none */
  readonly outputs?: Readonly<Record<string, unknown>>;
  /** Settings of the rule, by name. @default none */
  readonly settings?: Readonly<Record<string, unknown>>;
}

/**
 * A resource of an example, with its inputs.
 *
 * @example const resource: ExampleResource = kubernetes("core/v1:Service", "fop-gate");
 */
export interface ExampleResource {
  readonly type: string;
  readonly name: string;
  readonly props: Record<string, unknown>;
  /** Whether Pulumi refuses to delete it. @default false */
  readonly protect?: boolean;
}
