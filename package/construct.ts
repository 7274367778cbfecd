/** Constructs the component for a program in another language. */
import * as pulumi from "@pulumi/pulumi";
import { CanaryService } from "../components/canary-service.ts";
import { UserError } from "../components/user-error.ts";
import { openRollout } from "../gate/open.ts";
import { constantArgs } from "./constant-args.ts";

/** The type of the component, in every language. */
export const componentType = "gray-release:index:CanaryService";

/**
 * Registers a service and its objects with the engine that asks for it. Several calls may run at once, each with a monitor of its own:
 * the SDK has the settings of each in its asynchronous local storage.
 *
 * The rollout is opened first, so that a refusal is the answer to this call and not an error of the whole process.
 *
 * @throws UserError as CanaryService and openRollout do
 */
export async function construct(
  name: string,
  type: string,
  inputs: pulumi.Inputs,
  opts: pulumi.ComponentResourceOptions,
): Promise<pulumi.provider.ConstructResult> {
  if (type !== componentType) throw new Error(`gray-release has no resource ${type}`);
  const args = await constantArgs(name, inputs);
  if (args === undefined) {
    if (pulumi.runtime.isDryRun()) return constructUnknown(name, opts);
    throw new UserError(
      `${name}: an argument is not known in this up, for example because of --target, so no object of the service is changed: run pulumi up without such an option.`,
    );
  }
  const rollout = await openRollout(name, args, opts);
  const service = new CanaryService(name, { ...args, rollout }, opts);
  const { urn, serviceName, url, stableRelease, canaryRelease, admission, token } = service;
  return {
    urn,
    state: { serviceName, url, stableRelease, canaryRelease, admission, ...(token && { token }) },
  };
}

/** In a preview, a service whose arguments are known only in `up`: the component without objects, and outputs that are not known. */
function constructUnknown(name: string, opts: pulumi.ComponentResourceOptions): pulumi.provider.ConstructResult {
  const { urn } = new pulumi.ComponentResource(componentType, name, {}, opts);
  const names = ["serviceName", "url", "stableRelease", "canaryRelease", "admission", "token"];
  return { urn, state: Object.fromEntries(names.map((output) => [output, pulumi.unknown])) };
}
