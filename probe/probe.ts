/** Runs the checks of the plan against a dark canary. */

import { performance } from "node:perf_hooks";
import { runInNewContext } from "node:vm";
import { beginningOf, textIn } from "../border/body.ts";
import { oneLine } from "../border/foreign-text.ts";
import type { FullCheck } from "../components/check.ts";
import { UserError } from "../components/user-error.ts";
import { ApiError } from "../kubernetes/api-error.ts";
import type { Endpoint } from "./endpoint.ts";
import { type AccessPath, canaryEndpoints, doubtOf, type EndpointArgs } from "./endpoints.ts";
import { masked } from "./mask.ts";
import { readPlan } from "./plan.ts";

/** How much of a body is read, in characters. */
const longestBody = 1024 * 1024;
/** How much of a body is shown, in characters. */
const shownBody = 80;

/** The result of a check on one endpoint. */
export interface CheckResult {
  /** Name of the check. */
  readonly check: string;
  /** `token`, or the name of the pod. */
  readonly endpoint: string;
  readonly passed: boolean;
  /** HTTP status; absent if there was no answer. */
  readonly status?: number;
  /** Time until the answer was complete or the check was given up. */
  readonly seconds: number;
  /** Why the check did not pass; absent if it did. */
  readonly reason?: string;
}

/** The results of the declared checks. */
export interface Probe {
  /** The release that canary runs. */
  readonly release: string;
  /** The access path. `both`: by token and by each pod. */
  readonly by: AccessPath | "both";
  /** A sentence for the user if the answers may not be canary's; absent if they certainly are. */
  readonly doubt?: string;
  /** In the order of the plan, and for each check in the order of the endpoints. There is at least one. */
  readonly results: readonly CheckResult[];
}

/**
 * Runs each declared check once on each endpoint of canary, at any weight. If the answers by token cannot be attributed to canary, and
 * `by` was not given, the checks run on the pods as well and have to pass there too.
 *
 * @throws UserError if no check is declared, or canary cannot be reached at all
 * @example const { results } = await probe({ api, namespace: "dora-apps", service: "web" });
 */
export async function probe(args: Omit<EndpointArgs, "ports">): Promise<Probe> {
  const { namespace, service } = args;
  const { checks = [] } = (await readPlan(args)) ?? {};
  if (checks.length === 0) {
    throw new UserError(
      `${service} in namespace ${namespace} declares no checks: give CanaryService plan: { checks: [{ path: "/healthz" }] } and run pulumi up of the stack that owns canary, or name a command, as in gray probe -- npm run smoke.`,
    );
  }
  const ports = [...new Set(checks.map(({ port }) => port))];
  const endpoints = await canaryEndpoints({ ...args, ports });
  const doubt = doubtOf(endpoints.all, ports);
  const [by, all, remainingDoubt] =
    doubt !== undefined && args.via === undefined
      ? (["both", [...endpoints.all, ...endpoints.toPods()], undefined] as const)
      : [endpoints.by, endpoints.all, doubt];
  const byEndpoint = await Promise.all(all.map((endpoint) => runChecks(endpoint, checks, args.signal)));
  const results = checks.flatMap((_, i) => byEndpoint.map((each) => each[i] as CheckResult));
  return { release: endpoints.release, by, ...(remainingDoubt !== undefined && { doubt: remainingDoubt }), results };
}

async function runChecks(
  endpoint: Endpoint,
  checks: readonly FullCheck[],
  stopping?: AbortSignal,
): Promise<CheckResult[]> {
  const results: CheckResult[] = [];
  for (const check of checks) results.push(await runCheck(endpoint, check, stopping));
  return results;
}

/** @param stopping aborts the check; its reason is then thrown */
async function runCheck(endpoint: Endpoint, check: FullCheck, stopping?: AbortSignal): Promise<CheckResult> {
  const { name, port, path, method, headers, atMost } = check;
  const time = AbortSignal.timeout(atMost * 1000);
  const limit = stopping ? AbortSignal.any([time, stopping]) : time;
  const started = performance.now();
  let status: number | undefined;
  const ended = (reason: string | undefined): CheckResult => ({
    check: name,
    endpoint: endpoint.name,
    passed: reason === undefined,
    ...(status !== undefined && { status }),
    seconds: Math.round(performance.now() - started) / 1000,
    ...(reason !== undefined && { reason }),
  });
  try {
    const response = await endpoint.send({ port, path, method, headers, signal: limit });
    status = response.statusCode ?? 0;
    const text = masked(await beginningOf(textIn(response, Number.POSITIVE_INFINITY), longestBody), endpoint.secrets);
    return ended(endpoint.foreign(response.headers, port) ?? fault(check, { status, text }));
  } catch (error) {
    if (stopping?.aborted) throw stopping.reason;
    if (time.aborted) return ended(`the answer was not complete within ${atMost} s`);
    if (error instanceof UserError || error instanceof ApiError) throw error;
    return ended(
      `${status === undefined ? "no answer" : "the answer broke off"}: ${oneLine((error as Error).message)}`,
    );
  }
}

/**
 * Why an answer fails a check; undefined if it passes.
 *
 * 1. It has the expected status. Redirects are not followed, so a redirect is a status like any other.
 * 2. Its body contains the expected text, or matches the expected pattern.
 */
export function fault(
  { status, body }: Pick<FullCheck, "status" | "body">,
  answer: { readonly status: number; readonly text?: string },
): string | undefined {
  const { text = "" } = answer;
  if (answer.status !== status) return `the status is ${answer.status}, not ${status}`;
  if (body === undefined) return undefined;
  const [holds, what] =
    "contains" in body
      ? [text.includes(body.contains), JSON.stringify(body.contains)]
      : ([finds(body.pattern, text), `/${body.pattern}/`] as const);
  if (holds === undefined) return `the body could not be matched against ${oneLine(what)} in time`;
  if (holds) return undefined;
  return `the body does not ${"contains" in body ? "contain" : "match"} ${oneLine(what)}: ${shown(text)}`;
}

/** Longest match of a pattern, in milliseconds: some patterns take hours on a text that a pod chooses, and would block the driver. */
const patternMilliseconds = 50;

/** Whether a pattern matches the text; undefined if it takes too long. */
function finds(pattern: string, text: string): boolean | undefined {
  try {
    const found: unknown = runInNewContext(
      'new RegExp(pattern, "u").test(text)',
      { pattern, text },
      {
        timeout: patternMilliseconds,
      },
    );
    return found === true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ERR_SCRIPT_EXECUTION_TIMEOUT") return undefined;
    throw error;
  }
}

function shown(text: string): string {
  if (text === "") return "it is empty";
  const [line = ""] = text.trimStart().split(/\r?\n/);
  return `it begins with ${oneLine(JSON.stringify(line.slice(0, shownBody)))}`;
}
