import { configMap, stackOf } from "./examples.ts";
import type { Rule } from "./rule.ts";
import { secretInText } from "./secrets.ts";
import { plainSecretsSettings } from "./settings.ts";
import { known } from "./unknown.ts";

/** What the stack remembers of its services: the templates and config files in it are judged where they are declared. */
const memory = "releases";

/**
 * Outputs are read by every stack that refers to this one. Whether Pulumi keeps an output encrypted a policy is not told (pulumi
 * 3.259, policy 1.21: marked and unmarked values look alike), so what counts is what a value looks like, and never the
 * name of an output: fop-gate's own `token` is marked, and random.
 *
 * It is the one rule that passes over what is not known in preview: such a value is none that somebody has written into the program, and
 * `up` and `pulumi policy analyze` look at it.
 */
export const noSecretOutputs: Rule<typeof plainSecretsSettings> = {
  name: "no-secret-outputs",
  description: "No output of a stack holds a credential.",
  severity: "critical",
  remediation:
    "Hand out the name of a Secret instead of what is in it; then change the secret, because it has been read.",
  settings: plainSecretsSettings,
  of: "outputs",
  judge(one, { settings: { allowed } }) {
    if (one.is !== "outputs") return [];
    return Object.keys(one.values)
      .filter((name) => name !== memory && !allowed.includes(name))
      .flatMap((name) => {
        const found = secretAmong(() => one.values[name], allowed);
        return found === undefined
          ? []
          : [
              `${one.name}: output ${name} has ${found}, and no credential is wanted there: hand out the name of a Secret.`,
            ];
      });
  },
  examples: {
    allowed: [
      {
        name: "the releases and the token of fop-gate",
        resources: stackOf("canary"),
        outputs: {
          releases: { "dora-apps/fop-gate": { history: [{ configMaps: { config: configMap("config").props.data } }] } },
          token: "V1StGXR8Z5jdHi6BmyTV1StGXR8Z5jdH",
        },
      },
      {
        name: "what the team knows to be none",
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
        says: /output kubeconfig has a private key, and no credential is wanted there/,
      },
      {
        name: "settings with a password in them",
        resources: [],
        outputs: { settings: { "fop-gate.conf": "listen=:8080\npassword=hunter22" } },
        says: /output settings has the value of password/,
      },
      {
        name: "the address of a database with its password",
        resources: [],
        outputs: { database: "postgres://fop:hunter22@db/fop" },
        says: /output database has an address with a password/,
      },
    ],
  },
};

function secretAmong(read: () => unknown, allowed: readonly string[]): string | undefined {
  const found = known(read);
  if ("unknown" in found) return undefined;
  const { value } = found;
  if (typeof value === "string") return secretInText(value, allowed);
  if (typeof value !== "object" || value === null) return undefined;
  for (const key of Object.keys(value)) {
    const inside = allowed.includes(key)
      ? undefined
      : secretAmong(() => (value as Record<string, unknown>)[key], allowed);
    if (inside !== undefined) return inside;
  }
  return undefined;
}
