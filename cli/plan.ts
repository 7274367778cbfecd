import { existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { Command } from "commander";
import { load } from "js-yaml";
import type { Traffic } from "../analysis/planner.ts";
import { percent, times } from "../analysis/words.ts";
import { stackAnnotation } from "../components/names.ts";
import { Refusal } from "../components/refusal.ts";
import { type Measured, measureTraffic } from "../rollout/measure.ts";
import { listPods } from "../rollout/pods.ts";
import { readFront, shareOf } from "../rollout/share.ts";
import { changeLines, previewStack, type StackPreview, shortName } from "./changes.ts";
import { caveats, prospects, prospectTable } from "./forecast.ts";
import { aboutService, type FoundService, findService, type ServiceOptions } from "./services.ts";
import { sourceOf } from "./sources.ts";
import { seconds } from "./time.ts";

interface Options extends ServiceOptions {
  readonly for: number;
  readonly requests?: string;
  readonly json?: boolean;
}

/** Where one would have to be to see what changes. */
type Elsewhere = { readonly elsewhere: string };

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
async function changesOf({ deployments }: FoundService): Promise<{ stacks: StackPreview[] } | Elsewhere> {
  const owners = [deployments.canary, deployments.stable].map((each) => each?.metadata.annotations?.[stackAnnotation]);
  const stacks = [...new Set(owners.filter((owner) => owner !== undefined))];
  const project = stacks[0]?.split("/").at(-2);
  if (project === undefined) {
    return { elsewhere: "Which stacks own the Deployments is not known: pulumi up writes it on them." };
  }
  const folder = projectFolder(process.cwd());
  if (folder === undefined || nameOf(folder) !== project) {
    return {
      elsewhere: `What would change is shown in the folder of the Pulumi project ${project}: run gray plan beside its Pulumi.yaml.`,
    };
  }
  const previews: StackPreview[] = [];
  for (const stack of stacks) previews.push(await previewStack(stack, folder));
  return { stacks: previews };
}

/** The folder with the project file, found as Pulumi finds it: here, else upwards. */
function projectFolder(folder: string): string | undefined {
  if (existsSync(join(folder, "Pulumi.yaml"))) return folder;
  const parent = dirname(folder);
  return parent === folder ? undefined : projectFolder(parent);
}

function nameOf(folder: string): unknown {
  return (load(readFileSync(join(folder, "Pulumi.yaml"), "utf8")) as { name?: unknown } | undefined)?.name;
}
