import { Command, Option } from "commander";
import { pollingDefaults } from "../../analysis/defaults.ts";
import { percent, times } from "../../analysis/format.ts";
import type { Traffic } from "../../analysis/planner.ts";
import { type Unit, unitOf } from "../../analysis/unit.ts";
import { UserError } from "../../components/user-error.ts";
import { itemsOf } from "../../evaluation/assess.ts";
import { type Measured, measureTraffic } from "../../evaluation/measure.ts";
import type { DeployedService } from "../../live/live.ts";
import { listPods } from "../../live/pods.ts";
import { modeNameOfRoutes } from "../../live/traffic/modes.ts";
import { readFront, shareOf } from "../../live/traffic/share.ts";
import { isLiveWorker } from "../../live/traffic/worker.ts";
import { readRecord } from "../../record/record-store.ts";
import { type Intent, intentOf } from "../../rollout/intent.ts";
import { countsOf, type Pair, pairOption, sourceOf } from "../options/sources.ts";
import { changeLines, describedIn, type StackPreview, shortName } from "../output/changes.ts";
import { caveats, prospects, prospectTable } from "../output/forecast.ts";
import { stepForecasts, stepTable } from "../output/plan-steps.ts";
import { seconds, written } from "../output/time.ts";
import { type Elsewhere, ownersOf } from "../owners.ts";
import type { Judged } from "../policy-report/findings.ts";
import { findingLines } from "../policy-report/text.ts";
import { judgeStacks, previewStacks } from "../previews.ts";
import { findService, type ServiceOptions, withServiceOptions } from "../services.ts";
import { assertPasses } from "./judge.ts";

interface Options extends ServiceOptions {
  readonly for: number;
  readonly requests?: string;
  readonly pair: readonly Pair[];
  readonly policyPack?: string;
  readonly json?: boolean;
}

/** `gray plan`: previews the changes, and forecasts how long a decision about them takes. */
export function planCommand(): Command {
  return withServiceOptions(new Command("plan"))
    .summary("preview the changes and the time to a decision")
    .description(
      "Prints what pulumi up would change, the steps of a rollout, and how long a decision takes at each weight with the current traffic. Changes nothing.",
    )
    .addOption(
      new Option("--for <time>", "how long to measure the traffic")
        .argParser(seconds)
        .default(pollingDefaults.measureSeconds, written(pollingDefaults.measureSeconds)),
    )
    .option("--requests <metric>", "counter of requests by status code (default: found in the metrics)")
    .addOption(pairOption())
    .option("--policy-pack <folder>", "policy pack that the previews must pass")
    .option("--json", "print the plan as JSON")
    .action(plan);
}

async function plan(options: Options): Promise<void> {
  const found = await findService(options);
  const { namespace, service, deployments } = found;
  const reading = { ...options, series: "own" };
  const source = sourceOf(reading, found);
  const isUncounted = isLiveWorker(deployments) && options.pair.length === 0;
  const items = isUncounted ? undefined : itemsOf(found, countsOf(reading));
  const unit = unitOf(items === undefined ? {} : { items });
  if (process.stderr.isTTY) console.error(`Measuring the traffic of ${service} for ${options.for} s.`);
  const nothing: Measured = { seconds: 0, podsRead: 0, podsListed: 0, problems: [] };
  const [measured, front, pods, changes, record] = await Promise.all([
    isUncounted
      ? nothing
      : measureTraffic({ ...found, source, seconds: options.for, ...(items !== undefined && { items }) }),
    readFront(found),
    listPods(found),
    changesOf(found, options.policyPack),
    readRecord(found),
  ]);
  const open = record.kind === "read" ? record.record.open?.release : undefined;
  const shareInForce = shareOf(front, pods);
  const stableReplicas = deployments.stable?.spec.replicas ?? 0;
  const { traffic } = measured;
  const hasForecast = traffic !== undefined && traffic.requestsPerSecond > 0 && stableReplicas > 0;
  const mode = modeNameOfRoutes(front.routes);
  const forecasts = hasForecast ? prospects(traffic, stableReplicas, shareInForce, mode) : [];
  const { intent, judged } = "elsewhere" in changes ? {} : changes;
  const steps = stepForecasts(intent?.steps ?? [], hasForecast ? traffic : undefined, stableReplicas, mode);
  if (options.json) {
    console.log(
      JSON.stringify({
        ...{ service, namespace, ...measured, stableReplicas, shareInForce, forecasts },
        // Without the inputs of the components, because a value may be a secret.
        ...("elsewhere" in changes
          ? changes
          : { stacks: changes.stacks.map(({ services: _, ...stackWithoutInputs }) => stackWithoutInputs) }),
        ...(judged && { policies: judged }),
        ...(open !== undefined && { open }),
        ...(intent && { release: intent.release, steps }),
      }),
    );
  } else {
    const parts = [
      ...(hasForecast
        ? [measuredLine(service, traffic, measured, unit), prospectTable(traffic, forecasts, unit)]
        : [isUncounted ? uncountedSentence(service) : noForecastSentence(service, measured, unit)]),
      [...problemLines(measured), ...(hasForecast ? caveats(traffic, stableReplicas, forecasts, unit) : [])].join("\n"),
      intent ? `gray rollout would release ${intent.release} in these steps:\n\n${stepTable(steps)}` : "",
      open === undefined ? "" : `A rollout of ${open} is open; the changes below would come after it.`,
      "elsewhere" in changes ? changes.elsewhere : changeLines(changes.stacks),
      judged ? `Result of the policies in ${options.policyPack}:\n\n${findingLines(judged)}` : "",
    ];
    console.log(parts.filter((part) => part !== "").join("\n\n"));
  }
  if ("elsewhere" in changes) return;
  const failed = changes.stacks.find(({ error }) => error !== undefined);
  if (failed) throw new UserError(`pulumi preview --stack ${shortName(failed.stack)} failed: ${failed.error}`);
  if (judged) assertPasses(judged);
}

