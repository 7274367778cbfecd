/** The stacks of the current project: their state, and `pulumi` commands that change them. */
import { spawn } from "node:child_process";
import { createInterface } from "node:readline/promises";
import * as v from "valibot";
import type { AccessArgs } from "../components/access.ts";
import { namesOf } from "../components/names.ts";
import { type Track, tracks } from "../components/traffic.ts";
import { clauseOf, UserError } from "../components/user-error.ts";
import { connect } from "../kubernetes/client.ts";
import { findAccess } from "../kubernetes/kubeconfig.ts";
import { clusterId } from "../live/live.ts";
import { lastError, pulumi, resources } from "../pulumi/pulumi.ts";
import { isCi } from "./output/output.ts";
import { type KnownService, knownServices, ownerIn } from "./stack-states.ts";

/** A stack of this project with the services in its state. Full or short name, as `pulumi stack ls` prints it. */
export interface Stack {
  readonly name: string;
  /** The services for which an `up` has completed. */
  readonly knownServices: readonly KnownService[];
  /** How the providers that deploy its services reach the cluster; encrypted ones are left out. */
  readonly providers: readonly AccessArgs[];
  readonly services: readonly {
    readonly service: string;
    readonly namespace: string;
    readonly tracks: readonly Track[];
    /** Owner id on the objects of the stack; absent if an older version made them, which had no owner ids. */
    readonly owner?: string;
  }[];
}

/** Names of the stacks of the project in this folder. @throws UserError if pulumi is not installed, fails or is ended by the signal */
export async function stackNames(signal?: AbortSignal): Promise<string[]> {
  const listed = JSON.parse(await output(["stack", "ls", "--json"], signal)) as { name: string }[];
  return listed.map(({ name }) => name);
}

/** The stacks of the project in this folder, with their services. @throws UserError if pulumi is not installed or fails */
export async function readStacks(): Promise<Stack[]> {
  return Promise.all(
    (await stackNames()).map(async (name) => {
      const found = await resources({ stack: name, folder: "." });
      const components = found.filter(({ type }) => type === "gray-release:index:CanaryService");
      const services = components.map(({ urn, inputs }) => {
        const given = inputs?.name as string | undefined;
        const { service, resource } = namesOf(urn.split("::").at(-1) ?? "", { name: given });
        const owner = ownerIn(found, resource);
        return {
          service,
          namespace: (inputs?.namespace as string | undefined) ?? "",
          tracks: (inputs?.tracks as readonly Track[] | undefined) ?? tracks,
          ...(owner !== undefined && { owner }),
        };
      });
      const owned = found.filter(({ parent }) => components.some(({ urn }) => urn === parent));
      const providers = found.filter(
        ({ type, urn }) =>
          type === "pulumi:providers:kubernetes" && owned.some(({ provider }) => provider?.startsWith(`${urn}::`)),
      );
      const accesses = providers.flatMap(({ inputs }) => accessIn(inputs) ?? []);
      return { name, knownServices: knownServices(found), providers: accesses, services };
    }),
  );
}

/**
 * @param cluster UID of the chosen cluster
 * @param choice how the user chooses a cluster, for the message
 * @throws UserError if the state of a stack is about another cluster
 */
export function assertSameCluster(stacks: readonly Stack[], cluster: string, choice: string): void {
  for (const { name, knownServices } of stacks) {
    const other = knownServices.find((known) => known.cluster !== cluster);
    if (other) throw new UserError(wrongCluster(name, other.cluster, cluster, choice));
  }
}

/** The access in the inputs of a provider; undefined if they are encrypted. */
function accessIn(inputs: unknown): AccessArgs | undefined {
  const { success, output } = v.safeParse(providerInputs, inputs);
  return success ? Object.fromEntries(Object.entries(output).filter(([, value]) => value !== "")) : undefined;
}

const text = v.optional(v.string());
const providerInputs = v.object({ kubeconfig: text, context: text, cluster: text });

/**
 * `pulumi destroy` does not run the program, so it uses the provider in the state, and on this machine that may reach another
 * cluster than the chosen one.
 *
 * @param cluster UID of the chosen cluster
 * @throws UserError if the provider reaches another cluster, or none
 */
export async function assertDestroyedIn(cluster: string, { name, providers }: Stack): Promise<void> {
  for (const access of providers) {
    const actual = await clusterThrough(access).catch((error: Error) => {
      throw new UserError(
        `The provider in the state of stack ${name} reaches no cluster from this machine (${clauseOf(error)}): run pulumi up --refresh=false --stack ${name} once, which updates the provider for this machine.`,
      );
    });
    if (actual !== cluster)
      throw new UserError(
        `The provider in the state of stack ${name} reaches the cluster with UID ${actual} from this machine, but you chose ${cluster}: set KUBECONFIG and its current context to the cluster of the stack.`,
      );
  }
}

async function clusterThrough(access: AccessArgs): Promise<string> {
  return clusterId(connect(findAccess(access)));
}

/** The message that a stack belongs to another cluster than the chosen one. @param choice how the user chooses a cluster */
export function wrongCluster(stack: string, actual: string, cluster: string, choice: string): string {
  return `Stack ${stack} is deployed on the cluster with UID ${actual}, but this one is ${cluster}: choose the right one with ${choice}.`;
}

/**
 * Asks the user for confirmation.
 *
 * @param command for the message, e.g. `gray destroy`
 * @param question what the command is about to do
 * @param otherwise the error message if the user does not confirm
 * @throws UserError if the user does not confirm, or there is no terminal to ask on
 */
export async function askFirst(command: string, question: string, otherwise: string): Promise<void> {
  if (!process.stdin.isTTY)
    throw new UserError(`${command} asks for confirmation, but there is no terminal to ask on: add --yes.`);
  const prompt = createInterface({ input: process.stdin, output: process.stdout });
  const answer = await prompt.question(`${question} Type yes to go on: `);
  prompt.close();
  if (answer !== "yes") throw new UserError(otherwise);
}

async function output(args: string[], signal?: AbortSignal): Promise<string> {
  const { code, stdout, stderr } = await pulumi(args, signal && { signal });
  if (code !== 0)
    throw new UserError(`pulumi ${args.join(" ")} failed (${lastError(stderr)}): run it yourself for details.`);
  return stdout;
}

/**
 * Runs pulumi and shows its output.
 *
 * @param command to run again after a failure, for the message, e.g. `gray destroy`
 * @param quiet whether its output goes to standard error, so that standard output has JSON only. @default false
 * @param env further environment variables. @default none
 * @throws UserError if it fails
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
      `pulumi ${args.join(" ")} ended with ${code}: fix the errors above, but never with PULUMI_K8S_DELETE_UNREACHABLE, which drops running objects from the state; then run ${command} again.`,
    );
}

/** Runs pulumi on our own output, so that a terminal shows its colours and its progress. @returns its exit code */
function runInherited(
  args: readonly string[],
  quiet: boolean,
  env: Readonly<Record<string, string>>,
): Promise<unknown> {
  const child = spawn("pulumi", args, { stdio: ["ignore", quiet ? 2 : 1, 2], env: { ...process.env, ...env } });
  return new Promise((ended) => child.once("close", ended));
}

/** Runs pulumi and prints its lines through our own output, its standard error at the end. @returns its exit code */
async function runPrinted(args: readonly string[], quiet: boolean, env: Readonly<Record<string, string>>) {
  const out = quiet ? process.stderr : process.stdout;
  const { code, stderr } = await pulumi(args, { env, onLine: (line) => void out.write(`${line}\n`) });
  process.stderr.write(stderr);
  return code;
}
