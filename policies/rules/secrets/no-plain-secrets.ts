import { isUtf8 } from "node:buffer";
import { called, type KubernetesObject, serviceOf } from "../../engine/declared.ts";
import { plainSecretsSettings } from "../../engine/defaults.ts";
import { adoptedExample, configMap, container, deployment, kubernetes } from "../../engine/examples.ts";
import { containersOf } from "../../engine/pods.ts";
import type { Rule } from "../../engine/rule.ts";
import { secretAmong } from "../../engine/secrets.ts";

/**
 * Everyone who may read pods can read ConfigMaps and variables. They are also part of the release and of Pulumi's state, and
 * stay in the history of both. The rule finds secrets by the names of variables and settings, and by the formats of known
 * credentials. It never prints a secret.
 */
export const noPlainSecrets: Rule<typeof plainSecretsSettings> = {
  name: "no-plain-secrets",
  description: "No ConfigMap and no variable of a container contains a secret in plain text.",
  severity: "critical",
  remediation:
    "Move the value to a Secret and refer to it (valueFrom.secretKeyRef, or a volume); then rotate it, because others could read it.",
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
          : [`${called(one)} has ${found} in ${key}, but secrets do not belong there: ${instead}.`];
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
          : [`${called} has ${found} in the variable ${name}, but secrets do not belong there: ${instead}.`];
      }),
    );
  },
  examples: {
    allowed: [
      adoptedExample,
      { name: "the config files and variables of fop-gate", resources: [configMap("config"), deployment("stable")] },
      {
        name: "a reference to a Secret, and placeholders for secrets",
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
        name: "a Secret with a password",
        resources: [kubernetes("core/v1:Secret", "fop-gate-db", { data: { password: "aHVudGVyMjI=" } })],
      },
      {
        name: "numbers, paths, and names that only resemble those of secrets",
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
        name: "a variable that the team allows",
        resources: [container("fop-gate", { env: [{ name: "PUBLIC_TOKEN", value: "pk-1234567" }] })],
        settings: { allowed: ["PUBLIC_TOKEN"] },
      },
      {
        name: "a key in a file that the team allows",
        resources: [configMap("config", { data: { "web.json": '{"web":{"site-token":"pk-1234567"}}' } })],
        settings: { allowed: ["site-token"] },
      },
    ],
    disallowed: [
      {
        name: "a password in a config file",
        resources: [configMap("config", { data: { "fop-gate.conf": "listen=:8080\ndb.password = hunter22\n" } })],
        message:
          /^ConfigMap dora-apps\/fop-gate-config-[0-9a-f]{10} has the value of db\.password in fop-gate\.conf, but secrets do not belong there: refer to a Secret instead\.$/,
      },
      {
        name: "a private key",
        resources: [configMap("config", { data: { "tls.pem": "-----BEGIN RSA PRIVATE KEY-----\nMIIE" } })],
        message: /has a private key in tls\.pem/,
      },
      {
        name: "a password in a variable",
        resources: [container("fop-gate", { env: [{ name: "DB_PASSWORD", value: "hunter22" }] })],
        message:
          /^Deployment dora-apps\/fop-gate, container fop-gate has the value of DB_PASSWORD in the variable DB_PASSWORD/,
      },
      {
        name: "a URL with a password, in the log agent",
        resources: [container("log-agent", { env: [{ name: "SINK", value: "https://agent:hunter22@logs.example" }] })],
        message: /container log-agent has an address with a password in the variable SINK/,
      },
      {
        name: "an access key of a cloud",
        resources: [container("fop-gate", { env: [{ name: "ID", value: `AKIA${"X".repeat(16)}` }] })],
        message: /has an access key of AWS/,
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
        name: `a secret in a variable named ${name}`,
        resources: [container("fop-gate", { env: [{ name, value: "hunter22" }] })],
        message: new RegExp(`has the value of ${name} in the variable ${name}`),
      })),
      ...[
        ["JSON on one line", '{"password":"hunter22"}'],
        ["JSON with more than one level", '{"db":{"hosts":["a","b"],"password":"hunter22"}}'],
        ["JSON that has a key twice", '{"a":1,"a":2,"db":{"password":"hunter22"}}'],
        ["an item of a list in YAML", "users:\n- password: hunter22\n"],
        ["a list in YAML", "password: [hunter22]\n"],
        ["an item of a list in a template of YAML", "- user: {{ user }}:\n- password: hunter22\n"],
        ["the second document of a file", "a: 1\n---\npassword: hunter22\n"],
        ["a file in a file", "web.conf: |\n  listen=:8080\n  password=hunter22\n"],
        ["YAML that refers to itself", "all: &all\n  again: *all\n  password: hunter22\n"],
      ].map(([name = "", text]) => ({
        name: `a password in ${name}`,
        resources: [configMap("config", { data: { "web.conf": text } })],
        message: /has the value of password in web\.conf/,
      })),
      {
        name: "a password in base64",
        resources: [configMap("config", { binaryData: { "web.conf": "cGFzc3dvcmQ9aHVudGVyMjI=" } })],
        message: /has the value of password in web\.conf/,
      },
      {
        name: "a file with a password as a variable",
        resources: [container("fop-gate", { env: [{ name: "CONFIG", value: '{"password":"hunter22"}' }] })],
        message: /has the value of password in the variable CONFIG/,
      },
    ],
  },
};

/** The text values of a ConfigMap by key; binary values that are not UTF-8 are left out. */
function textsOf({ fields }: KubernetesObject): Record<string, string> {
  const { data = {}, binaryData = {} } = fields as Partial<Record<"data" | "binaryData", Record<string, string>>>;
  const decoded = Object.entries(binaryData).map(([key, encoded]) => [key, Buffer.from(encoded, "base64")] as const);
  const texts = decoded.flatMap(([key, bytes]) => (isUtf8(bytes) ? [[key, bytes.toString()]] : []));
  return { ...data, ...Object.fromEntries(texts) };
}
