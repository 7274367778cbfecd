/** `gray probe`: tests canary with the declared checks or with a command. */
import { spawn } from "node:child_process";
import { styleText } from "node:util";
import { Command } from "commander";
import { UserError } from "../../components/user-error.ts";
import { isCounting } from "../../evaluation/counting.ts";
import { ApiError } from "../../kubernetes/api-error.ts";
import { isLiveWorker } from "../../live/traffic/worker.ts";
import { canaryEndpoints, doubtOf, type EndpointArgs } from "../../probe/endpoints.ts";
import { openLocalProxy } from "../../probe/local-proxy.ts";
import { type CheckResult, probe } from "../../probe/probe.ts";
import { type EndpointOptions, withEndpointOptions } from "../options/endpoint.ts";
import { isCi, printLines } from "../output/output.ts";
import { plainTable } from "../output/table.ts";
import { findService, type ServiceOptions, withServiceOptions } from "../services.ts";

interface Options extends ServiceOptions, EndpointOptions {
  readonly json?: boolean;
}

/** Exit code if canary answered, but not as expected. */
const failed = 3;

/** `gray probe`: tests canary at any weight, with the declared checks or with a command. */
export function probeCommand(): Command {
  return withEndpointOptions(withServiceOptions(new Command("probe")))
    .summary("test canary with the checks or a command")
    .description(
      "Sends the checks of the plan to canary, at any weight, or runs a command that sends requests of its own. Probe before users reach canary: later, probe requests count as user traffic in the evidence. Exit code 0 passed, 3 failed.",
    )
    .argument("[command...]", "run instead of the checks, with the address of canary in GRAY_URL; put it after --")
    .option("--json", "print the results as JSON; the output of a command goes to standard error")
    .action(run);
}

async function run(command: readonly string[], { via, url, json = false, ...options }: Options): Promise<void> {
  const found = await findService(options);
  const { service } = found;
  if (isLiveWorker(found.deployments)) {
    throw new UserError(
      `${service} is a worker and answers no requests, so there is nothing to probe: let the evidence of its own counters decide, with gray verify --pair <name=bad/total>.`,
    );
  }
  const args = { ...found, ...(via && { via }), ...(url && { url }) };
  // The permission to read this is optional, because only a warning depends on it.
  if (await isCounting(found, Date.now()).catch(() => false)) {
    console.error(
      `gray: Canary of ${service} serves users and evidence on it is being gathered: these requests count as user traffic.`,
    );
  }
  const [program, ...rest] = command;
  if (program === undefined) await runChecks(args, json);
  else await runCommand(args, [program, ...rest], json);
}

async function runChecks(args: EndpointArgs, json: boolean): Promise<void> {
  const { service, namespace } = args;
  const { release, by, doubt, results } = await probe(args);
  const passed = results.every((result) => result.passed);
  if (doubt !== undefined) console.error(`gray: ${doubt} Leave out --via to send the checks to the pods as well.`);
  if (json) console.log(JSON.stringify({ service, namespace, release, by, passed, results }, undefined, 2));
  else console.log(describe(service, release, results));
  process.exitCode = passed ? 0 : failed;
}

async function runCommand(args: EndpointArgs, command: readonly [string, ...string[]], json: boolean): Promise<void> {
  const endpoints = await canaryEndpoints(args);
  const { release, by, all, mainPort } = endpoints;
  const doubt = doubtOf(all, [mainPort]);
  if (doubt !== undefined) console.error(`gray: ${doubt} Run the command with --via pods as well.`);
  const proxy = await openLocalProxy(endpoints);
  try {
    const ended = await runToEnd(command, proxy.url, json);
    const passed = ended === 0;
    const failure = proxy.failure();
    // The command may recover from a gateway that was unreachable for a moment. An error of the API server, however, could pass
    // for an answer of canary.
    if (failure !== undefined && (!passed || failure instanceof ApiError)) throw failure;
    const { service, namespace } = args;
    if (json) console.log(JSON.stringify({ service, namespace, release, by, passed, ended }, undefined, 2));
    else console.log(`${service}, canary ${release}: the command ${passed ? "passed" : `ended with ${ended}`}.`);
    process.exitCode = passed ? 0 : failed;
  } finally {
    await proxy.end();
  }
}

/**
 * Runs a command to its end.
 *
 * @param url address of canary for the command
 * @returns its exit code, or the signal that ended it
 * @throws UserError if it cannot be started
 */
async function runToEnd(
  [command, ...args]: readonly [string, ...string[]],
  url: string,
  json: boolean,
): Promise<number | string> {
  const out = json ? process.stderr : process.stdout;
  // Outside of CI the command inherits the terminal, for its colours and its progress.
  const child = spawn(command, args, {
    env: { ...process.env, GRAY_URL: url },
    stdio: isCi() ? ["inherit", "pipe", "pipe"] : ["inherit", out, process.stderr],
  });
  if (child.stdout) printLines(child.stdout, out);
  if (child.stderr) printLines(child.stderr, process.stderr);
  // The terminal sends an interrupt to the command too, and its exit code decides.
  const wait = () => {};
  const end = (signal: NodeJS.Signals) => child.kill(signal);
  process.on("SIGINT", wait).on("SIGTERM", end).on("SIGHUP", end);
  try {
    return await new Promise((ended, failed) => {
      child.once("error", (error: NodeJS.ErrnoException) =>
        failed(new UserError(`The command ${command} cannot be run (${error.code}): correct its name, or install it.`)),
      );
      child.once("close", (code, signal) => ended(code ?? signal ?? ""));
    });
  } finally {
    process.off("SIGINT", wait).off("SIGTERM", end).off("SIGHUP", end);
  }
}

/** The results of the checks as a table with a summary. */
export function describe(service: string, release: string, results: readonly CheckResult[]): string {
  const table = plainTable(
    ["CHECK", "ENDPOINT", "STATUS", "TIME", "RESULT"],
    results.map(({ check, endpoint, status, seconds, passed, reason }) => [
      check,
      endpoint,
      status ?? "-",
      `${Math.round(seconds * 1000)} ms`,
      passed ? styleText("green", "passed") : `${styleText("red", "failed")}: ${reason}`,
    ]),
  );
  const bad = results.filter(({ passed }) => !passed).length;
  const outcome = bad === 0 ? "all passed" : `${bad} of ${results.length} failed`;
  return `${table}\n\n${service}, canary ${release}: ${outcome}.`;
}
