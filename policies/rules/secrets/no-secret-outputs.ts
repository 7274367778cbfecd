import { plainSecretsSettings } from "../../engine/defaults.ts";
import { stackOf, unknownUntilUp } from "../../engine/examples.ts";
import type { Rule } from "../../engine/rule.ts";
import { secretAmong } from "../../engine/secrets.ts";
import { known } from "../../engine/unknown.ts";

/**
 * Every stack that refers to this one can read its outputs. A policy cannot see whether Pulumi encrypts an output (pulumi 3.259,
 * policy 1.21: secret and plain values look the same), so the rule finds credentials by their format and, inside an object or a
 * text, by the names of their keys. The name of the output does not count: fop-gate's own `token` is encrypted, and random.
 *
 * This is the only rule that ignores values unknown in preview: they are not written in the program, and `up` and
 * `pulumi policy analyze` check them.
 */
export const noSecretOutputs: Rule<typeof plainSecretsSettings> = {
  name: "no-secret-outputs",
  description: "No output of a stack contains a credential.",
  severity: "critical",
  remediation:
    "Output the name of a Secret instead of its content; then rotate the credential, because others could read it.",
  settings: plainSecretsSettings,
  of: "outputs",
  judge(one, { settings: { allowed } }) {
    if (one.is !== "outputs") return [];
    return Object.keys(one.values)
      .filter((name) => !allowed.includes(name))
      .flatMap((name) => {
        const value = knownOf(() => one.values[name]);
        const found = secretAmong(value, allowed);
        return found === undefined
          ? []
          : [
              `${one.name}: output ${name} has ${found}, but an output must not contain a credential: output the name of a Secret instead.`,
            ];
      });
  },
  examples: {
    allowed: [
      {
        name: "the address and the token of fop-gate",
        resources: stackOf("canary"),
        outputs: { url: "http://fop-gate.example.com", token: "V1StGXR8Z5jdHi6BmyTV1StGXR8Z5jdH" },
      },
      {
        name: "names of Secrets, and values known only during up, in an object",
        resources: [],
        outputs: { db: { passwordFrom: "fop-gate-db", password: unknownUntilUp, ports: [5432] } },
      },
      {
        name: "an output that the team allows",
        resources: [],
        outputs: { sample: "https://user:password@example.com" },
        settings: { allowed: ["sample"] },
      },
    ],
    disallowed: [
      {
        name: "a kubeconfig with its key",
        resources: [],
        outputs: { kubeconfig: { users: [{ user: { key: "-----BEGIN EC PRIVATE KEY-----\nMHc" } }] } },
        message: /output kubeconfig has a private key, but an output must not contain a credential/,
      },
      {
        name: "settings with a password in them",
        resources: [],
        outputs: { settings: { "fop-gate.conf": "listen=:8080\npassword=hunter22" } },
        message: /output settings has the value of password/,
      },
      {
        name: "the address of a database with its password",
        resources: [],
        outputs: { database: "postgres://fop:hunter22@db/fop" },
        message: /output database has an address with a password/,
      },
      {
        name: "a password by its key in an object, beside a value known only during up",
        resources: [],
        outputs: { db: { address: unknownUntilUp, users: [{ password: "hunter22" }] } },
        message: /output db has the value of password/,
      },
    ],
  },
};

/** A value without the parts that are not known yet, at any depth. */
function knownOf(read: () => unknown): unknown {
  const found = known(read);
  if ("unknown" in found) return undefined;
  const { value } = found;
  if (typeof value !== "object" || value === null) return value;
  const parts = Object.keys(value).map((key) => [key, knownOf(() => (value as Record<string, unknown>)[key])] as const);
  return Array.isArray(value) ? parts.map(([, part]) => part) : Object.fromEntries(parts);
}
