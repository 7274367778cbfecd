/** Prometheus scrapes pods as one does in production: found through the API server, by their `prometheus.io/*` annotations. */
import { join } from "node:path";
import type { Link } from "../link.ts";
import { certificatePath, keyPath } from "../pki.ts";
import { apiServer, type Site } from "../site.ts";
import { type Component, configFolder, flags, json } from "./component.ts";

const PORT = 9090;

/** Reached from the host, and from inside the sandbox. */
export function prometheusUrl(link: Link): string {
  return `http://${link.node}:${PORT}`;
}

/** The sandbox's own: it sees the pods of every namespace. */
export function prometheus({ places, link, command }: Site, targets: readonly string[]): Component {
  const config = join(configFolder(places), "prometheus.json");
  const access = {
    server: apiServer(link),
    authority: certificatePath(places, "ca"),
    as: { certificate: certificatePath(places, "prometheus"), key: keyPath(places, "prometheus") },
  };
  return {
    name: "prometheus",
    command: [
      command("prometheus"),
      ...flags({
        ...prometheusFlags({ config, data: join(places.state, "prometheus"), address: `${link.node}:${PORT}` }),
        "storage.tsdb.retention.time": "1d",
      }),
    ],
    files: { [config]: json(prometheusConfig({ targets }, access)) },
    ready: () => ({ kind: "http", url: `${prometheusUrl(link)}/-/ready` }),
  };
}

export function prometheusFlags(where: { config: string; data: string; address: string }): Record<string, string> {
  return {
    "config.file": where.config,
    "storage.tsdb.path": where.data,
    "web.listen-address": where.address,
    "log.format": "json",
  };
}

export interface Scraping {
  /** Whose pods are scraped. @default those of every namespace */
  readonly namespace?: string;
  /** Between two scrapes, and two evaluations of the rules. @default 1 */
  readonly intervalSeconds?: number;
  /** Further addresses to scrape at /metrics, `host:port` as seen from inside the sandbox; their own labels win. @default none */
  readonly targets?: readonly string[];
}

/** How it speaks to the API server; all but the address are paths of files. */
interface Access {
  readonly server: string;
  readonly authority: string;
  readonly as: { readonly token: string } | { readonly certificate: string; readonly key: string };
  readonly rules?: string;
}

/** The configuration file, as an object: JSON is YAML. */
export function prometheusConfig(what: Scraping, access: Access): object {
  const interval = `${what.intervalSeconds ?? 1}s`;
  return {
    global: { scrape_interval: interval, scrape_timeout: interval, evaluation_interval: interval },
    ...(access.rules !== undefined && { rule_files: [access.rules] }),
    scrape_configs: [
      {
        job_name: "pods",
        kubernetes_sd_configs: [
          {
            role: "pod",
            api_server: access.server,
            ...(what.namespace !== undefined && { namespaces: { names: [what.namespace] } }),
            ...credentials(access),
          },
        ],
        relabel_configs: PODS_BY_ANNOTATION,
      },
      ...(what.targets?.length
        ? [{ job_name: "targets", honor_labels: true, static_configs: [{ targets: what.targets }] }]
        : []),
    ],
  };
}

function credentials({ authority, as }: Access): object {
  return "token" in as
    ? { authorization: { credentials_file: as.token }, tls_config: { ca_file: authority } }
    : { tls_config: { ca_file: authority, cert_file: as.certificate, key_file: as.key } };
}

const META = "__meta_kubernetes_pod";

/** Every port of a container is a target at first; those of one pod become equal, and equal targets are one. */
const PODS_BY_ANNOTATION = [
  { source_labels: [`${META}_annotation_prometheus_io_scrape`], regex: "true", action: "keep" },
  { source_labels: [`${META}_phase`], regex: "Pending|Succeeded|Failed", action: "drop" },
  { source_labels: [`${META}_annotation_prometheus_io_path`], regex: "(.+)", target_label: "__metrics_path__" },
  {
    source_labels: [`${META}_ip`, `${META}_annotation_prometheus_io_port`],
    separator: ":",
    regex: "(.+:\\d+)",
    target_label: "__address__",
  },
  { source_labels: ["__meta_kubernetes_namespace"], target_label: "namespace" },
  { source_labels: [`${META}_name`], target_label: "pod" },
  ...["app", "track", "release"].map((label) => ({
    source_labels: [`${META}_label_${label}`],
    target_label: label,
  })),
];
