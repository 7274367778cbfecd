/** Finds the cluster and its credentials in a kubeconfig or, inside a pod, in its service account. */

import { existsSync, readFileSync } from "node:fs";
import { homedir } from "node:os";
import { delimiter, dirname, join, resolve } from "node:path";
import { load } from "js-yaml";
import * as v from "valibot";
import type { AccessArgs } from "../components/access.ts";
import { keyed, understand } from "../components/schema.ts";
import { UserError } from "../components/user-error.ts";
import type { Access } from "./access.ts";
import { Unreachable } from "./api-error.ts";
import { CredentialPlugin, pluginLimit, pluginSchema } from "./credential-plugin.ts";

/** Entries of which only the chosen ones are read, as kubectl does: a fault in another concerns no one. */
const entries = v.nullish(v.array(v.looseObject({ name: v.string() })));
/** A field that would give other rights than kubectl's if it were ignored. */
const unsupported = (advice: string) =>
  v.optional(
    v.pipe(
      v.unknown(),
      v.check((value) => !value, `is not supported: ${advice}`),
    ),
  );
const user = keyed(
  v.object({
    token: v.optional(v.string()),
    tokenFile: v.optional(v.string()),
    "client-certificate": v.optional(v.string()),
    "client-certificate-data": v.optional(v.string()),
    "client-key": v.optional(v.string()),
    "client-key-data": v.optional(v.string()),
    exec: v.optional(pluginSchema),
    as: v.optional(v.string()),
    "as-uid": v.optional(v.string()),
    "as-groups": v.nullish(v.array(v.string())),
    "as-user-extra": v.nullish(v.record(v.string(), v.array(v.string()))),
    username: unsupported("use a token, a client certificate or exec"),
    password: unsupported("use a token, a client certificate or exec"),
    "auth-provider": unsupported("use the exec plugin that has taken its place"),
  }),
);
const cluster = v.object({
  server: v.pipe(v.string(), v.url("must be an address, like https://10.0.0.1:6443")),
  "certificate-authority": v.optional(v.string()),
  "certificate-authority-data": v.optional(v.string()),
  "insecure-skip-tls-verify": v.optional(v.boolean()),
  "tls-server-name": v.optional(v.string()),
  "proxy-url": v.optional(v.string()),
  extensions: v.nullish(v.array(v.object({ name: v.string(), extension: v.unknown() }))),
});
/** The extension of a cluster that credential plugins get (client.authentication.k8s.io, `spec.cluster.config`). */
const pluginExtension = "client.authentication.k8s.io/exec";
const context = v.object({ cluster: v.string(), user: v.nullish(v.string()) });
const file = keyed(
  v.object({
    "current-context": v.nullish(v.string()),
    clusters: entries,
    users: entries,
    contexts: entries,
  }),
);

type User = v.InferOutput<typeof user>;
type Cluster = v.InferOutput<typeof cluster>;
type Found<T> = { readonly value: T; readonly folder: string };

const serviceAccount = "/var/run/secrets/kubernetes.io/serviceaccount";

/**
 * Finds the cluster. Sends no request.
 *
 * @param chosen kubeconfig, context and cluster. @default those of the environment
 * @param chosen.pluginLimit longest run of a credential plugin, in milliseconds. @default 30 000
 * @throws UserError if there is no cluster, or the kubeconfig cannot be understood
 */
