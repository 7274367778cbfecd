/** The arguments of the Secrets of a service, and their validation. */
import type { Input } from "@pulumi/pulumi";
import * as v from "valibot";
import type { FileContent } from "./config-files.ts";
import { dnsLabel } from "./names.ts";
import { mapOf } from "./schema.ts";

/** How the warning of a preview ends that does not show the id which `up` gives the release. `gray rollout` looks for it. */
export const otherId = "another id than this preview shows";

/**
 * The values of a Secret by key: texts, or bytes in base64. A value may be an Output, for example of `config.requireSecret`. An undefined one,
 * as of `config.getSecret`, is accepted only in a stack without canary.
 *
 * @example
 * ```ts
 * const data: SecretData = { password: config.requireSecret("dbPassword"), user: "web" };
 * ```
 */
export type SecretData = Readonly<Record<string, Input<FileContent | undefined>>>;

/**
 * A Secret that CanaryService creates (core/v1 Secret), owned by the stack of canary. Containers and volumes of the service name it as any
 * Secret, by its name in the arguments: `secretKeyRef.name`, `secretRef.name`, `secretName`, or a projected source. Its values are in the
 * Secret and, encrypted, in the state of the stack.
 *
 * @example
 * ```ts
 * const secrets: Record<string, SecretArgs> = {
 *   db: { mode: "versioned", data: { password: config.requireSecret("dbPassword") } },
 * };
 * const env = [{ name: "DB_PASSWORD", valueFrom: { secretKeyRef: { name: "db", key: "password" } } }];
 * ```
 */
export interface SecretArgs {
  /**
   * `versioned`: other values have another name, which is part of the release, so a change rolls through canary and a rollback restores the
   * earlier values. `shared`: one name, so a change reaches the pods of all releases without a roll, when they read the Secret again.
   */
  readonly mode: "versioned" | "shared";
  /**
   * The values by key, at most 1 MiB together. They must be known while the program runs in `up`: a value of the configuration or of another
   * resource is. A stack without canary does not read them. @default none, which only a stack without canary accepts
   */
  readonly data?: Input<SecretData>;
}

const modes = ["versioned", "shared"] as const;
const secretName = v.pipe(
  v.string(),
  v.regex(dnsLabel, "a secret's name is part of a Secret's name, so it must be a DNS label"),
);

/** Validates the Secrets by name, without their values, which may be Outputs (secret-content.ts). */
export const secretsSchema = mapOf(
  v.strictObject({
    mode: v.picklist(modes, "must be versioned or shared"),
    data: v.optional(v.custom<NonNullable<SecretArgs["data"]>>(isObject, "must be an object with the values by key")),
  }),
  secretName,
);

/** Number of hex digits of the keyed hash in the name of a versioned Secret. */
export const secretHashDigits = 10;

/**
 * The name of a Secret in the cluster.
 *
 * @param hash the keyed hash of its values (secret-content.ts)
 * @example liveSecretName("web", "db", "versioned", "0123456789") // "web-db-0123456789"
 */
export function liveSecretName(service: string, secret: string, mode: SecretArgs["mode"], hash: string): string {
  return mode === "versioned" ? `${service}-${secret}-${hash}` : `${service}-${secret}`;
}

/**
 * Whether a name has the form of a versioned Secret of a service.
 *
 * @param secret its name in the arguments. @default any
 * @example isVersionedName("web", "web-db-0123456789") // true
 */
export function isVersionedName(service: string, name: string, secret?: string): boolean {
  const middle = name.slice(service.length + 1, -secretHashDigits - 1);
  const isOurs = secret === undefined ? dnsLabel.test(middle) : middle === secret;
  const hash = name.slice(-secretHashDigits);
  return isOurs && /^[0-9a-f]+$/.test(hash) && name === liveSecretName(service, middle, "versioned", hash);
}

/** The arguments without the values, as policies and the stack state may see them. @example modesOf({ db: { mode: "shared", data } }) // { db: { mode: "shared" } } */
export function modesOf(secrets: Readonly<Record<string, SecretArgs>>): Record<string, Pick<SecretArgs, "mode">> {
  return Object.fromEntries(Object.entries(secrets).map(([name, { mode }]) => [name, { mode }]));
}

function isObject(value: unknown): boolean {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
