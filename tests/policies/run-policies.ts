import { createRequire } from "node:module";
import type {
  PolicyResource,
  ResourceValidationArgs,
  ResourceValidationPolicy,
  StackValidationPolicy,
} from "@pulumi/policy";
import type { ExampleResource } from "../../policies/rule.ts";

const { unknownCheckingProxy } = createRequire(import.meta.url)("@pulumi/policy") as typeof import("@pulumi/policy");

/** What a policy said, with the thing that it said it of. */
export interface Violation {
  readonly policy: string;
  readonly message: string;
  readonly urn: string;
}

type Policy = ResourceValidationPolicy | StackValidationPolicy;

/**
 * Runs policies as Pulumi does: each resource as it is registered, then the stack with everything that was read from
 * other stacks. An unknown value throws where it is read, as in a preview.
 *
 * @param settings what the team has set of each policy
 * @param failed gets what a policy throws, which does not keep the others from running. @default throws it
 */
export async function runPolicies(
  policies: readonly Policy[],
  resources: readonly ExampleResource[],
  settings: object = {},
  failed: (error: unknown) => void = (error) => {
    throw error;
  },
): Promise<Violation[]> {
  const found: Violation[] = [];
  const getConfig = <T extends object>() => settings as T;
  const registered = [root, ...resources].map((resource) => ({ ...argsOf(resource), getConfig }));
  for (const policy of policies) {
    const report = (urn: string) => (message: string, of?: string) => {
      found.push({ policy: policy.name, message, urn: of ?? urn });
    };
    for (const args of registered.filter(({ type }) => type !== "pulumi:pulumi:StackReference")) {
      if (!("validateResource" in policy)) continue;
      for (const validate of [policy.validateResource ?? []].flat()) {
        try {
          await validate(args, report(args.urn));
        } catch (error) {
          failed(error);
        }
      }
    }
    if (!("validateStack" in policy)) continue;
    const stack: PolicyResource[] = registered.map(
      (args) => ({ ...args, dependencies: [], propertyDependencies: {} }) as PolicyResource,
    );
    await policy.validateStack({ resources: stack, stackTags: new Map(), getConfig, notApplicable }, report("stack"));
  }
  return found;
}

const root: ExampleResource = { type: "pulumi:pulumi:Stack", name: "gray-release-test", props: {} };

function argsOf({ type, name, props }: ExampleResource): Omit<ResourceValidationArgs, "getConfig"> {
  return {
    type,
    name,
    props: unknownCheckingProxy(props),
    urn: `urn:pulumi:test::gray-release::${type}::${name}`,
    opts: {
      protect: false,
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
