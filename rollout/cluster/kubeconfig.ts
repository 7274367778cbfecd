import { execFile } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { homedir } from "node:os";
import { delimiter, dirname, join, resolve } from "node:path";
import { promisify } from "node:util";
import { load } from "js-yaml";
import * as v from "valibot";
import { Refusal } from "../../components/refusal.ts";
import { keyed, understand } from "../../components/schema.ts";

/**
 * The cluster that program, gate and `gray` all talk to, found as kubectl finds it: the files of KUBECONFIG or
 * ~/.kube/config and their current context, or the service account of the pod this runs in. The provider for Kubernetes
 * gets the same answer.
 *
 * Not a client library's work: the common one takes 85 MB and 0.4 s of every `pulumi up` (docs/decisions.md).
 */
export interface Access {
  /** The context, given to the provider so that it cannot choose another; absent inside a pod. */
  readonly context?: string;
  /** Set where a kubeconfig was named explicitly; else the provider looks where this did. */
  readonly kubeconfig?: string;
  readonly server: URL;
  readonly ca?: string;
  readonly skipTlsVerify: boolean;
  readonly serverName?: string;
  /** What proves who we are, fetched when a request needs it, because a token may have been renewed. */
  readonly credentials: () => Promise<Credentials>;
}

export interface Credentials {
  readonly token?: string;
  readonly certificate?: string;
  readonly key?: string;
}

const named = <S extends v.GenericSchema>(field: string, value: S) =>
  v.nullish(v.array(v.object({ name: v.string(), [field]: value })));
const exec = v.object({
  apiVersion: v.string(),
  command: v.string(),
  args: v.nullish(v.array(v.string())),
  env: v.nullish(v.array(v.object({ name: v.string(), value: v.string() }))),
  provideClusterInfo: v.nullish(v.boolean()),
});
const user = keyed(
  v.object({
    token: v.optional(v.string()),
    tokenFile: v.optional(v.string()),
    "client-certificate": v.optional(v.string()),
    "client-certificate-data": v.optional(v.string()),
    "client-key": v.optional(v.string()),
    "client-key-data": v.optional(v.string()),
    exec: v.optional(exec),
  }),
);
const cluster = v.object({
  server: v.pipe(v.string(), v.url("must be an address, like https://10.0.0.1:6443")),
  "certificate-authority": v.optional(v.string()),
  "certificate-authority-data": v.optional(v.string()),
  "insecure-skip-tls-verify": v.optional(v.boolean()),
  "tls-server-name": v.optional(v.string()),
  "proxy-url": v.optional(v.string()),
});
const context = v.object({ cluster: v.string(), user: v.string() });
const file = keyed(
  v.object({
    "current-context": v.nullish(v.string()),
    clusters: named("cluster", cluster),
    users: named("user", user),
    contexts: named("context", context),
  }),
);

type User = v.InferOutput<typeof user>;
type Cluster = v.InferOutput<typeof cluster>;
type Found<T> = { readonly value: T; readonly folder: string };

const serviceAccount = "/var/run/secrets/kubernetes.io/serviceaccount";

/**
 * Finds the cluster.
 *
 * @param chosen.kubeconfig path or content of a kubeconfig. @default KUBECONFIG, else ~/.kube/config
 * @param chosen.context @default the kubeconfig's current context
 * @throws Refusal if there is none, or it cannot be understood
 */
export function findAccess(chosen: { kubeconfig?: string | undefined; context?: string | undefined } = {}): Access {
  const sources = kubeconfigs(chosen.kubeconfig);
  if (sources.length === 0) return inPod();
  const texts = sources.map(({ text, origin, folder }) => ({ parsed: parse(text, origin), folder }));
  const where = sources.map((source) => source.origin).join(", ");
  const name = chosen.context ?? texts.map((text) => text.parsed["current-context"]).find((current) => current);
  if (!name)
    throw new Refusal(`The kubeconfig ${where} has no current-context: choose one with kubectl config use-context.`);
  const pick = <T>(kind: "contexts" | "clusters" | "users", field: string, wanted: string): Found<T> => {
    for (const { parsed, folder } of texts) {
      const entry = parsed[kind]?.find((candidate) => candidate.name === wanted) as Record<string, unknown> | undefined;
      if (entry) return { value: entry[field] as T, folder };
    }
    throw new Refusal(
      `The kubeconfig ${where} has no entry "${wanted}" under ${kind}: correct the context or add the entry.`,
    );
  };
  const { value: chosenContext } = pick<v.InferOutput<typeof context>>("contexts", "context", name);
  const found = pick<Cluster>("clusters", "cluster", chosenContext.cluster);
  if (found.value["proxy-url"]) {
    throw new Refusal(
      `The cluster "${chosenContext.cluster}" in ${where} has a proxy-url, which is not supported: use a direct server address.`,
    );
  }
  const ca = material(found, "certificate-authority-data", "certificate-authority");
  return {
    context: name,
    ...(chosen.kubeconfig !== undefined && { kubeconfig: chosen.kubeconfig }),
    server: new URL(found.value.server),
    ...(ca !== undefined && { ca }),
    skipTlsVerify: found.value["insecure-skip-tls-verify"] ?? false,
    ...(found.value["tls-server-name"] !== undefined && { serverName: found.value["tls-server-name"] }),
    credentials: credentialsOf(pick<User>("users", "user", chosenContext.user), found.value, ca),
  };
}