function measuredLine(
  service: string,
  traffic: Traffic,
  { seconds, podsRead, podsListed }: Measured,
  { noun }: Unit,
): string {
  const [rate, errors] = [times(traffic.requestsPerSecond), percent(traffic.errors)];
  const what =
    noun === "item"
      ? `processes ${rate} items/s; stable fails ${errors} of its items`
      : `answers ${rate} requests/s; stable answers ${errors} of its requests with 5xx`;
  return `${service} ${what} (${podsRead} of ${podsListed} pods over ${times(seconds)} s).`;
}

function problemLines({ problems }: Measured): string[] {
  const [problem, ...others] = problems;
  return problem === undefined ? [] : [others.length > 0 ? `${problem} (And ${others.length} more.)` : problem];
}

function uncountedSentence(service: string): string {
  return `${service} is a worker, so there is no forecast of the time to a decision without its own counters: name them with --pair, as in --pair failed=jobs_failed_total/jobs_total.`;
}

/** Why there is no forecast. */
function noForecastSentence(
  service: string,
  { traffic, seconds, podsRead, podsListed }: Measured,
  { noun }: Unit,
): string {
  const noForecast = "so there is no forecast of the time to a decision";
  if (podsListed === 0) return `${service} has no pod, ${noForecast}.`;
  if (traffic === undefined) return `The traffic of ${service} cannot be read, ${noForecast}.`;
  if (traffic.requestsPerSecond === 0)
    return `${service} got no ${noun} in ${times(seconds)} s (${podsRead} of ${podsListed} pods), ${noForecast}: try again when there is traffic, or longer with --for 1m.`;
  return `${service} has no stable pods to compare with yet, ${noForecast}.`;
}

/** Previews of the stacks that own the Deployments, and the steps of a rollout of the newest release. */
async function changesOf(found: DeployedService, policyPack: string | undefined): Promise<Changes | Elsewhere> {
  const owners = await ownersOf(found, "gray plan");
  if ("elsewhere" in owners) return owners;
  const stacks = await previewStacks(owners);
  const isWhole = stacks.every(({ error }) => error === undefined);
  const judged = policyPack !== undefined && isWhole ? await judgeStacks(owners, policyPack) : undefined;
  const changes = { stacks, ...(judged && { judged }) };
  const component = describedIn(stacks, found);
  try {
    return component ? { ...changes, intent: intentOf(component.inputs) } : changes;
  } catch {
    // The component is of another version of gray-release, or of a stack without canary: then only the changes are known.
    return changes;
  }
}

interface Changes {
  readonly stacks: readonly StackPreview[];
  /** Absent without a policy pack, or if a preview failed. */
  readonly judged?: readonly Judged[];
  /** Absent if the component of canary does not change. */
  readonly intent?: Intent;
}
