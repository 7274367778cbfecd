import { spawn } from "node:child_process";
import { createInterface } from "node:readline/promises";
import * as v from "valibot";
import type { AccessArgs } from "../components/access.ts";
import { ownerName, stashType } from "../components/names.ts";
import { type Track, tracks } from "../components/traffic.ts";
import { UserError } from "../components/user-error.ts";
import { connect } from "../kubernetes/cluster.ts";
import { findAccess } from "../kubernetes/kubeconfig.ts";
import { clusterId } from "../live/live.ts";
import { lastError, pulumi } from "../pulumi/pulumi.ts";
import { isCi } from "./output/output.ts";

/** A stack of this project with the services in its state. */
export interface Stack {
  readonly name: string;
  /** UIDs of the clusters that it remembers. */
  readonly clusters: readonly string[];
  /** Keys of the services that it remembers: those that it has run completely. */
  readonly knownServices: readonly string[];
  /** How the providers in its state reach the cluster, of those that deploy services; encrypted ones are left out. */
  readonly providers: readonly AccessArgs[];
  readonly services: readonly {
    readonly service: string;
    readonly namespace: string;
    readonly tracks: readonly Track[];
    /** The owner id on the objects that the stack makes; absent where a version made them that knew none. */
    readonly owner?: string;
  }[];
}

/** The stacks of the project in this folder. @throws Refusal if pulumi is not there, or fails */
export async function stackNames(): Promise<string[]> {
  const listed = JSON.parse(await output(["stack", "ls", "--json"])) as { name: string }[];
  return listed.map(({ name }) => name);
}

/** The stacks of the project in this folder, with what is in them. @throws Refusal if pulumi is not there, or fails */
export async function readStacks(): Promise<Stack[]> {
  return Promise.all(
    (await stackNames()).map(async (name) => {
      interface Resource {
        readonly type: string;
        readonly urn: string;
        readonly parent?: string;
        /** URN and id of what deploys it. */
        readonly provider?: string;
        readonly inputs?: { readonly namespace?: string; readonly tracks?: readonly Track[] };
        readonly outputs?: {
          readonly releases?: Record<string, { readonly cluster: string }>;
          /** Of a stash. */
          readonly output?: string;
        };
      }
      const exported = JSON.parse(await output(["stack", "export", "--stack", name])) as {
        deployment?: { resources?: Resource[] };
      };
      const resources = exported.deployment?.resources ?? [];
      const components = resources.filter(({ type }) => type === "gray-release:index:CanaryService");
      const services = components.map(({ urn, inputs }) => {
        const service = urn.split("::").at(-1) ?? "";
        const stash = resources.find((each) => each.urn.endsWith(`::${stashType}::${ownerName(service)}`));
        const owner = stash?.outputs?.output;
        return {
          service,
          namespace: inputs?.namespace ?? "",
          tracks: inputs?.tracks ?? tracks,
          ...(owner !== undefined && { owner }),
        };
      });
      const owned = resources.filter(({ parent }) => components.some(({ urn }) => urn === parent));
      const providers = resources.filter(
        ({ type, urn }) =>
          type === "pulumi:providers:kubernetes" && owned.some(({ provider }) => provider?.startsWith(`${urn}::`)),
      );
      const root = resources.find(({ type }) => type === "pulumi:pulumi:Stack");
      const stackStates = root?.outputs?.releases ?? {};
      const clusters = Object.values(stackStates).map(({ cluster }) => cluster);
      const accesses = providers.flatMap(({ inputs }) => accessIn(inputs) ?? []);
      return { name, clusters, knownServices: Object.keys(stackStates), providers: accesses, services };
    }),
  );
}

/**
 * @param choice how a person chooses a cluster
 * @throws Refusal if a stack lives on another cluster than the one that is looked at
 */
export function assertSameCluster(stacks: readonly Stack[], cluster: string, choice: string): void {
  for (const { name, clusters } of stacks) {
    const other = clusters.find((known) => known !== cluster);
    if (other) throw new UserError(wrongCluster(name, other, cluster, choice));
  }
}