function kubeconfigs(chosen: string | undefined): { text: string; origin: string; folder: string }[] {
  if (chosen !== undefined && /^\s*\{|\n/.test(chosen))
    return [{ text: chosen, origin: "given as text", folder: process.cwd() }];
  const fromEnvironment = chosen ?? process.env.KUBECONFIG;
  const paths = fromEnvironment
    ? fromEnvironment.split(delimiter).filter(Boolean)
    : [join(homedir(), ".kube", "config")];
  const present = paths.filter((path) => existsSync(path));
  if (present.length === 0 && fromEnvironment) {
    throw new Refusal(`The kubeconfig ${fromEnvironment} does not exist: set KUBECONFIG to one that does.`);
  }
  return present.map((path) => ({ text: readFileSync(path, "utf8"), origin: path, folder: dirname(resolve(path)) }));
}

function parse(text: string, origin: string): v.InferOutput<typeof file> {
  try {
    return understand(file, load(text));
  } catch (error) {
    const [why] = (error as Error).message.split("\n");
    throw new Refusal(
      `The kubeconfig ${origin} cannot be understood (${why}): correct it or choose another with KUBECONFIG.`,
    );
  }
}

function inPod(): Access {
  const { KUBERNETES_SERVICE_HOST: host, KUBERNETES_SERVICE_PORT: port } = process.env;
  if (!host || !existsSync(`${serviceAccount}/token`)) {
    throw new Refusal(
      "There is no cluster to talk to: set KUBECONFIG, or start the sandbox with npm run sandbox -- up.",
    );
  }
  return {
    server: new URL(`https://${host.includes(":") ? `[${host}]` : host}:${port ?? 443}`),
    ca: readFileSync(`${serviceAccount}/ca.crt`, "utf8"),
    skipTlsVerify: false,
    credentials: async () => ({ token: readFileSync(`${serviceAccount}/token`, "utf8").trim() }),
  };
}

function material<T>({ value, folder }: Found<T>, data: keyof T, path: keyof T): string | undefined {
  if (value[data]) return Buffer.from(String(value[data]), "base64").toString();
  return value[path] ? contentOf(resolve(folder, String(value[path]))) : undefined;
}

/** A file that a kubeconfig names. */
function contentOf(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    throw new Refusal(
      `The file ${path} that the kubeconfig names cannot be read (${(error as Error).message}): correct the kubeconfig, or log in again.`,
    );
  }
}

function credentialsOf(found: Found<User>, target: Cluster, ca: string | undefined): () => Promise<Credentials> {
  const { value, folder } = found;
  if (value.exec) {
    const plugin = value.exec;
    let latest: ReturnType<typeof fromPlugin> | undefined;
    /** Asks once for all requests that wait, and after a failure again. */
    const ask = () => {
      const asked = fromPlugin(plugin, folder, target, ca);
      latest = asked;
      asked.catch(() => {
        if (latest === asked) latest = undefined;
      });
      return asked;
    };
    return async () => {
      const asked = latest;
      if (asked === undefined) return ask();
      const held = await asked;
      if (held.until > Date.now()) return held;
      return latest === undefined || latest === asked ? ask() : latest;
    };
  }
  const certificate = material(found, "client-certificate-data", "client-certificate");
  const key = material(found, "client-key-data", "client-key");
  return async () => {
    const token = value.tokenFile ? contentOf(resolve(folder, value.tokenFile)).trim() : value.token;
    return {
      ...(token !== undefined && { token }),
      ...(certificate !== undefined && { certificate }),
      ...(key !== undefined && { key }),
    };
  };
}

const execCredential = v.object({
  status: keyed(
    v.object({
      token: v.optional(v.string()),
      clientCertificateData: v.optional(v.string()),
      clientKeyData: v.optional(v.string()),
      expirationTimestamp: v.optional(v.string()),
    }),
  ),
});

/** Runs a credential plugin (client.authentication.k8s.io, KEP-541), as EKS, GKE and AKS need it. */
async function fromPlugin(
  plugin: v.InferOutput<typeof exec>,
  folder: string,
  target: Cluster,
  ca: string | undefined,
): Promise<Credentials & { until: number }> {
  const about = plugin.provideClusterInfo
    ? {
        cluster: {
          server: target.server,
          ...(ca && { "certificate-authority-data": Buffer.from(ca).toString("base64") }),
        },
      }
    : {};
  const info = { apiVersion: plugin.apiVersion, kind: "ExecCredential", spec: { interactive: false, ...about } };
  // As kubectl does: a name is looked up in PATH, a relative path starts at the kubeconfig's folder.
  const command = plugin.command.includes("/") ? resolve(folder, plugin.command) : plugin.command;
  const env = Object.fromEntries((plugin.env ?? []).map(({ name, value }) => [name, value]));
  try {
    const { stdout } = await promisify(execFile)(command, plugin.args ?? [], {
      env: { ...process.env, ...env, KUBERNETES_EXEC_INFO: JSON.stringify(info) },
    });
    const { status } = understand(execCredential, JSON.parse(stdout));
    return {
      ...(status.token !== undefined && { token: status.token }),
      ...(status.clientCertificateData !== undefined && { certificate: status.clientCertificateData }),
      ...(status.clientKeyData !== undefined && { key: status.clientKeyData }),
      until: status.expirationTimestamp ? Date.parse(status.expirationTimestamp) - 10_000 : Number.POSITIVE_INFINITY,
    };
  } catch (error) {
    throw new Refusal(
      `The credential plugin ${plugin.command} of the kubeconfig gave no credentials (${(error as Error).message.split("\n")[0]}): log in again.`,
    );
  }
}
