/** Reads counters from Prometheus, or from a system with the same HTTP API. */
import { readFile } from "node:fs/promises";
import { request as plainRequest } from "node:http";
import { request as tlsRequest } from "node:https";
import { rootCertificates } from "node:tls";
import * as v from "valibot";
import { textOf } from "../../border/body.ts";
import { oneLine } from "../../border/foreign-text.ts";
import { pollingDefaults } from "../defaults.ts";
import { count } from "../format.ts";
import type { MetricSource } from "../reading.ts";
import type { Series } from "./exposition.ts";
import { promQl, type Query } from "./query.ts";
import { targetsOf } from "./targets.ts";
import { timeSlice } from "./time-slice.ts";
import { unread } from "./unread.ts";

/** Arguments of {@link prometheusSource}. */
export interface PrometheusArgs {
  /** Base URL of its HTTP API, with any path prefix, as in `https://mimir.example/prometheus`. */
  readonly url: string;
  /** The series to ask for, see analysis/providers/query.ts. */
  readonly query: Query;
  /** A file with the Authorization header, or with a bearer token. It is read for each request, because tokens are renewed. @default none */
  readonly authorizationFile?: string;
  /** A PEM file with additional certificates to trust. @default none */
  readonly caFile?: string;
  /** Timeout of an answer, in seconds. @default 5 */
  readonly timeoutSeconds?: number;
}

/**
 * A source that reads from any system with Prometheus's HTTP API: Prometheus, Thanos, Mimir, VictoriaMetrics
 * (https://prometheus.io/docs/prometheus/latest/querying/api/#instant-queries). It reads raw counters with the times of their
 * scrapes, because rate() and increase() extrapolate and their windows overlap.
 *
 * @example prometheusSource({ url: "http://prometheus.monitoring:9090", query: ownMetrics({ namespace }) })
 */
export function prometheusSource(args: PrometheusArgs): MetricSource {
  const seconds = pollingDefaults.windowSeconds;
  const base = new URL(args.url);
  const where = `Prometheus at ${base.host}${base.pathname.replace(/\/$/, "")}`;
  return {
    describe: () => `${args.query.about}, from ${where}`,
    async read(pods, signal) {
      if (pods.length === 0) return [];
      const answer = await ask(args, promQl(args.query, pods, seconds), signal);
      if ("wrong" in answer) return unread(pods, `${where} ${answer.wrong}.`);
      return targetsOf(args.query, answer.series, pods, { at: answer.at, seconds });
    },
  };
}

const oneSeries = v.object({
  metric: v.record(v.string(), v.string()),
  // A native histogram has none.
  values: v.optional(v.array(v.strictTuple([v.number(), v.string()])), []),
});

const answer = v.variant("status", [
  v.object({
    status: v.literal("success"),
    data: v.object({
      resultType: v.literal("matrix"),
      // Each series is validated separately, in slices.
      result: v.array(v.unknown()),
    }),
    warnings: v.nullish(v.array(v.string())),
    // VictoriaMetrics sets this where others add a warning.
    isPartial: v.nullish(v.boolean()),
  }),
  v.object({ status: v.literal("error"), errorType: v.optional(v.string()), error: v.optional(v.string()) }),
]);

