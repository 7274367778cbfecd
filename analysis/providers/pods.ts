/** Reads counters from the pods' own /metrics endpoints, through the API server. */
import { beginningOf } from "../../border/body.ts";
import { oneLine } from "../../border/foreign-text.ts";
import { nameInPath, pathBelow, pathOf } from "../../border/path.ts";
import { pollingDefaults } from "../defaults.ts";
import type { MetricSource, Pod } from "../reading.ts";
import { type Exposition, readExposition } from "./exposition.ts";
import { countersOf, type Metrics, wantedOf } from "./metrics.ts";
import { timeSlice } from "./time-slice.ts";

/**
 * Sends a GET request to the API server and returns the answer as a stream, with any status.
 *
 * @param limit maximum size of the text in bytes; reading more throws
 * @throws if there is no answer, or the signal aborts the request
 */
export type Ask = (
  path: string,
  signal: AbortSignal,
  limit: number,
) => Promise<{ readonly status: number; readonly type?: string; readonly text: AsyncIterable<string> }>;

/** Characters of an error answer that are searched for its reason. */
const reasonCharacters = 64 * 1024;

/** Arguments of {@link podSource}. */
export interface PodSourceArgs {
  readonly ask: Ask;
  readonly namespace: string;
  /** Names of the metrics. @default the usual names, see `Metrics` */
  readonly metrics?: Metrics;
  /** Port of the metrics: a number, or the name of a container's port. @default the annotation `prometheus.io/port`, else the port named "metrics", else the first one */
  readonly port?: number | string;
  /** Path of the metrics. @default the annotation `prometheus.io/path`, else "/metrics" */
  readonly path?: string;
  /** Timeout of one pod, in seconds. @default 2 */
  readonly timeoutSeconds?: number;
}

/**
 * A source that reads the pods' own /metrics through the API server. It needs only a kubeconfig: no monitoring system and no
 * route into the pod network. Pods that are not ready are read too, because their errors count.
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
        await timeSlice();
        const { samples, wrong } = countersOf(metrics, page.series, {
          declared: page.declared,
          ...(pod.grpc !== undefined && { servesGrpc: pod.grpc }),
        });
        // What a label leaves out are the routine requests; a worker's items are none.
        const routine =
          metrics.without || metrics.requests === false ? undefined : { perReading: 1, perSecond: pod.probes ?? [] };
        return {
          ...target,
          ...(samples && { samples, ...(routine && { routine }) }),
          ...(wrong !== undefined && { problem: `${name} ${wrong}.` }),
        };
      }),
  };
}

/** The API server's path to a pod's metrics. */
function scrapeOf(pod: Pod, args: PodSourceArgs): { path: string } | { wrong: string } {
  const annotation = (name: string) => pod.annotations[`prometheus.io/${name}`];
  if (annotation("scrape") === "false" && args.port === undefined) {
    return {
      wrong:
        "is annotated prometheus.io/scrape: false: set the port of its metrics with --pod-port, or read them from --prometheus",
    };
  }
  const wanted = args.port ?? annotation("port");
  const port = portOf(pod, wanted);
  if (port === undefined) {
    const lacks = wanted === undefined ? "has no port" : `has no port ${oneLine(String(wanted))}`;
    return { wrong: `${lacks}: set the port of its metrics with --pod-port or the annotation prometheus.io/port` };
  }
  const scheme = annotation("scheme") || "http";
  if (scheme !== "http" && scheme !== "https") {
    return { wrong: `is annotated prometheus.io/scheme: ${oneLine(scheme)}: only http and https can be read` };
  }
  try {
    const scrape = `${scheme === "https" ? "https:" : ""}${nameInPath(pod.name)}:${port}`;
    const proxy = pathOf("api", "v1", "namespaces", args.namespace, "pods", scrape, "proxy");
    return { path: proxy + pathBelow(args.path ?? annotation("path") ?? "/metrics") };
  } catch (error) {
    const help = "set the path of its metrics with --metrics-path or the annotation prometheus.io/path";
    return { wrong: `is not read, because ${oneLine((error as Error).message)}: ${help}` };
  }
}

/** A port by its number or name. Without a wanted port it is the one named "metrics", or else the first. */
function portOf({ ports }: Pod, wanted: number | string | undefined): number | undefined {
  if (wanted === undefined) return (ports.find(({ name }) => name === "metrics") ?? ports[0])?.containerPort;
  // The API server's proxy accepts only numbers as ports of a pod.
  if (!/^\d+$/.test(String(wanted))) return ports.find(({ name }) => name === wanted)?.containerPort;
  return Number(wanted) >= 1 && Number(wanted) <= 65_535 ? Number(wanted) : undefined;
}

/**
 * The answer of a pod.
 *
 * @returns its metrics; or `wrong`, the error in them as the rest of a sentence; or `refused`, why there are none, as the rest
 *   of a sentence whose subject is the pod
 */
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
    if (limit.aborted) return { refused: `did not answer completely within ${seconds} s` };
    return { refused: `cannot be read: ${oneLine((error as Error).message).replace(/\.$/, "")}` };
  }
}

/** Describes an answer other than 200, from the API server or from the pod. */
function refusal(status: number, text: string): string {
  const message = oneLine(messageOf(text));
  if (status === 403) {
    return `may not be read through the API server (${message}): see docs/reference/rbac.md of gray-release for the permissions needed`;
  }
  if (status === 404 && /^pods ".*" not found$/.test(message)) return "is gone";
  return `answers ${status} instead of its metrics (${message})`;
}

function messageOf(text: string): string {
  try {
    const { message } = JSON.parse(text) as { message?: unknown };
    if (typeof message === "string") return message;
  } catch {
    // Not JSON, so the answer comes from the pod.
  }
  return text.trim().split("\n")[0]?.slice(0, 80) || "no reason given";
}

/**
 * Applies `work` to all items, at most `atOnce` at the same time.
 *
 * @returns the results in the order of the items
 * @example await inTurn([1, 2, 3], 2, async (each) => each * 2) // [2, 4, 6]
 */
export async function inTurn<T, R>(all: readonly T[], atOnce: number, work: (each: T) => Promise<R>): Promise<R[]> {
  const results: R[] = [];
  let next = 0;
  const worker = async () => {
    for (let index = next++; index < all.length; index = next++) results[index] = await work(all[index] as T);
  };
  await Promise.all(Array.from({ length: Math.min(atOnce, all.length) }, worker));
  return results;
}
