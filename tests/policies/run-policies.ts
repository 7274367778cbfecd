import { createRequire } from "node:module";
import type {
  PolicyResource,
  ResourceValidationArgs,
  ResourceValidationPolicy,
  StackValidationPolicy,
} from "@pulumi/policy";
import type { ExampleResource } from "../../policies/engine/rule.ts";

const { unknownCheckingProxy, UnknownValueError } = createRequire(import.meta.url)(
  "@pulumi/policy",
) as typeof import("@pulumi/policy");

/** A violation that a policy reported, with its resource. */
export interface Violation {
  readonly policy: string;
  readonly level: string | undefined;
  readonly message: string;
  readonly urn: string;
}

type Policy = ResourceValidationPolicy | StackValidationPolicy;

interface Options {
  /** Outputs of the stack. @default none */
  readonly outputs?: Readonly<Record<string, unknown>>;
  /** Settings that all policies get. @default none */
  readonly settings?: object;
  /** Settings of single policies, by their names. @default none */
  readonly settingsByPolicy?: Readonly<Record<string, object>>;
}

/**
 * Runs policies as Pulumi does: on each resource when it is registered, then on the stack with its outputs. If a policy reads a
 * value that is known only during `up`, its violation is advisory, as in Pulumi (`@pulumi/policy`, server.js).
 */
export async function runPolicies(
  policies: readonly Policy[],
  resources: readonly ExampleResource[],
  { outputs = {}, settings = {}, settingsByPolicy = {} }: Options = {},
): Promise<Violation[]> {
  const found: Violation[] = [];
  const registered = [root, ...resources].map(argsOf);
  const all = registered.filter(({ type }) => type !== "pulumi:pulumi:StackReference");
  const attempt = async (
    { name, enforcementLevel: level }: Policy,
    urn: string,
    run: (report: (message: string, of?: string) => void) => unknown,
  ) => {
    try {
      await run((message, of = urn) => void found.push({ policy: name, level, message, urn: of }));
    } catch (error) {
      if (!(error instanceof UnknownValueError)) throw error;
      found.push({ policy: name, level: "advisory", message: `can't run policy: ${(error as Error).message}`, urn });
    }
  };
  const configOf =
    ({ name }: Policy) =>
    <T extends object>() =>
      ({ ...settings, ...settingsByPolicy[name] }) as T;
  for (const args of all) {
    for (const policy of policies) {
      if (!("validateResource" in policy)) continue;
      for (const validate of [policy.validateResource ?? []].flat()) {
        await attempt(policy, args.urn, (report) => validate({ ...args, getConfig: configOf(policy) }, report));
      }
    }
  }
  const [stack, ...others] = registered;
  const deployed = [{ ...stack, props: unknownCheckingProxy(outputs) }, ...others] as PolicyResource[];
  for (const policy of policies) {
    if (!("validateStack" in policy)) continue;
    const args = { resources: deployed, stackTags: new Map(), getConfig: configOf(policy), notApplicable };
    await attempt(policy, stack?.urn ?? "", (report) => policy.validateStack(args, report));
  }
  return found;
}

const root: ExampleResource = { type: "pulumi:pulumi:Stack", name: "gray-release-test", props: {} };

function argsOf(
  { type, name, props, protect = false }: ExampleResource,
  i: number,
): Omit<ResourceValidationArgs, "getConfig"> {
  return {
    type,
    name,
    props: unknownCheckingProxy(props),
    // With an index, so that two resources of the same name get different URNs.
    urn: `urn:pulumi:test::gray-release::${type}::${name}${i}`,
    opts: {
      protect,
      ignoreChanges: [],
      aliases: [],
      additionalSecretOutputs: [],
      customTimeouts: { createSeconds: 0, updateSeconds: 0, deleteSeconds: 0 },
    },
    stackTags: new Map(),
    isType: () => false,
    asType: () => undefined,
    notApplicable,
  };
}

function notApplicable(reason?: string): never {
  throw new Error(reason);
}
