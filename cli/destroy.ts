import { execFile, spawn } from "node:child_process";
import { createInterface } from "node:readline/promises";
import { promisify } from "node:util";
import { Command } from "commander";
import { memoryKey } from "../components/history.ts";
import { Refusal } from "../components/refusal.ts";
import { connect } from "../rollout/cluster.ts";
import { forgetEvidence } from "../rollout/kept-evidence.ts";
import { findAccess } from "../rollout/kubeconfig.ts";
import { clusterId } from "../rollout/live.ts";
import { deleteRecord } from "../rollout/record.ts";

/** A stack of this project with the services in its state. */
interface Stack {
  readonly name: string;
  /** UIDs of the clusters that it remembers. */
  readonly clusters: readonly string[];
  readonly services: readonly { readonly service: string; readonly namespace: string; readonly ownsFront: boolean }[];
}

/** `gray destroy`: everything of this project down, users' way in last. */
export function destroyCommand(): Command {
  return new Command("destroy")
    .description("take down every stack of this project: stable first, then canary and the front, then the record")
    .option("--context <name>", "context of the kubeconfig, where it is not the current one")
    .option("--yes", "do not ask")
    .option("--json", "what was taken down as JSON")
    .action(destroy);
}

async function destroy(options: { context?: string; yes?: boolean; json?: boolean }): Promise<void> {
  const api = connect(findAccess({ context: options.context }));
  const stacks = inOrder(await readStacks());
  if (stacks.length === 0) throw new Refusal("No stack of this project holds anything: there is nothing to destroy.");
  assertSameCluster(stacks, await clusterId(api));
  const names = stacks.map((stack) => stack.name);
  if (!options.yes) await askFirst(names);
  for (const stack of names) {
    await pulumi(["state", "unprotect", "--all", "--yes", "--stack", stack], options.json);
    await pulumi(["destroy", "--yes", "--skip-preview", "--stack", stack], options.json);
  }
  const services = new Map(
    stacks.flatMap((stack) => stack.services).map((each) => [memoryKey(each.namespace, each.service), each]),
  );
  for (const { namespace, service } of services.values()) {
    await forgetEvidence(api, namespace, service);
    await deleteRecord(api, namespace, service);
  }
  console.log(
    options.json
      ? JSON.stringify({ stacks: names, services: [...services.keys()] })
      : `Down: ${names.join(", then ")}; the records of ${[...services.keys()].join(", ")} are deleted.`,
  );
}

/** @throws Refusal if a stack lives on another cluster than the one whose records would be deleted */
function assertSameCluster(stacks: readonly Stack[], cluster: string): void {
  for (const { name, clusters } of stacks) {
    const other = clusters.find((remembered) => remembered !== cluster);
    if (other) {
      throw new Refusal(
        `Stack ${name} lives on the cluster with UID ${other} and this one is ${cluster}: choose the right one with KUBECONFIG or --context.`,
      );
    }
  }
}

/** Stacks without the front first: while stable's pods end, nobody may find the way in gone or the config files missing. */
function inOrder(stacks: readonly Stack[]): Stack[] {
  const ownsFront = (stack: Stack) => Number(stack.services.some((each) => each.ownsFront));
  return stacks.filter((stack) => stack.services.length > 0).sort((a, b) => ownsFront(a) - ownsFront(b));
}

async function readStacks(): Promise<Stack[]> {
  const listed = JSON.parse(await output(["stack", "ls", "--json"])) as { name: string }[];
  return Promise.all(
    listed.map(async ({ name }) => {
      interface Resource {
        readonly type: string;
        readonly urn: string;
        readonly inputs?: { readonly namespace?: string; readonly tracks?: readonly string[] };
        readonly outputs?: { readonly releases?: Record<string, { readonly cluster: string }> };
      }
      const exported = JSON.parse(await output(["stack", "export", "--stack", name])) as {
        deployment?: { resources?: Resource[] };
      };
      const resources = exported.deployment?.resources ?? [];
      const components = resources.filter(({ type }) => type === "gray-release:index:CanaryService");
      const services = components.map(({ urn, inputs }) => ({
        service: urn.split("::").at(-1) ?? "",
        namespace: inputs?.namespace ?? "",
        ownsFront: inputs?.tracks?.includes("canary") ?? true,
      }));
      const root = resources.find(({ type }) => type === "pulumi:pulumi:Stack");
      const clusters = Object.values(root?.outputs?.releases ?? {}).map(({ cluster }) => cluster);
      return { name, clusters, services };
    }),
  );
}

async function askFirst(names: readonly string[]): Promise<void> {
  if (!process.stdin.isTTY)
    throw new Refusal("gray destroy asks before it acts, and there is no terminal to ask on: add --yes.");
  const prompt = createInterface({ input: process.stdin, output: process.stdout });
  const answer = await prompt.question(
    `This takes down ${names.join(", then ")}, with all users on them. Type yes to go on: `,
  );
  prompt.close();
  if (answer !== "yes") throw new Refusal("Nothing was destroyed.");
}

async function output(args: string[]): Promise<string> {
  try {
    return (await promisify(execFile)("pulumi", args, { maxBuffer: 1 << 28 })).stdout;
  } catch (error) {
    const { code, stderr } = error as { code?: string; stderr?: string };
    if (code === "ENOENT")
      throw new Refusal(
        'The pulumi command is not on PATH: install Pulumi, or use the sandbox\'s with eval "$(npm run -s sandbox -- env)".',
      );
    throw new Refusal(
      `pulumi ${args.join(" ")} failed (${stderr?.trim().split("\n").at(-1)}): run it yourself to see more.`,
    );
  }
}

/** Runs pulumi for a person to watch; with `quiet` its output goes to standard error, so that JSON stays alone. */
async function pulumi(args: string[], quiet = false): Promise<void> {
  const child = spawn("pulumi", args, { stdio: ["ignore", quiet ? 2 : 1, 2] });
  const code = await new Promise((ended) => child.once("close", ended));
  if (code !== 0)
    throw new Refusal(
      `pulumi ${args.join(" ")} ended with ${code}: mend what it says above, then run gray destroy again.`,
    );
}
