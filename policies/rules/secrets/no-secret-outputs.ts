import * as v from "valibot";
import { configMap, onlyUpKnows, releaseId, stackOf } from "../../engine/examples.ts";
import type { Rule } from "../../engine/rule.ts";
import { secretAmong } from "../../engine/secrets.ts";
import { plainSecretsSettings } from "../../engine/settings.ts";
import { known } from "../../engine/unknown.ts";

/** A release that the stack remembers: its template and its config files are judged where they are declared. */
const release = v.pipe(
  v.looseObject({ id: v.string() }),
  v.transform(({ template: _, configMaps: __, ...rest }) => rest),
);
const stackState = v.looseObject({ history: v.array(release) });
/** What the stack remembers of its services (gate/stack-state.ts), without these, and whatever else is in its place. */
const releases = v.union([v.record(v.string(), v.union([stackState, v.unknown()])), v.unknown()]);

/**
 * Outputs are read by every stack that refers to this one. Whether Pulumi keeps an output encrypted a policy is not told (pulumi
 * 3.259, policy 1.21: marked and unmarked values look alike), so what counts is what a value looks like and, inside an
 * object or a text, what it is called; never the name of an output: fop-gate's own `token` is marked, and random.
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
      .filter((name) => !allowed.includes(name))
      .flatMap((name) => {
        const value = knownOf(() => one.values[name]);
        const found = secretAmong(name === "releases" ? v.parse(releases, value) : value, allowed);
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
          releases: { "dora-apps/fop-gate": remembered({ config: configMap("config").props.data }) },
          token: "V1StGXR8Z5jdHi6BmyTV1StGXR8Z5jdH",
        },
      },
      {
        name: "a config file that an older release still has",
        resources: stackOf("canary"),
        outputs: { releases: { "dora-apps/fop-gate": remembered({ config: { "web.conf": "password=hunter22" } }) } },
      },
      {
        name: "names of Secrets, and what only up will know, in an object",
        resources: [],
        outputs: { db: { passwordFrom: "fop-gate-db", password: onlyUpKnows, ports: [5432] } },
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
      {
        name: "a password by its name in an object, beside what only up will know",
        resources: [],
        outputs: { db: { address: onlyUpKnows, users: [{ password: "hunter22" }] } },
        says: /output db has the value of password/,
      },
      {
        name: "a private key among the releases",
        resources: [],
        outputs: { releases: { x: "-----BEGIN RSA PRIVATE KEY-----" } },
        says: /output releases has a private key/,
      },
      {
        name: "a password beside what the stack remembers of a service",
        resources: stackOf("canary"),
        outputs: { releases: { "dora-apps/fop-gate": { ...remembered({}), password: "hunter22" } } },
        says: /output releases has the value of password/,
      },
      {
        name: "a password instead of the releases",
        resources: [],
        outputs: { releases: "password=hunter22" },
        says: /output releases has the value of password/,
      },
    ],
  },
};

/** What is known of a value now, to its last part. */
function knownOf(read: () => unknown): unknown {
  const found = known(read);
  if ("unknown" in found) return undefined;
  const { value } = found;
  if (typeof value !== "object" || value === null) return value;
  const parts = Object.keys(value).map((key) => [key, knownOf(() => (value as Record<string, unknown>)[key])] as const);
  return Array.isArray(value) ? parts.map(([, part]) => part) : Object.fromEntries(parts);
}

/** What the stack remembers of a service whose only kept release has these config files. */
function remembered(configMaps: object) {
  return { cluster: "a", current: { canary: releaseId }, history: [{ id: releaseId, template: {}, configMaps }] };
}
