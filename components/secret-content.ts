/** Reads the values of Secrets while the program runs, and computes the names that depend on them. No error contains a value. */
import { createHmac } from "node:crypto";
import * as pulumi from "@pulumi/pulumi";
import * as v from "valibot";
import { canonicalJson } from "./canonical.ts";
import type { FileContent, Files } from "./config-files.ts";
import { liveSecretName, otherId, type SecretArgs, secretHashDigits } from "./secret-args.ts";
import { settled } from "./settled.ts";
import { UserError } from "./user-error.ts";

/**
 * The values of each Secret by its name in the arguments; undefined if one is known only in `up`.
 *
 * @example const contents: SecretContents = { db: { password: "x" } };
 */
export type SecretContents = Readonly<Record<string, Files | undefined>>;

/** The maximum size of a Secret's values (core/v1 MaxSecretSize). */
const maxBytes = 1_048_576;
/** A key of a Secret (core/v1 Secret). */
const validKey = /^(?!\.$|\.\.)[-._a-zA-Z0-9]{1,253}$/;
const content = v.union([v.string(), v.strictObject({ base64: v.pipe(v.string(), v.base64()) })]);

/** Hash of the name of a versioned Secret whose values are not known. No content gives it a meaning. */
const unknownHash = "0".repeat(secretHashDigits);

/**
 * The values of the Secrets of a stack that owns canary. It waits for the Outputs without a limit of time, so what creates them must not depend
 * on the service.
 *
 * @throws UserError if values are missing, or no Secret can hold them; in `up` also if one is not known
 * @example await readSecrets("web", { db: { mode: "shared", data: { password: pulumi.secret("x") } } }) // { db: { password: "x" } }
 */
export async function readSecrets(
  service: string,
  secrets: Readonly<Record<string, SecretArgs>>,
): Promise<SecretContents> {
  const read = async ([name, { mode, data }]: [string, SecretArgs]) => {
    const at = `${service}: secrets.${name}.data`;
    const found = await settled(pulumi.output(data));
    if (!pulumi.containsUnknowns(found)) return [name, checkedContent(at, found)] as const;
    if (pulumi.runtime.isDryRun()) {
      // The name of a shared one, and with it the release, does not depend on its values.
      if (mode === "versioned") {
        void pulumi.log.warn(`${at} is not known before pulumi up, so up may give the release ${otherId}.`);
      }
      return [name, undefined] as const;
    }
    throw new UserError(
      `${at} is not known in this up, for example because of --target, and the release depends on it: run pulumi up without such an option.`,
    );
  };
  return Object.fromEntries(await Promise.all(Object.entries(secrets).map(read)));
}

/**
 * The names of the Secrets in the cluster, by their names in the arguments. That of a versioned one contains a keyed hash of its values, so
 * that a password which is easy to guess cannot be guessed from the name.
 *
 * @param key the secret key of the hash; undefined if there is no versioned Secret whose values are known
 * @example secretNames("web", { db: { mode: "shared" } }, {}, undefined) // { db: "web-db" }
 */
export function secretNames(
  service: string,
  secrets: Readonly<Record<string, SecretArgs>>,
  contents: SecretContents,
  key: string | undefined,
): Record<string, string> {
  const hashOf = (name: string) => {
    const files = contents[name];
    return key === undefined || files === undefined ? unknownHash : keyedHash(key, name, files);
  };
  return Object.fromEntries(
    Object.entries(secrets).map(([name, { mode }]) => [name, liveSecretName(service, name, mode, hashOf(name))]),
  );
}

/**
 * The values as a Secret has them: bytes in base64.
 *
 * @example secretData({ password: "x" }) // { password: "eA==" }
 */
export function secretData(files: Readonly<Record<string, FileContent | undefined>>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(files).flatMap(([name, content]) => (content === undefined ? [] : [[name, base64Of(content)]])),
  );
}

/** The name of the Secret is hashed too, so that two Secrets with the same values do not show it. Bytes are hashed, in whatever form they are given. */
function keyedHash(key: string, secret: string, files: Files): string {
  const text = canonicalJson({ secret, data: secretData(files) });
  return createHmac("sha256", key).update(text).digest("hex").slice(0, secretHashDigits);
}

function checkedContent(at: string, found: unknown): Files {
  if (found === undefined || found === null) {
    throw new UserError(
      `${at} is missing: give the values by key, for example with config.requireSecret; only a stack without canary does without them.`,
    );
  }
  const entries = typeof found === "object" && !Array.isArray(found) ? Object.entries(found) : [];
  if (entries.length === 0) throw new UserError(`${at} has no values: give them by key, or remove the secret.`);
  for (const [key, value] of entries) {
    if (!validKey.test(key)) {
      throw new UserError(
        `${at} has the key "${key}": a key may have letters, digits, dashes, dots and underscores, and may not begin with two dots.`,
      );
    }
    if (value === undefined || value === null) {
      throw new UserError(
        `${at}.${key} has no value: set it, for example with pulumi config set --secret, or remove the key.`,
      );
    }
    if (!v.is(content, value)) {
      throw new UserError(`${at}.${key} is neither a text nor { base64 } with bytes: give one of them.`);
    }
  }
  const files = Object.fromEntries(entries) as Files;
  const bytes = Object.values(secretData(files)).reduce((sum, value) => sum + Buffer.byteLength(value, "base64"), 0);
  if (bytes > maxBytes) {
    throw new UserError(
      `${at} has ${bytes} bytes and a Secret holds at most ${maxBytes} (1 MiB): split it into several secrets.`,
    );
  }
  return files;
}

function base64Of(content: FileContent): string {
  const bytes = typeof content === "string" ? Buffer.from(content) : Buffer.from(content.base64, "base64");
  return bytes.toString("base64");
}
