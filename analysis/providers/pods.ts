import { beginningOf } from "../../border/body.ts";
import { oneLine } from "../../border/foreign-text.ts";
import { nameInPath, pathBelow, pathOf } from "../../border/path.ts";
import { pollingDefaults } from "../defaults.ts";
import type { MetricSource, Pod } from "../reading.ts";
import { type Exposition, readExposition } from "./exposition.ts";
import { countersOf, type Metrics, wantedOf } from "./metrics.ts";
import { turn } from "./turn.ts";

/**
 * Asks the API server for a path and gives its answer as it comes, whatever the status.
 *
 * @param limit bytes of the text, which throws beyond them
 * @throws if there is none, or the signal ends it
 */
export type Ask = (
  path: string,
  signal: AbortSignal,
  limit: number,
) => Promise<{ readonly status: number; readonly type?: string; readonly text: AsyncIterable<string> }>;

/** Characters of an answer without metrics among which its reason is looked for. */
const reasonCharacters = 64 * 1024;

export interface PodSourceArgs {
  readonly ask: Ask;
  readonly namespace: string;
  /** @default the usual names */
  readonly metrics?: Metrics;
  /** A number, or the name of a container's port. @default the annotation `prometheus.io/port`, else the port named "metrics", else the first one */
  readonly port?: number | string;
  /** @default the annotation `prometheus.io/path`, else "/metrics" */
  readonly path?: string;
  /** Seconds that one pod may take. @default 2 */
  readonly timeoutSeconds?: number;
}

/**
 * Reads the pods' own /metrics through the API server, so that nothing but a kubeconfig is needed: no monitoring system, no
 * route into the pod network. Pods that are not ready are read as well: their last errors count.
 *
 * @example podSource({ ask: cluster.stream, namespace: "dora-apps" })
 */
export function podSource(args: PodSourceArgs): MetricSource {
  const { metrics = {} } = args;
  return {
    describe: () => "read from the pods' own metrics",
    read: (pods, signal) =>
      inTurn(pods, pollingDefaults.podsAtOnce, async (pod) => {
        const target = { target: pod.name, release: pod.release };
        const name = oneLine(pod.name);
        const scrape = scrapeOf(pod, args);
        if ("wrong" in scrape) return { ...target, problem: `${name} ${scrape.wrong}.` };
        const page = await ask(args, scrape.path, signal);
        if ("refused" in page) return { ...target, problem: `${name} ${page.refused}.` };
        if ("wrong" in page) {
          return { ...target, problem: `The metrics of ${name} cannot be used: the answer ${page.wrong}.` };
        }
        await turn();
        const { samples, wrong } = countersOf(metrics, page.series, { declared: page.declared });
        return { ...target, ...(samples && { samples }), ...(wrong !== undefined && { problem: `${name} ${wrong}.` }) };
      }),
  };
}

/** Where a pod's metrics are, as a path of the API server. */
function scrapeOf(pod: Pod, args: PodSourceArgs): { path: string } | { wrong: string } {
  const said = (what: string) => pod.annotations[`prometheus.io/${what}`];
  if (said("scrape") === "false" && args.port === undefined) {
    return {
      wrong:
        "is annotated prometheus.io/scrape: false: name the port of its metrics with --pod-port, or read them from --prometheus",
    };
  }
  const wanted = args.port ?? said("port");
  const port = portOf(pod, wanted);
  if (port === undefined) {
    const lacks = wanted === undefined ? "has no port" : `has no port ${oneLine(String(wanted))}`;
    return { wrong: `${lacks}: say where its metrics are, with --pod-port or its annotation prometheus.io/port` };
  }
  const scheme = said("scheme") || "http";
  if (scheme !== "http" && scheme !== "https") {
    return { wrong: `is annotated prometheus.io/scheme: ${oneLine(scheme)}: only http and https can be read` };
  }
  try {
    const scrape = `${scheme === "https" ? "https:" : ""}${nameInPath(pod.name)}:${port}`;
    const proxy = pathOf("api", "v1", "namespaces", args.namespace, "pods", scrape, "proxy");
    return { path: proxy + pathBelow(args.path ?? said("path") ?? "/metrics") };
  } catch (error) {
    const help = "name the path of its metrics with --metrics-path or its annotation prometheus.io/path";
    return { wrong: `is not read, because ${oneLine((error as Error).message)}: ${help}` };
  }
}

/** A port by its number or name; where none is wanted, the one named "metrics", or the first. */
function portOf({ ports }: Pod, wanted: number | string | undefined): number | undefined {
  if (wanted === undefined) return (ports.find(({ name }) => name === "metrics") ?? ports[0])?.containerPort;
  // The API server knows the ports of a pod by their numbers alone.
  if (!/^\d+$/.test(String(wanted))) return ports.find(({ name }) => name === wanted)?.containerPort;
  return Number(wanted) >= 1 && Number(wanted) <= 65_535 ? Number(wanted) : undefined;
}

/** What a pod answers: its metrics, what is wrong with them, or why there are none as the rest of a sentence that begins with the pod. */
async function ask(
  args: PodSourceArgs,
  path: string,
  signal: AbortSignal,
): Promise<Exposition | { readonly wrong: string } | { readonly refused: string }> {
  const seconds = args.timeoutSeconds ?? pollingDefaults.podTimeoutSeconds;
  const limit = AbortSignal.timeout(seconds * 1000);
  try {
    const { status, type, text } = await args.ask(path, AbortSignal.any([signal, limit]), pollingDefaults.pageBytes);
    if (status !== 200) return { refused: refusal(status, await beginningOf(text, reasonCharacters)) };
    return await readExposition(text, wantedOf(args.metrics ?? {}), type);
  } catch (error) {
    if (signal.aborted) return { refused: "was not read in time" };
    if (limit.aborted) return { refused: `gave no whole answer within ${seconds} s` };
    return { refused: `cannot be read: ${oneLine((error as Error).message).replace(/\.$/, "")}` };
  }
}

/** The API server's own words, or those of the pod behind it. */
function refusal(status: number, text: string): string {
  const said = oneLine(messageOf(text));
  if (status === 403) {
    return `may not be read through the API server (${said}): docs/rbac.md of gray-release says what is needed`;
  }
  if (status === 404 && /^pods ".*" not found$/.test(said)) return "is gone";
  return `answers ${status} instead of its metrics (${said})`;
}

function messageOf(text: string): string {
  try {
    const { message } = JSON.parse(text) as { message?: unknown };
    if (typeof message === "string") return message;
  } catch {
    // Not from the API server.
  }
  return text.trim().split("\n")[0]?.slice(0, 80) || "no reason given";
}

/** What comes of each, in order, at most so many at a time. */
export async function inTurn<T, R>(all: readonly T[], atOnce: number, work: (each: T) => Promise<R>): Promise<R[]> {
  const results: R[] = [];
  let next = 0;
  const worker = async () => {
    for (let index = next++; index < all.length; index = next++) results[index] = await work(all[index] as T);
  };
  await Promise.all(Array.from({ length: Math.min(atOnce, all.length) }, worker));
  return results;
}
