/**
 * A Prometheus of one's own inside the sandbox, for a test: it scrapes the pods of one namespace as one does in production,
 * with a ServiceAccount that may see pods of that namespace and nothing else. `gray sandbox up --prometheus` starts another.
 */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { api } from "./api.ts";
import { flags, json } from "./components/component.ts";
import { prometheusConfig, prometheusFlags, type Scraping } from "./components/prometheus.ts";
import { readIfThere, SECRET, writeFile } from "./file.ts";
import { startGuest } from "./guest.ts";
import type { Link } from "./link.ts";
import { readOwner, standingPlaces } from "./owner.ts";
import { certificatePath } from "./pki.ts";
import { type Places, places } from "./places.ts";
import { answers } from "./probe.ts";
import { Problem } from "./problem.ts";
import { apiServer } from "./site.ts";
import { onDemandCommand } from "./toolchain.ts";
import { until } from "./wait.ts";

export interface PrometheusOptions extends Scraping {
  readonly namespace: string;
  /** Text of a rules file. @default no rules */
  readonly rules?: string;
  /** @default a free one */
  readonly port?: number;
}

export interface Prometheus {
  /** Reached from the host, and from inside the sandbox. */
  readonly url: string;
  /** Lets it end by itself, and removes its data. */
  stop(): Promise<void>;
  /** Kills it (SIGKILL), and removes its data. */
  kill(): Promise<void>;
}

const ACCOUNT = "gray-sandbox-prometheus";
const TOKEN_SECONDS = 24 * 3600;
const PATIENCE_SECONDS = 30;

/** Resolves when it is ready to answer. Builds Prometheus first where it is not there yet: several minutes, once. */
export async function startPrometheus(options: PrometheusOptions, from: Places = places()): Promise<Prometheus> {
  const at = standingPlaces(from);
  const link = readOwner(at)?.link;
  if (link === undefined) throw new Problem("there is no sandbox here: start one with `npm run sandbox -- up`");
  const command = await onDemandCommand("prometheus", at);
  // In the run folder, which `down` deletes, as it ends every process of the control group.
  const folder = mkdtempSync(join(at.run, "prometheus-"));
  const file = (name: string) => join(folder, name);
  writeFile(file("token"), await accountToken(at, link, options.namespace), SECRET);
  if (options.rules !== undefined) writeFileSync(file("rules.yaml"), options.rules);
  writeFileSync(
    file("config.json"),
    json(
      prometheusConfig(options, {
        server: apiServer(link),
        authority: certificatePath(at, "ca"),
        as: { token: file("token") },
        ...(options.rules !== undefined && { rules: file("rules.yaml") }),
      }),
    ),
  );

  const guest = startGuest(
    "prometheus-of-tests",
    [
      command,
      ...flags(
        prometheusFlags({
          config: file("config.json"),
          data: file("data"),
          address: `${link.node}:${options.port ?? 0}`,
        }),
      ),
    ],
    file("log"),
  );
  const end = async (signal: NodeJS.Signals) => {
    await guest.end(signal);
    rmSync(folder, { recursive: true, force: true });
  };

  let url = "";
  try {
    await until(
      async () => {
        url = listeningUrl(readIfThere(file("log")) ?? "") ?? "";
        return url !== "" && (await answers({ kind: "http", url: `${url}/-/ready` }));
      },
      {
        what: "Prometheus to become ready",
        seconds: PATIENCE_SECONDS,
        check: guest.mustLive,
        onTimeout: guest.diagnostics,
      },
    );
  } catch (error) {
    await end("SIGKILL");
    throw error;
  }
  return { url, stop: () => end("SIGTERM"), kill: () => end("SIGKILL") };
}

/** A token of an account that may list and watch the namespace's pods. */
async function accountToken(at: Places, link: Link, namespace: string): Promise<string> {
  const server = api(at, link);
  const metadata = { name: ACCOUNT, namespace };
  const rbac = `/apis/rbac.authorization.k8s.io/v1/namespaces/${namespace}`;
  const accounts = `/api/v1/namespaces/${namespace}/serviceaccounts`;
  await server.create(accounts, { metadata });
  await server.create(`${rbac}/roles`, {
    metadata,
    rules: [{ apiGroups: [""], resources: ["pods"], verbs: ["get", "list", "watch"] }],
  });
  await server.create(`${rbac}/rolebindings`, {
    metadata,
    roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "Role", name: ACCOUNT },
    subjects: [{ kind: "ServiceAccount", ...metadata }],
  });
  const answer = await server.create(`${accounts}/${ACCOUNT}/token`, {
    apiVersion: "authentication.k8s.io/v1",
    kind: "TokenRequest",
    spec: { expirationSeconds: TOKEN_SECONDS },
  });
  const token = (answer as { status?: { token?: unknown } } | undefined)?.status?.token;
  if (typeof token !== "string") throw new Problem(`the API server gave no token to ${ACCOUNT} in ${namespace}`);
  return token;
}

/** The address that Prometheus says it listens on, from its log: only it knows which port was free. */
export function listeningUrl(log: string): string | undefined {
  for (const line of log.split("\n")) {
    if (!line.includes('"Listening on"')) continue;
    const { address } = JSON.parse(line) as { address?: string };
    if (address !== undefined) return `http://${address}`;
  }
  return undefined;
}
