import { isUtf8 } from "node:buffer";
import { called, type KubernetesObject, serviceOf } from "../../engine/declared.ts";
import { adoptedExample, configMap, container, deployment } from "../../engine/examples.ts";
import { containersOf } from "../../engine/pods.ts";
import type { Rule } from "../../engine/rule.ts";
import { secretAmong } from "../../engine/secrets.ts";
import { plainSecretsSettings } from "../../engine/settings.ts";

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
      return Object.entries(textsOf(one)).flatMap(([key, text]) => {
        const found = allowed.includes(key) ? undefined : secretAmong(text, allowed, key);
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
        const found = allowed.includes(name) ? undefined : secretAmong(value, allowed, name);
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
        name: "numbers, paths and words that only end alike",
        resources: [
          container("fop-gate", { env: [{ name: "COMPASS", value: "north" }] }),
          configMap("config", {
            data: {
              "model.conf": "max_token = 16384\n",
              "web.yaml": "max_token: 16384\ntoken: >-\n  $(TOKEN)\ndb: &db\n  passwd: /run/db\nagain: [*db]\n",
            },
            binaryData: { logo: "iVBORw0KGgo=" },
          }),
        ],
      },
      {
        name: "what the team knows to be none",
        resources: [container("fop-gate", { env: [{ name: "PUBLIC_TOKEN", value: "pk-1234567" }] })],
        settings: { allowed: ["PUBLIC_TOKEN"] },
      },
      {
        name: "what the team knows to be none, inside a file",
        resources: [configMap("config", { data: { "web.json": '{"web":{"site-token":"pk-1234567"}}' } })],
        settings: { allowed: ["site-token"] },
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
      ...[
        "secret_key",
        "QINIU_SECRET_KEY",
        "SecretKey",
        "DB_PASS",
        "dbPass",
        "MYSQL_PWD",
        "PGPASSWORD",
        "DB_PASSWORD_PROD",
        "DB_PASSWORD2",
      ].map((name) => ({
        name: `a secret called ${name}`,
        resources: [container("fop-gate", { env: [{ name, value: "hunter22" }] })],
        says: new RegExp(`has the value of ${name} in the variable ${name}`),
      })),
      ...[
        ["JSON on one line", '{"password":"hunter22"}'],
        ["JSON with more than one level", '{"db":{"hosts":["a","b"],"password":"hunter22"}}'],
        ["JSON that has a key twice", '{"a":1,"a":2,"db":{"password":"hunter22"}}'],
        ["an item of a list in YAML", "users:\n- password: hunter22\n"],
        ["a list of them", "password: [hunter22]\n"],
        ["an item of a list in what is nearly YAML", "- user: {{ user }}:\n- password: hunter22\n"],
        ["the second document of a file", "a: 1\n---\npassword: hunter22\n"],
        ["a file in a file", "web.conf: |\n  listen=:8080\n  password=hunter22\n"],
        ["YAML that leads back into itself", "all: &all\n  again: *all\n  password: hunter22\n"],
      ].map(([name = "", text]) => ({
        name: `a password in ${name}`,
        resources: [configMap("config", { data: { "web.conf": text } })],
        says: /has the value of password in web\.conf/,
      })),
      {
        name: "a password in what is written in base64",
        resources: [configMap("config", { binaryData: { "web.conf": "cGFzc3dvcmQ9aHVudGVyMjI=" } })],
        says: /has the value of password in web\.conf/,
      },
      {
        name: "a file with a password as a variable",
        resources: [container("fop-gate", { env: [{ name: "CONFIG", value: '{"password":"hunter22"}' }] })],
        says: /has the value of password in the variable CONFIG/,
      },
    ],
  },
};

/** What a ConfigMap holds, by key, as far as it is text. */
function textsOf({ fields }: KubernetesObject): Record<string, string> {
  const { data = {}, binaryData = {} } = fields as Partial<Record<"data" | "binaryData", Record<string, string>>>;
  const decoded = Object.entries(binaryData).map(([key, encoded]) => [key, Buffer.from(encoded, "base64")] as const);
  const texts = decoded.flatMap(([key, bytes]) => (isUtf8(bytes) ? [[key, bytes.toString()]] : []));
  return { ...data, ...Object.fromEntries(texts) };
}