/** The latest sample of each series and the time of the answer, or the error as the rest of a sentence about Prometheus. */
async function ask(
  args: PrometheusArgs,
  query: string,
  signal: AbortSignal,
): Promise<{ series: Series[]; at: number } | { wrong: string }> {
  const seconds = args.timeoutSeconds ?? pollingDefaults.prometheusTimeoutSeconds;
  const limit = AbortSignal.timeout(seconds * 1000);
  let response: Response;
  try {
    response = await post(args, new URLSearchParams({ query }).toString(), AbortSignal.any([signal, limit]));
  } catch (error) {
    if (signal.aborted) return { wrong: "was not read in time" };
    if (limit.aborted) return { wrong: `gave no answer within ${seconds} s` };
    return { wrong: `cannot be read (${oneLine((error as Error).message).replace(/\.$/, "")})` };
  }
  const { status, text, at } = response;
  const parsed = v.safeParse(answer, json(text));
  if (parsed.success && parsed.output.status === "error") {
    const { errorType = "no type given", error = "no reason given" } = parsed.output;
    return { wrong: `answers ${status} with an error (${oneLine(`${errorType}: ${error}`)})` };
  }
  if (status !== 200) return { wrong: `answers ${status} (${beginning(text)})` };
  if (!parsed.success || parsed.output.status === "error") return { wrong: unexpected(text) };
  const { data, warnings, isPartial } = parsed.output;
  if (isPartial || warnings?.length) {
    return { wrong: `gives only a partial answer (${oneLine(warnings?.join(", ") || "isPartial")})` };
  }
  if (data.result.length > pollingDefaults.prometheusSeriesAtMost) {
    return {
      wrong: `answers with ${count(data.result.length)} series, more than the limit of ${count(pollingDefaults.prometheusSeriesAtMost)}: select fewer with --label, or use fewer labels on the metrics`,
    };
  }
  const series: Series[] = [];
  for (const each of data.result) {
    await timeSlice();
    const one = v.safeParse(oneSeries, each);
    if (!one.success) return { wrong: unexpected(text) };
    series.push(...latest(one.output));
  }
  return { series, at };
}

const unexpected = (text: string) => `does not answer like Prometheus's HTTP API (${beginning(text)})`;

/** The beginning of the first line of an unexpected answer. */
const beginning = (text: string) => oneLine(text.slice(0, 1000).trim().split("\n")[0]?.slice(0, 80) ?? "");

function latest({ metric, values }: { metric: Record<string, string>; values: [number, string][] }): Series[] {
  const { __name__: name = "", ...labels } = metric;
  const [at, value] = values.at(-1) ?? [];
  if (at === undefined || value === undefined) return [];
  const gaps = values.slice(1).map(([time], index) => 1000 * (time - (values[index]?.[0] ?? time)));
  const every = gaps.sort((a, b) => a - b)[Math.floor(gaps.length / 2)];
  return [{ name, labels, value: Number(value), at: at * 1000, ...(every !== undefined && { every }) }];
}

interface Response {
  readonly status: number;
  readonly text: string;
  /** Time of the answer, in milliseconds since the epoch, on the server's clock, which may differ from the local one. */
  readonly at: number;
}

/** Sends the query in the body, because a URL has a limited length. */
async function post(args: PrometheusArgs, body: string, signal: AbortSignal): Promise<Response> {
  const url = new URL(`${args.url.replace(/\/+$/, "")}/api/v1/query`);
  const [authorization, ca] = await Promise.all([
    args.authorizationFile === undefined ? undefined : contentOf(args.authorizationFile),
    args.caFile === undefined ? undefined : contentOf(args.caFile),
  ]);
  const headers = {
    accept: "application/json",
    "content-type": "application/x-www-form-urlencoded",
    "content-length": Buffer.byteLength(body),
    "user-agent": "gray-release",
    ...(authorization !== undefined && {
      authorization: authorization.includes(" ") ? authorization : `Bearer ${authorization}`,
    }),
  };
  const open = url.protocol === "https:" ? tlsRequest : plainRequest;
  return new Promise((answered, failed) => {
    const options = { method: "POST", headers, signal, ...(ca !== undefined && { ca: [...rootCertificates, ca] }) };
    const sent = open(url, options, (response) => {
      const date = Date.parse(response.headers.date ?? "");
      const at = Number.isNaN(date) ? Date.now() : date;
      textOf(response, pollingDefaults.prometheusBytes).then(
        (text) => answered({ status: response.statusCode ?? 0, text, at }),
        failed,
      );
    });
    sent.on("error", failed);
    sent.end(body);
  });
}

async function contentOf(path: string): Promise<string> {
  const text = (await readFile(path, "utf8")).trim();
  if (text === "") throw new Error(`the file ${path} is empty`);
  return text;
}

function json(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
