/** The arguments of a service as a program in another language passes them, as constants. */
import * as pulumi from "@pulumi/pulumi";
import { isAsset } from "../components/config-files.ts";
import type { ServiceArgs } from "../components/service-args.ts";
import { settled } from "../components/settled.ts";
import { UserError } from "../components/user-error.ts";

/** Arguments that are stored as a secret: the credentials for the cluster. */
const secretArguments = ["access"];

/** The path of the values of Secrets, which stay Outputs (components/secret-content.ts). */
const secretValues = /^secrets\.[^.]*\.data$/;

/**
 * The arguments as constants, which a release needs because its id is the hash of its content. A value that Pulumi knows is a constant,
 * also if it comes from another resource. A field that is null is left out, as not given. The values of Secrets stay Outputs.
 *
 * @returns undefined if an argument is not known, because only `up` or a later `up` will know it
 * @throws UserError if an argument is a secret
 * @example await constantArgs("web", { namespace: pulumi.output("shop") }) // { namespace: "shop" }
 */
export async function constantArgs(service: string, inputs: pulumi.Inputs): Promise<ServiceArgs | undefined> {
  const args = (await constant(service, inputs, "")) as ServiceArgs;
  const { secrets, ...others } = args;
  // The values may be known later, unlike the names and the modes.
  const modes = pulumi.isUnknown(secrets)
    ? secrets
    : Object.values(secrets ?? {}).map((each) => (pulumi.isUnknown(each) ? each : each?.mode));
  if (!pulumi.containsUnknowns([others, modes])) return args;
  pulumi.log.warn(
    `${service}: an argument is not known before pulumi up, so this preview shows none of its objects; up reads the cluster first, and may stop there.`,
  );
  return undefined;
}

async function constant(service: string, value: unknown, at: string): Promise<unknown> {
  if (secretValues.test(at)) return pulumi.secret(value);
  if (pulumi.Output.isInstance(value)) {
    // A secret makes what contains it one, also the map of all Secrets, which says where their values are.
    const holdsSecrets = at === "secrets" || /^secrets\.[^.]*$/.test(at);
    if (!holdsSecrets && (await pulumi.isSecret(value)) && !secretArguments.includes(at.split(".", 1)[0] ?? "")) {
      throw new UserError(
        `${service}: ${at} is a secret, and a release is stored as plain text: give the value in secrets, and refer to that by its name.`,
      );
    }
    const known = await settled(value);
    return constant(service, known, at);
  }
  if (Array.isArray(value)) return Promise.all(value.map((part, i) => constant(service, part, `${at}.${i}`)));
  if (typeof value !== "object" || value === null || isAsset(value) || pulumi.isUnknown(value)) return value;
  const parts = Object.entries(value).map(
    async ([key, part]) => [key, await constant(service, part, at === "" ? key : `${at}.${key}`)] as const,
  );
  return Object.fromEntries((await Promise.all(parts)).filter(([, part]) => part !== null && part !== undefined));
}
