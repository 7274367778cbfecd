import { lookDefaults } from "../defaults.ts";
import type { MetricSource, Pod, UnitReading } from "../reading.ts";
import { parseExposition } from "./exposition.ts";
import { countersOf, type Metrics, seriesNames } from "./metrics.ts";

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

interface TextAnswer {
  readonly status: number;
  readonly text: string;
  /** Its content type, where it has one. */
  readonly type?: string;
}

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
  const names = new Set(seriesNames(args.metrics ?? {}));
  return {
    describe: () => "read from the pods' own metrics",
    read: (pods, signal) =>
      inTurn(pods, lookDefaults.podsAtOnce, async (pod) => {
        const unit = { unit: pod.name, release: pod.release };
        const target = targetOf(pod, args);
        if ("wrong" in target) return { ...unit, problem: `${pod.name} ${target.wrong}.` };
        const answer = await ask(args, target.path, signal);
        if ("wrong" in answer) return { ...unit, problem: `${pod.name} ${answer.wrong}.` };
        return { ...unit, ...understand(pod, args, names, answer) };
      }),
  };
}

/** Where a pod's metrics are, as a path of the API server. */
function targetOf(pod: Pod, args: PodSourceArgs): { path: string } | { wrong: string } {
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
    const lacks = wanted === undefined ? "has no port" : `has no port ${wanted}`;
    return { wrong: `${lacks}: say where its metrics are, with --pod-port or its annotation prometheus.io/port` };
  }
  const target = `${said("scheme") === "https" ? "https:" : ""}${pod.name}:${port}`;
  const path = (args.path ?? said("path") ?? "/metrics").replace(/^\/+/, "");
  return { path: `/api/v1/namespaces/${args.namespace}/pods/${target}/proxy/${path}` };
}

/** A port by its number or name; where none is wanted, the one named "metrics", or the first. */
function portOf({ ports }: Pod, wanted: number | string | undefined): number | string | undefined {
  if (wanted === undefined) return (ports.find(({ name }) => name === "metrics") ?? ports[0])?.containerPort;
  // The API server knows the ports of a pod by their numbers alone.
  return /^\d+$/.test(String(wanted)) ? wanted : ports.find(({ name }) => name === wanted)?.containerPort;
}

async function ask(args: PodSourceArgs, path: string, signal: AbortSignal): Promise<TextAnswer | { wrong: string }> {
  const seconds = args.timeoutSeconds ?? lookDefaults.podTimeoutSeconds;
  const limit = AbortSignal.timeout(seconds * 1000);
  try {
    const { text, ...answer } = await args.ask(path, AbortSignal.any([signal, limit]), lookDefaults.pageBytes);
    const whole = { ...answer, text: await joined(text) };
    return whole.status === 200 ? whole : { wrong: refusal(whole) };
  } catch (error) {
    if (signal.aborted) return { wrong: "was not read in time" };
    if (limit.aborted) return { wrong: `gave no answer within ${seconds} s` };
    return { wrong: `cannot be read: ${(error as Error).message.replace(/\.$/, "")}` };
  }
}

async function joined(parts: AsyncIterable<string>): Promise<string> {
  const all: string[] = [];
  for await (const part of parts) all.push(part);
  return all.join("");
}

/** The API server's own words, or those of the pod behind it. */
function refusal({ status, text }: TextAnswer): string {
  const said = messageOf(text);
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

function understand(
  pod: Pod,
  { metrics = {} }: PodSourceArgs,
  names: Set<string>,
  { text, type }: TextAnswer,
): Pick<UnitReading, "samples" | "problem"> {
  const found = parseExposition(text, (name) => names.has(name), type);
  if ("wrong" in found) return { problem: `The metrics of ${pod.name} cannot be used: the answer ${found.wrong}.` };
  const { samples, wrong } = countersOf(metrics, found.series, { declared: found.declared });
  return { ...(samples && { samples }), ...(wrong !== undefined && { problem: `${pod.name} ${wrong}.` }) };
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
