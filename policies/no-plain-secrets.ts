import { called, serviceOf } from "./declared.ts";
import { adoptedExample, configMap, container, deployment } from "./examples.ts";
import { containersOf } from "./pods.ts";
import type { Rule } from "./rule.ts";
import { secretAs, secretInText } from "./secrets.ts";
import { plainSecretsSettings } from "./settings.ts";

/**
 * What stands in a ConfigMap or in a variable is read by everybody who may look at pods, is part of the release and of the state, and
 * stays in the history of both. Names of variables and settings, and forms of known credentials, give it away; what
 * was found is never said.
 */
export const noPlainSecrets: Rule<typeof plainSecretsSettings> = {
  name: "no-plain-secrets",
  description: "No ConfigMap and no variable of a container holds a secret in the open.",
  severity: "critical",
  remediation:
    "Put it into a Secret and refer to that (valueFrom.secretKeyRef, or a volume); then change the secret, because it has been read.",
  settings: plainSecretsSettings,
  judge(one, stack) {
    if (one.is !== "object" || serviceOf(one) === undefined) return [];
    const instead = "refer to a Secret instead";
    if (one.kind === "ConfigMap") {
      const { allowed } = stack.settings;
      const { data = {} } = one.fields as { readonly data?: Readonly<Record<string, string>> };
      return Object.entries(data).flatMap(([key, text]) => {
        const found = allowed.includes(key) ? undefined : (secretAs(key, text) ?? secretInText(text, allowed));
        return found === undefined
          ? []
          : [`${called(one)} has ${found} in ${key}, and nothing secret is wanted there: ${instead}.`];
      });
    }
    const containers = containersOf(one);
    if (containers.length === 0) return [];
    const { allowed } = stack.settings;
    return containers.flatMap(({ called, container: { env = [] } }) =>
      env.flatMap(({ name, value }) => {
        const found = value === undefined || allowed.includes(name) ? undefined : secretAs(name, value);
        return found === undefined
          ? []
          : [`${called} has ${found} in the variable ${name}, and nothing secret is wanted there: ${instead}.`];
      }),
    );
  },
  examples: {
    allowed: [
      adoptedExample,
      { name: "the config files and variables of fop-gate", resources: [configMap("config"), deployment("stable")] },
      {
        name: "a reference to a Secret, and what stands in for one",
        resources: [
          container("fop-gate", {
            env: [
              { name: "DB_PASSWORD", valueFrom: { secretKeyRef: { name: "db", key: "password" } } },
              { name: "TOKEN", value: "$(DB_PASSWORD)" },
              { name: "API_KEY", value: "/var/run/secrets/api-key" },
            ],
          }),
          configMap("config", { data: { "web.conf": "password = {{ db_password }}\ntoken_ttl = 3600\n" } }),
        ],
      },
      {
        name: "what the team knows to be none",
        resources: [container("fop-gate", { env: [{ name: "PUBLIC_TOKEN", value: "pk-1234567" }] })],
        settings: { allowed: ["PUBLIC_TOKEN"] },
      },
    ],
    disallowed: [
      {
        name: "a password in a config file",
        resources: [configMap("config", { data: { "fop-gate.conf": "listen=:8080\ndb.password = hunter22\n" } })],
        says: /^ConfigMap dora-apps\/fop-gate-config-[0-9a-f]{10} has the value of db\.password in fop-gate\.conf, and nothing secret is wanted there: refer to a Secret instead\.$/,
      },
      {
        name: "a private key",
        resources: [configMap("config", { data: { "tls.pem": "-----BEGIN RSA PRIVATE KEY-----\nMIIE" } })],
        says: /has a private key in tls\.pem/,
      },
      {
        name: "a password among the variables",
        resources: [container("fop-gate", { env: [{ name: "DB_PASSWORD", value: "hunter22" }] })],
        says: /^Deployment dora-apps\/fop-gate, container fop-gate has the value of DB_PASSWORD in the variable DB_PASSWORD/,
      },
      {
        name: "an address with a password, for the log agent",
        resources: [container("log-agent", { env: [{ name: "SINK", value: "https://agent:hunter22@logs.example" }] })],
        says: /container log-agent has an address with a password in the variable SINK/,
      },
      {
        name: "a key of a cloud",
        resources: [container("fop-gate", { env: [{ name: "ID", value: `AKIA${"X".repeat(16)}` }] })],
        says: /has an access key of AWS/,
      },
    ],
  },
};
