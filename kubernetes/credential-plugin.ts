import { type ChildProcess, spawn } from "node:child_process";
import type { Socket } from "node:net";
import { resolve } from "node:path";
import * as v from "valibot";
import { textOf } from "../border/body.ts";
import { oneLine } from "../border/foreign-text.ts";
import { keyed, understand } from "../components/schema.ts";
import { Unreachable } from "./cluster.ts";
import type { Credentials } from "./kubeconfig.ts";
import { unlessEnded } from "./unless-ended.ts";

/** Milliseconds that a credential plugin may take. */
export const pluginLimit = 30_000;
/** Bytes that it may print. */
const outputBytes = 1 << 20;
/** Milliseconds before the end of its credentials at which they are asked for anew. */
const marginMilliseconds = 10_000;

/** A credential plugin as a kubeconfig names it. */
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
  readonly target: { readonly server: string; readonly ca: string | undefined };
  /** Milliseconds that it may take. */
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

/** What a plugin gave, and until when it holds, in milliseconds since the epoch. */
interface Given {
  readonly credentials: Credentials;
  readonly until: number;
}

/** One run of a plugin. */
interface Run {
  readonly result: Promise<Given>;
  readonly end: () => void;
  /** Requests that wait for it. */
  waiting: number;
}

/**
 * A credential plugin (client.authentication.k8s.io, KEP-541), as EKS, GKE and AKS need it. It is run once for all requests
 * that wait, without standard input, and ended as soon as it takes too long or nothing waits for it any more.
 */
export class CredentialPlugin {
  readonly #args: PluginArgs;
  #given: Given | undefined;
  #running: Run | undefined;

  constructor(args: PluginArgs) {
    this.#args = args;
  }

  /**
   * The credentials of the moment.
   *
   * @param signal ends the waiting; then its reason is thrown
   * @throws Unreachable where the plugin gives none
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

  /** Does not give these again. @returns true: the plugin may give others */
  renew(refused: Credentials): boolean {
    if (this.#given?.credentials === refused) this.#given = undefined;
    return true;
  }

  #start(): Run {
    const { command, folder, args, env, apiVersion, provideClusterInfo, target, limit } = this.#args;
    const { server, ca } = target;
    const about = provideClusterInfo
      ? { cluster: { server, ...(ca && { "certificate-authority-data": Buffer.from(ca).toString("base64") }) } }
      : {};
    const info = { apiVersion, kind: "ExecCredential", spec: { interactive: false, ...about } };
    const own = Object.fromEntries((env ?? []).map(({ name, value }) => [name, value]));
    // As kubectl does: a name is looked up in PATH, a relative path starts at the kubeconfig's folder.
    const child = spawn(command.includes("/") ? resolve(folder, command) : command, args ?? [], {
      env: { ...process.env, ...own, KUBERNETES_EXEC_INFO: JSON.stringify(info) },
      // A group of its own, so that what it starts ends with it.
      detached: true,
      stdio: ["ignore", "pipe", "ignore"],
    });
    const end = () => {
      endGroup(child);
      // A process that it left behind may hold the other end for ever.
      child.stdout?.destroy();
    };
    // It holds nothing that has to be put in order, and must not outlive us.
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
      // What it printed may hold a token, so no part of it is shown.
      throw this.#failure(
        error instanceof SyntaxError ? "what it printed is no JSON" : oneLine((error as Error).message),
      );
    }
  }

  #failure(why: string): Unreachable {
    return new Unreachable(
      `The credential plugin ${oneLine(this.#args.command)} of the kubeconfig gave no credentials (${why}): log in again, or run it by hand to see what it waits for.`,
    );
  }
}

/** Ends a process and what it has started. */
function endGroup({ pid }: ChildProcess): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, "SIGKILL");
  } catch {
    // It has ended meanwhile.
  }
}