export function findAccess(chosen: AccessArgs & { readonly pluginLimit?: number } = {}): Access {
  const sources = kubeconfigs(chosen.kubeconfig);
  if (sources.length === 0) return inPod();
  const texts = sources.map(({ text, origin, folder }) => ({ parsed: parse(text, origin), folder }));
  const where = sources.map((source) => source.origin).join(", ");
  const name = chosen.context ?? texts.map((text) => text.parsed["current-context"]).find((current) => current);
  if (!name)
    throw new UserError(`The kubeconfig ${where} has no current-context: choose one with kubectl config use-context.`);
  const pick = <S extends v.GenericSchema>(
    kind: "contexts" | "clusters" | "users",
    field: string,
    schema: S,
    wanted: string,
  ): Found<v.InferOutput<S>> => {
    for (const { parsed, folder } of texts) {
      const entry = parsed[kind]?.find((candidate) => candidate.name === wanted);
      if (entry)
        return {
          value: understood(schema, () => entry[field], `${where} has the ${field} "${wanted}", which`),
          folder,
        };
    }
    throw new UserError(
      `The kubeconfig ${where} has no entry "${wanted}" under ${kind}: correct the context or add the entry.`,
    );
  };
  const { value: chosenContext } = pick("contexts", "context", context, name);
  const clusterName = chosen.cluster ?? chosenContext.cluster;
  const found = pick("clusters", "cluster", cluster, clusterName);
  if (found.value["proxy-url"]) {
    throw new UserError(
      `The cluster "${clusterName}" in ${where} has a proxy-url, which is not supported: use a direct server address.`,
    );
  }
  const ca = material(found, "certificate-authority-data", "certificate-authority");
  // Without a user kubectl is anonymous.
  const of: Found<User> = chosenContext.user
    ? pick("users", "user", v.nullish(user, {}), chosenContext.user)
    : { value: {}, folder: found.folder };
  const impersonation = impersonationOf(of.value, where);
  return {
    context: name,
    server: new URL(found.value.server),
    ...(ca !== undefined && { ca }),
    skipTlsVerify: found.value["insecure-skip-tls-verify"] ?? false,
    ...(found.value["tls-server-name"] !== undefined && { serverName: found.value["tls-server-name"] }),
    ...(impersonation && { impersonation }),
    ...credentialsOf(of, found.value, ca, chosen.pluginLimit ?? pluginLimit),
  };
}

/**
 * The headers by which the API server lets a user act as another
 * (https://kubernetes.io/docs/reference/access-authn-authz/authentication/#user-impersonation).
 */
function impersonationOf(found: User, where: string): Access["impersonation"] {
  const { as, "as-uid": uid, "as-groups": groups, "as-user-extra": extra } = found;
  if (!as) {
    if (!(uid || groups?.length || Object.keys(extra ?? {}).length > 0)) return undefined;
    throw new UserError(
      `The kubeconfig ${where} has a user with as-uid, as-groups or as-user-extra, and without as: add the user to act as.`,
    );
  }
  return {
    "impersonate-user": as,
    ...(uid && { "impersonate-uid": uid }),
    ...(groups?.length && { "impersonate-group": groups }),
    ...Object.fromEntries(
      Object.entries(extra ?? {}).map(([key, values]) => [`impersonate-extra-${encodeURIComponent(key)}`, values]),
    ),
  };
}

