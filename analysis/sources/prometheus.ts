import { readFile } from "node:fs/promises";
import { request as plainRequest } from "node:http";
import { request as tlsRequest } from "node:https";
import { rootCertificates } from "node:tls";
import { z } from "zod";
import { lookDefaults } from "../defaults.ts";
import type { MetricSource, Pod, UnitReading } from "../reading.ts";
import type { Series } from "./exposition.ts";
import { promQl, type Query, unitsOf } from "./queries.ts";

export interface PrometheusArgs {
  /** Where its HTTP API is, with the path that it stands behind, as in `https://mimir.example/prometheus`. */
  readonly url: string;
  readonly query: Query;
  /** A file with the Authorization header, or with a bearer token alone. Read each time: tokens are renewed. @default none */
  readonly authorizationFile?: string;
  /** Further headers, as in `{ "X-Scope-OrgID": "team-a" }`. @default none */
  readonly headers?: Readonly<Record<string, string>>;
  /** A file with certificates to trust beside the usual ones, PEM. @default none */
  readonly caFile?: string;
  /** Seconds that an answer may take. @default 5 */
  readonly timeoutSeconds?: number;
  /** Age in seconds from which a sample is none. At least twice the scrape interval. @default 120 */
  readonly freshSeconds?: number;
}

/**
 * Asks whatever speaks Prometheus's HTTP API: Prometheus, Thanos, Mimir, VictoriaMetrics
 * (https://prometheus.io/docs/prometheus/latest/querying/api/#instant-queries). The counters come raw, with the times of
 * their scrapes: rate() and increase() extrapolate, and their windows overlap.
 *
 * @example prometheusSource({ url: "http://prometheus.monitoring:9090", query: ownMetrics({ namespace, service }) })
 */
export function prometheusSource(args: PrometheusArgs): MetricSource {
  const seconds = args.freshSeconds ?? lookDefaults.freshSeconds;
  const base = new URL(args.url);
  const where = `Prometheus at ${base.host}${base.pathname.replace(/\/$/, "")}`;
  return {
    describe: () => `${args.query.about}, from ${where}`,
    async read(pods, signal) {
      if (pods.length === 0) return [];
      const answer = await ask(args, promQl(args.query, pods, seconds), signal);
      if ("wrong" in answer) return unread(pods, `${where} ${answer.wrong}.`);
      return unitsOf(args.query, answer.series, pods, seconds);
    },
  };
}

/** Nothing is known of any pod; whoever counts backends loses nothing by that. */
function unread(pods: readonly Pod[], problem: string): UnitReading[] {
  return pods.map(({ name, release }) => ({ unit: name, release, problem }));
}

const answer = z.discriminatedUnion("status", [
  z.object({
    status: z.literal("success"),
    data: z.object({
      resultType: z.literal("matrix"),
      result: z.array(
        z.object({
          metric: z.record(z.string(), z.string()),
          // A native histogram has none.
          values: z.array(z.tuple([z.number(), z.string()])).default([]),
        }),
      ),
    }),
    warnings: z.array(z.string()).nullish(),
    // VictoriaMetrics says so where others warn.
    isPartial: z.boolean().nullish(),
  }),
  z.object({ status: z.literal("error"), errorType: z.string().optional(), error: z.string().optional() }),
]);

/** The latest sample of each series, or what is wrong as the rest of a sentence that begins with Prometheus. */
async function ask(
  args: PrometheusArgs,
  query: string,
  signal: AbortSignal,
): Promise<{ series: Series[] } | { wrong: string }> {
  const seconds = args.timeoutSeconds ?? lookDefaults.prometheusTimeoutSeconds;
  const limit = AbortSignal.timeout(seconds * 1000);
  let response: Response;
  try {
    response = await post(args, new URLSearchParams({ query }).toString(), AbortSignal.any([signal, limit]));
  } catch (error) {
    if (signal.aborted) return { wrong: "was not read in time" };
    if (limit.aborted) return { wrong: `gave no answer within ${seconds} s` };
    return { wrong: `cannot be read (${(error as Error).message.replace(/\.$/, "")})` };
  }
  const { status, text } = response;
  const parsed = answer.safeParse(json(text));
  if (parsed.success && parsed.data.status === "error") {
    const { errorType = "no type given", error = "no reason given" } = parsed.data;
    return { wrong: `answers ${status} with an error (${errorType}: ${error})` };
  }
  if (status !== 200) return { wrong: `answers ${status} (${text.trim().split("\n")[0]?.slice(0, 80) ?? ""})` };
  if (!parsed.success || parsed.data.status === "error") {
    return { wrong: `answers what Prometheus would not (${text.trim().slice(0, 80)})` };
  }
  const { data, warnings, isPartial } = parsed.data;
  if (isPartial || warnings?.length) {
    return { wrong: `answers with a part only (${warnings?.join(", ") || "isPartial"})` };
  }
  return { series: data.result.flatMap(latest) };
}

function latest({ metric, values }: { metric: Record<string, string>; values: [number, string][] }): Series[] {
  const { __name__: name = "", ...labels } = metric;
  const [at, value] = values.at(-1) ?? [];
  return at === undefined || value === undefined ? [] : [{ name, labels, value: Number(value), at: at * 1000 }];
}

interface Response {
  readonly status: number;
  readonly text: string;
}

/** Sends the query in the body, where it may be as long as it likes. */
async function post(args: PrometheusArgs, body: string, signal: AbortSignal): Promise<Response> {
  const url = new URL(`${args.url.replace(/\/+$/, "")}/api/v1/query`);
  const [authorization, ca] = await Promise.all([
    args.authorizationFile === undefined ? undefined : contentOf(args.authorizationFile),
    args.caFile === undefined ? undefined : contentOf(args.caFile),
  ]);
  const headers = {
    ...args.headers,
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
      let text = "";
      response.setEncoding("utf8");
      response.on("data", (chunk) => {
        text += chunk;
      });
      response.on("end", () => answered({ status: response.statusCode ?? 0, text }));
      response.on("error", failed);
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
