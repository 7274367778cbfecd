import { performance } from "node:perf_hooks";
import { runInNewContext } from "node:vm";
import { beginningOf, textIn } from "../border/body.ts";
import { oneLine } from "../border/foreign-text.ts";
import type { FullCheck } from "../components/check.ts";
import { UserError } from "../components/user-error.ts";
import { ApiError } from "../kubernetes/cluster.ts";
import { type By, canaryEndpoints, doubtOf, type Endpoint, type EndpointArgs } from "./endpoint.ts";
import { masked } from "./mask.ts";
import { readPlan } from "./plan.ts";

/** As much of a body as is read, in characters. */
const longestBody = 1024 * 1024;
/** As much of one as is shown, in characters. */
const shownBody = 80;

/** What a check came to on one way to canary. */
export interface CheckResult {
  /** Its name. */
  readonly check: string;
  /** `token`, or the name of the pod that was asked. */
  readonly endpoint: string;
  readonly passed: boolean;
  /** Of the answer, where one began. */
  readonly status?: number;
  /** Until the whole answer was there, or it was given up. */
  readonly seconds: number;
  /** Why it did not pass. */
  readonly reason?: string;
}

/** What the declared checks came to. */
export interface Probe {
  /** The release that canary runs. */
  readonly release: string;
  /** `both`: by token, and by each pod as well. */
  readonly by: By | "both";
  /** What the results do not show, for a person; absent where there is no doubt that canary answered. */
  readonly doubt?: string;
  /** Check by check, in the order of the plan, and each way to canary. There is at least one. */
  readonly results: readonly CheckResult[];
}

/**
 * Sends the declared checks to canary, whatever its weight, each once by each way. Where the answers by token do not show that
 * they are canary's, and nobody wants that way alone, the pods have to pass as well.
 *
 * @throws Refusal if no check is declared, or canary cannot be asked at all; never a result that nothing stands behind
 */
export async function probe(args: Omit<EndpointArgs, "ports">): Promise<Probe> {
  const { api, namespace, service } = args;
  const { checks = [] } = (await readPlan(api, namespace, service)) ?? {};
  if (checks.length === 0) {
    throw new UserError(
      `${service} in namespace ${namespace} declares no checks: give CanaryService plan: { checks: [{ path: "/healthz" }] } and run pulumi up --stack canary, or name a command, as in gray probe -- npm run smoke.`,
    );
  }
  const ports = [...new Set(checks.map(({ port }) => port))];
  const endpoints = await canaryEndpoints({ ...args, ports });
  const doubt = doubtOf(endpoints.all, ports);
  const [by, all, left] =
    doubt !== undefined && args.via === undefined
      ? (["both", [...endpoints.all, ...endpoints.toPods()], undefined] as const)
      : [endpoints.by, endpoints.all, doubt];
  const byWay = await Promise.all(all.map((endpoint) => askInTurn(endpoint, checks, args.signal)));
  const results = checks.flatMap((_, i) => byWay.map((each) => each[i] as CheckResult));
  return { release: endpoints.release, by, ...(left !== undefined && { doubt: left }), results };
}

async function askInTurn(
  endpoint: Endpoint,
  checks: readonly FullCheck[],
  stopping?: AbortSignal,
): Promise<CheckResult[]> {
  const results: CheckResult[] = [];
  for (const check of checks) results.push(await ask(endpoint, check, stopping));
  return results;
}

/** @param ending ends it; then its reason is thrown */
async function ask(endpoint: Endpoint, check: FullCheck, stopping?: AbortSignal): Promise<CheckResult> {
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
    if (time.aborted) return ended(`the whole answer was not there within ${atMost} s`);
    if (error instanceof UserError || error instanceof ApiError) throw error;
    return ended(
      `${status === undefined ? "there is no answer" : "the answer broke off"}: ${oneLine((error as Error).message)}`,
    );
  }
}

/**
 * What is wrong with an answer; undefined if it is as the check wants it.
 *
 * 1. Its status is the one that is expected. A redirect is a status like any other.
 * 2. Its body holds what is expected somewhere.
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
      : ([finds(body.pattern, text), `what /${body.pattern}/ finds`] as const);
  if (holds === undefined) return `${oneLine(what)} takes too long on the body`;
  return holds ? undefined : `the body does not hold ${oneLine(what)}: ${shown(text)}`;
}

/** Milliseconds that a pattern may take: some take hours on a line that a pod chooses, and the driver would be deaf for as long. */
const patternMilliseconds = 50;

/** Whether a pattern finds something; undefined where it takes too long. */
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