function kubeconfigs(chosen: string | undefined): { text: string; origin: string; folder: string }[] {
  if (chosen !== undefined && /^\s*\{|\n/.test(chosen))
    return [{ text: chosen, origin: "given as text", folder: process.cwd() }];
  const fromEnvironment = chosen ?? process.env.KUBECONFIG;
  const paths = fromEnvironment
    ? fromEnvironment.split(delimiter).filter(Boolean).map(expanded)
    : [join(homedir(), ".kube", "config")];
  const present = paths.filter((path) => existsSync(path));
  if (present.length === 0 && fromEnvironment) {
    const advice = chosen === undefined ? "set KUBECONFIG to one that does" : "correct its path";
    // Text that is not a path may be a kubeconfig in base64, as some clouds hand it out. It holds secrets, so it is not shown.
    const isPath = fromEnvironment.length < 300 && /[/.~]/.test(fromEnvironment);
    throw new UserError(
      isPath
        ? `The kubeconfig ${fromEnvironment} does not exist: ${advice}.`
        : "The kubeconfig that was given is neither the path of a file nor a kubeconfig as text: correct it, and decode it if it is in base64.",
    );
  }
  return present.map((path) => ({ text: readFileSync(path, "utf8"), origin: path, folder: dirname(resolve(path)) }));
}

/** Expands `~`, as Pulumi's provider for Kubernetes does, since no shell has expanded it. */
function expanded(path: string): string {
  return path.replace(/^~(?=\/|$)/, homedir());
}

function parse(text: string, origin: string): v.InferOutput<typeof file> {
  return understood(file, () => load(text), origin);
}

function understood<S extends v.GenericSchema>(schema: S, read: () => unknown, origin: string): v.InferOutput<S> {
  try {
    return understand(schema, read());
  } catch (error) {
    const [why] = (error as Error).message.split("\n");
    throw new UserError(
      `The kubeconfig ${origin} cannot be understood (${why}): correct it or choose another with KUBECONFIG.`,
    );
  }
}

function inPod(): Access {
  const { KUBERNETES_SERVICE_HOST: host, KUBERNETES_SERVICE_PORT: port } = process.env;
  if (!host || !existsSync(`${serviceAccount}/token`)) {
    throw new UserError(
      "No cluster was found: set KUBECONFIG to the path of your kubeconfig, or, in a checkout of gray-release, start the sandbox with npm run sandbox -- up.",
    );
  }
  // The kubelet replaces the token long before it expires.
  const tokenOf = () => contentOf(`${serviceAccount}/token`).trim();
  return {
    server: new URL(`https://${host.includes(":") ? `[${host}]` : host}:${port ?? 443}`),
    ca: readFileSync(`${serviceAccount}/ca.crt`, "utf8"),
    skipTlsVerify: false,
    credentials: async () => ({ token: tokenOf() }),
    renew: ({ token }) => tokenOf() !== token,
  };
}

function material<T>({ value, folder }: Found<T>, data: keyof T, path: keyof T): string | undefined {
  if (value[data]) return Buffer.from(String(value[data]), "base64").toString();
  return value[path] ? contentOf(resolve(folder, String(value[path]))) : undefined;
}

/** Reads a file that a kubeconfig names. */
function contentOf(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    throw new Unreachable(
      `The file ${path} that the kubeconfig names cannot be read (${(error as Error).message}): correct the kubeconfig, or log in again.`,
    );
  }
}

/** A cluster as credential plugins get it. */
function targetOf(target: Cluster, ca: string | undefined): Readonly<Record<string, unknown>> {
  const { server, "tls-server-name": name, "insecure-skip-tls-verify": skips, extensions } = target;
  return {
    server,
    "tls-server-name": name,
    "insecure-skip-tls-verify": skips,
    "certificate-authority-data": ca && Buffer.from(ca).toString("base64"),
    config: extensions?.find((each) => each.name === pluginExtension)?.extension,
  };
}

/** The credentials of a kubeconfig's user. */
function credentialsOf(
  found: Found<User>,
  target: Cluster,
  ca: string | undefined,
  limit: number,
): Pick<Access, "credentials" | "renew"> {
  const { value, folder } = found;
  if (value.exec) {
    const plugin = new CredentialPlugin({ ...value.exec, folder, target: targetOf(target, ca), limit });
    return { credentials: (signal) => plugin.credentials(signal), renew: (refused) => plugin.renew(refused) };
  }
  const certificate = material(found, "client-certificate-data", "client-certificate");
  const key = material(found, "client-key-data", "client-key");
  const tokenOf = () => (value.tokenFile ? contentOf(resolve(folder, value.tokenFile)).trim() : value.token);
  return {
    credentials: async () => {
      const token = tokenOf();
      return {
        ...(token !== undefined && { token }),
        ...(certificate !== undefined && { certificate }),
        ...(key !== undefined && { key }),
      };
    },
    // The file may hold a new token.
    renew: ({ token }) => tokenOf() !== token,
  };
}
