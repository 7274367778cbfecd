import { Command } from "commander";
import type { Traffic } from "../analysis/planner.ts";
import { percent, times } from "../analysis/words.ts";
import { Refusal } from "../components/refusal.ts";
import { type Measured, measureTraffic } from "../rollout/measure.ts";
import { listPods } from "../rollout/pods.ts";
import { readFront, shareOf } from "../rollout/share.ts";
import { changeLines, previewStack, type StackPreview, shortName } from "./changes.ts";
import { caveats, prospects, prospectTable } from "./forecast.ts";
import { type Elsewhere, ownersOf } from "./owners.ts";
import { aboutService, type FoundService, findService, type ServiceOptions } from "./services.ts";
import { sourceOf } from "./sources.ts";
import { seconds } from "./time.ts";

interface Options extends ServiceOptions {
  readonly for: number;
  readonly requests?: string;
  readonly json?: boolean;
}

/** `gray plan`: what would change, and how long a decision about it will take. */
export function planCommand(): Command {
  return aboutService(new Command("plan"))
    .description("what pulumi up would change, and how long a decision takes at each weight with the traffic of now")
    .option("--for <time>", "how long the traffic is measured", seconds, 10)
    .option("--requests <metric>", "counter of requests by status code (default: http_requests_total)")
    .option("--json", "as JSON")
    .action(plan);
}

async function plan(options: Options): Promise<void> {
  const found = await findService(options);
  const { api, namespace, service, deployments } = found;
  const source = sourceOf({ ...options, series: "own", pair: [] }, found);
  if (process.stderr.isTTY) console.error(`Measuring the traffic of ${service} for ${options.for} s.`);
  const [measured, front, pods, changes] = await Promise.all([
    measureTraffic({ api, namespace, service, source, seconds: options.for }),
    readFront(api, namespace, service),
    listPods(api, namespace, service),
    changesOf(found),
  ]);
  const shareInForce = shareOf(front, pods);
  const stableReplicas = deployments.stable?.spec.replicas ?? 0;
  const { traffic } = measured;
  const isTold = traffic !== undefined && traffic.requestsPerSecond > 0 && stableReplicas > 0;
  const forecasts = isTold ? prospects(traffic, stableReplicas, shareInForce, front.routes.length > 0) : [];
  if (options.json) {
    console.log(
      JSON.stringify({ service, namespace, ...measured, stableReplicas, shareInForce, forecasts, ...changes }),
    );
  } else {
    const parts = [
      ...(isTold
        ? [measuredLine(service, traffic, measured), prospectTable(traffic, forecasts)]
        : [untold(service, measured)]),
      [...problemLines(measured), ...(isTold ? caveats(traffic, stableReplicas, forecasts) : [])].join("\n"),
      "elsewhere" in changes ? changes.elsewhere : changeLines(changes.stacks),
    ];
    console.log(parts.filter((part) => part !== "").join("\n\n"));
  }
  if ("elsewhere" in changes) return;
  const failed = changes.stacks.find(({ error }) => error !== undefined);
  if (failed) throw new Refusal(`pulumi preview --stack ${shortName(failed.stack)} says: ${failed.error}`);
}

function measuredLine(service: string, traffic: Traffic, { seconds, podsRead, podsListed }: Measured): string {
  const [rate, errors] = [times(traffic.requestsPerSecond), percent(traffic.errors)];
  return `${service} answers ${rate} requests/s, stable ${errors} of its own with 5xx (${podsRead} of ${podsListed} pods over ${times(seconds)} s).`;
}

function problemLines({ problems }: Measured): string[] {
  const [problem, ...others] = problems;
  return problem === undefined ? [] : [others.length > 0 ? `${problem} (And ${others.length} more.)` : problem];
}

/** Why there is no forecast. */
function untold(service: string, { traffic, seconds, podsRead, podsListed }: Measured): string {
  const soNot = "so how long a decision will take cannot be told";
  if (podsListed === 0) return `${service} has no pod, ${soNot}.`;
  if (traffic === undefined) return `The traffic of ${service} cannot be read, ${soNot}.`;
  if (traffic.requestsPerSecond === 0)
    return `${service} got no request in ${times(seconds)} s (${podsRead} of ${podsListed} pods), ${soNot}: try again when there is traffic, or longer with --for 1m.`;
  return `${service} has no stable pods to compare with yet, ${soNot}.`;
}

/** Previews of the stacks that own the Deployments, canary's first, as they are updated. */
async function changesOf(found: FoundService): Promise<{ stacks: StackPreview[] } | Elsewhere> {
  const owners = ownersOf(found, "gray plan");
  if ("elsewhere" in owners) return owners;
  const { canary, stable } = owners.stacks;
  const previews: StackPreview[] = [];
  for (const stack of new Set([canary, stable])) {
    if (stack !== undefined) previews.push(await previewStack(stack, owners.folder));
  }
  return { stacks: previews };
}
