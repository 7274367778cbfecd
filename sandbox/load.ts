/** Steady requests from inside the sandbox's network namespace, as the users that a release must not lose. */
import { type ChildProcess, spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { systemCommand } from "./host.ts";
import { networkNamespacePath, type Places, places } from "./places.ts";
import { Problem } from "./problem.ts";
import { commandPath, findTools } from "./toolchain.ts";

export interface LoadOptions {
  /** An address inside the sandbox, a ClusterIP for example. */
  readonly url: string;
  /** Requests a second, sent whatever the replies do. */
  readonly rate: number;
  /** As Go writes durations: "90s", "10m". @default "1m" */
  readonly duration?: string;
  /** Reuse connections; false opens one for each request. @default true */
  readonly keepalive?: boolean;
  /** The Host header, where it differs from the address. */
  readonly host?: string;
}

export interface Counts {
  readonly requests: number;
  /** No whole reply, or a 5xx. */
  readonly failed: number;
  /** "200" -> how many; "error" where there was no reply. */
  readonly status: Readonly<Record<string, number>>;
  /** "<track>/<release>" of the pod that answered -> how many. */
  readonly by: Readonly<Record<string, number>>;
}

export interface Second extends Counts {
  /** Seconds since the start. */
  readonly at: number;
}

export interface Totals extends Counts {
  readonly seconds: number;
  /** Sent once more because a reused connection was closed before the first byte of a reply; not failed. */
  readonly retried: number;
  /** Why there was no reply -> how often. */
  readonly errors: Readonly<Record<string, number>>;
  /** p50, p90, p99, p999 and max in milliseconds, from when a request was due. */
  readonly latency: Readonly<Record<string, number>>;
}

export interface Load {
  /** Every second so far. */
  readonly seconds: readonly Second[];
  /** Resolves when the duration is over. */
  readonly totals: Promise<Totals>;
  /** Ends it now: waits for the requests in flight. */
  stop(): Promise<Totals>;
}

/** Resolves when the load is on its way. */
export async function startLoad(options: LoadOptions, at: Places = places()): Promise<Load> {
  const command = commandPath(findTools(at), "load");
  const child = spawn(
    systemCommand("nsenter"),
    [`--net=${networkNamespacePath()}`, "--", command, ...loadFlags(options)],
    {
      stdio: ["ignore", "pipe", "pipe"],
    },
  );
  await new Promise<void>((resolve, reject) => {
    child.once("spawn", resolve);
    child.once("error", reject);
  });
  const seconds: Second[] = [];
  const totals = collect(child, seconds);
  totals.catch(() => {}); // reported when the totals are read
  return {
    seconds,
    totals,
    stop() {
      child.kill("SIGINT");
      return totals;
    },
  };
}

export function loadFlags(options: LoadOptions): string[] {
  return [
    `-url=${options.url}`,
    `-rate=${options.rate}`,
    `-duration=${options.duration ?? "1m"}`,
    `-keepalive=${options.keepalive ?? true}`,
    ...(options.host ? [`-host=${options.host}`] : []),
  ];
}

function collect(child: ChildProcess, seconds: Second[]): Promise<Totals> {
  const { stdout, stderr } = child;
  if (!stdout || !stderr) throw new Error("load has no output");
  let last: Totals | undefined;
  let complaint = "";
  stderr.on("data", (bytes: Buffer) => {
    complaint += bytes.toString();
  });
  createInterface({ input: stdout }).on("line", (line) => {
    const said = JSON.parse(line) as Second | { totals: Totals };
    if ("totals" in said) last = said.totals;
    else seconds.push(said);
  });
  return new Promise((resolve, reject) => {
    child.on("close", (code) => {
      if (last) resolve(last);
      else reject(new Problem(complaint.trim() || `the load generator ended with exit code ${code} and no totals`));
    });
  });
}