/** The access that a provider's inputs in a state give; undefined where they are encrypted. */
function accessIn(inputs: unknown): AccessArgs | undefined {
  const { success, output } = v.safeParse(providerInputs, inputs);
  return success ? Object.fromEntries(Object.entries(output).filter(([, value]) => value !== "")) : undefined;
}

const text = v.optional(v.string());
const providerInputs = v.object({ kubeconfig: text, context: text, cluster: text });

/**
 * What Pulumi destroys without running the program it destroys through the provider in the state, which may lead to another cluster
 * from here than the one that is looked at.
 *
 * @throws Refusal if it does, or leads to none
 */
export async function assertDestroyedIn(cluster: string, { name, providers }: Stack): Promise<void> {
  for (const access of providers) {
    const actual = await clusterThrough(access).catch((error: Error) => {
      throw new UserError(
        `The provider in the state of stack ${name} leads to no cluster from here (${error.message.replace(/\.$/, "")}): run pulumi up --refresh=false --stack ${name} once, which writes what holds here.`,
      );
    });
    if (actual !== cluster)
      throw new UserError(
        `The provider in the state of stack ${name} leads to the cluster with UID ${actual} from here, and ${cluster} was chosen: let KUBECONFIG and its current context lead to the one to destroy it on.`,
      );
  }
}

async function clusterThrough(access: AccessArgs): Promise<string> {
  return clusterId(connect(findAccess(access)));
}

/** That a stack lives on another cluster than this one, for a person. @param choice as above */
export function wrongCluster(stack: string, actual: string, cluster: string, choice: string): string {
  return `Stack ${stack} lives on the cluster with UID ${actual} and this one is ${cluster}: choose the right one with ${choice}.`;
}

/**
 * Goes on once a person has said so.
 *
 * @param verb for the sentences, e.g. `gray destroy`
 * @throws Refusal if nobody says so
 */
export async function askFirst(command: string, question: string, otherwise: string): Promise<void> {
  if (!process.stdin.isTTY)
    throw new UserError(`${command} asks before it acts, and there is no terminal to ask on: add --yes.`);
  const prompt = createInterface({ input: process.stdin, output: process.stdout });
  const answer = await prompt.question(`${question} Type yes to go on: `);
  prompt.close();
  if (answer !== "yes") throw new UserError(otherwise);
}

async function output(args: string[]): Promise<string> {
  const { code, stdout, stderr } = await pulumi(args);
  if (code !== 0)
    throw new UserError(`pulumi ${args.join(" ")} failed (${lastError(stderr)}): run it yourself to see more.`);
  return stdout;
}

/**
 * Runs pulumi for a person to watch.
 *
 * @param verb what is to be run again if it fails, e.g. `gray destroy`
 * @param quiet its output goes to standard error, so that JSON stays alone
 * @param env further variables of its environment
 */
export async function runPulumi(
  command: string,
  args: readonly string[],
  quiet = false,
  env: Readonly<Record<string, string>> = {},
): Promise<void> {
  const code = isCi() ? await runPrinted(args, quiet, env) : await runInherited(args, quiet, env);
  if (code !== 0)
    throw new UserError(
      `pulumi ${args.join(" ")} ended with ${code}: mend what it says above, but never by PULUMI_K8S_DELETE_UNREACHABLE, which forgets what still runs, then run ${command} again.`,
    );
}

/** Runs it with our own output: a terminal has its colours and its progress. @returns its exit code */
function runInherited(
  args: readonly string[],
  quiet: boolean,
  env: Readonly<Record<string, string>>,
): Promise<unknown> {
  const child = spawn("pulumi", args, { stdio: ["ignore", quiet ? 2 : 1, 2], env: { ...process.env, ...env } });
  return new Promise((ended) => child.once("close", ended));
}

/** Runs it and prints each line by ourselves, its standard error at the end. @returns its exit code */
async function runPrinted(args: readonly string[], quiet: boolean, env: Readonly<Record<string, string>>) {
  const out = quiet ? process.stderr : process.stdout;
  const { code, stderr } = await pulumi(args, { env, onLine: (line) => void out.write(`${line}\n`) });
  process.stderr.write(stderr);
  return code;
}
