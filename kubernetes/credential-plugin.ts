/** Runs the credential plugin that a kubeconfig names, and caches its credentials until they expire. */

import { type ChildProcess, spawn } from "node:child_process";
import type { Socket } from "node:net";
import { resolve } from "node:path";
import * as v from "valibot";
import { textOf } from "../border/body.ts";
import { oneLine } from "../border/foreign-text.ts";
import { keyed, understand } from "../components/schema.ts";
import type { Credentials } from "./access.ts";
import { Unreachable } from "./api-error.ts";
import { unlessEnded } from "./unless-ended.ts";

/** Longest run of a credential plugin, in milliseconds. */
export const pluginLimit = 30_000;
/** Largest output of a plugin, in bytes. */
const outputBytes = 1 << 20;
/** How long before they expire credentials are fetched again, in milliseconds. */
const marginMilliseconds = 10_000;

/** The `exec` entry of a kubeconfig's user. */
export const pluginSchema = v.object({
  apiVersion: v.string(),
  command: v.string(),
  args: v.nullish(v.array(v.string())),
  env: v.nullish(v.array(v.object({ name: v.string(), value: v.string() }))),
  provideClusterInfo: v.nullish(v.boolean()),
});

interface PluginArgs extends v.InferOutput<typeof pluginSchema> {
  /** Folder of the kubeconfig. */
  readonly folder: string;
  /** The cluster that the credentials are for, as `spec.cluster` of the plugin's input. */
  readonly target: Readonly<Record<string, unknown>>;
  /** Longest run in milliseconds. */
  readonly limit: number;
}

const answer = v.object({
  status: keyed(
    v.object({
      token: v.optional(v.string()),
      clientCertificateData: v.optional(v.string()),
      clientKeyData: v.optional(v.string()),
      expirationTimestamp: v.optional(v.string()),
    }),
  ),
});

/** Credentials from a plugin. */
interface Given {
  readonly credentials: Credentials;
  /** When to fetch them again, in milliseconds since the epoch. */
  readonly until: number;
}

/** One run of a plugin. */
interface Run {
  readonly result: Promise<Given>;
  /** Kills the plugin. */
  readonly end: () => void;
  /** Number of requests that wait for it. */
  waiting: number;
}

/**
 * A credential plugin (client.authentication.k8s.io, KEP-541), as EKS, GKE and AKS need it. One run serves all requests that wait.
 * The plugin has no standard input, and is killed when it takes too long or no request waits for it any more.
 */
export class CredentialPlugin {
  readonly #args: PluginArgs;
  #given: Given | undefined;
  #running: Run | undefined;

  constructor(args: PluginArgs) {
    this.#args = args;
  }

  /**
   * The current credentials; runs the plugin if there are none or they have expired.
   *
   * @param signal ends the wait; its reason is then thrown. @default none
   * @throws Unreachable if the plugin gives none
   */
  async credentials(signal?: AbortSignal): Promise<Credentials> {
    signal?.throwIfAborted();
    if (this.#given && this.#given.until > Date.now()) return this.#given.credentials;
    this.#running ??= this.#start();
    const running = this.#running;
    running.waiting++;
    try {
      const given = await unlessEnded(signal, running.result);
      return given.credentials;
    } finally {
      running.waiting--;
      if (running.waiting === 0) {
        running.end();
        if (this.#running === running) this.#running = undefined;
      }
    }
  }

  /** Drops credentials that the server refused. @returns true, because the plugin may give others */
  renew(refused: Credentials): boolean {
    if (this.#given?.credentials === refused) this.#given = undefined;
    return true;
  }

  #start(): Run {
    const { command, folder, args, env, apiVersion, provideClusterInfo, target, limit } = this.#args;
    const about = provideClusterInfo ? { cluster: target } : {};
    const info = { apiVersion, kind: "ExecCredential", spec: { interactive: false, ...about } };
    const own = Object.fromEntries((env ?? []).map(({ name, value }) => [name, value]));
    // As kubectl does: a name is looked up in PATH, a relative path is resolved against the kubeconfig's folder.
    const child = spawn(command.includes("/") ? resolve(folder, command) : command, args ?? [], {
      env: { ...process.env, ...own, KUBERNETES_EXEC_INFO: JSON.stringify(info) },
      // A process group of its own, so that its child processes can be killed with it.
      detached: true,
      stdio: ["ignore", "pipe", "ignore"],
    });
    const end = () => {
      endGroup(child);
      // A child process that left the group may keep the other end open for ever.
      child.stdout?.destroy();
    };
    // A plugin has nothing to clean up, and must not outlive this process.
    process.once("exit", end);
    const read = this.#read(child);
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<never>((_, failed) => {
      timer = setTimeout(() => failed(this.#failure(`no answer within ${limit / 1000} s`)), limit);
    });
    const result = Promise.race([read, late]).finally(() => {
      clearTimeout(timer);
      process.off("exit", end);
      end();
    });
    result.then(
      (given) => {
        this.#given = given;
      },
      () => {},
    );
    return { result, end, waiting: 0 };
  }

  async #read(child: ChildProcess): Promise<Given> {
    try {
      const ended = new Promise<number | string>((done, failed) => {
        child.once("error", failed).once("exit", (code, signal) => done(code ?? signal ?? 1));
      });
      const [text, code] = await Promise.all([textOf(child.stdout as Socket, outputBytes), ended]);
      if (code !== 0) throw new Error(`it ended with ${code}`);
      const { status } = understand(answer, JSON.parse(text));
      return {
        credentials: {
          ...(status.token !== undefined && { token: status.token }),
          ...(status.clientCertificateData !== undefined && { certificate: status.clientCertificateData }),
          ...(status.clientKeyData !== undefined && { key: status.clientKeyData }),
        },
        until: status.expirationTimestamp
          ? Date.parse(status.expirationTimestamp) - marginMilliseconds
          : Number.POSITIVE_INFINITY,
      };
    } catch (error) {
      // The output may hold a token, so no part of it is shown.
      throw this.#failure(error instanceof SyntaxError ? "its output is not JSON" : oneLine((error as Error).message));
    }
  }

  #failure(why: string): Unreachable {
    return new Unreachable(
      `The credential plugin ${oneLine(this.#args.command)} of the kubeconfig gave no credentials (${why}): log in again, or run it by hand to see what it waits for.`,
    );
  }
}

/** Kills a process and its process group. */
function endGroup({ pid }: ChildProcess): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, "SIGKILL");
  } catch {
    // The process has already ended.
  }
}
