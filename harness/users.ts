/**
 * Users of a service, run inside the sandbox's network: half of the requests on connections of their own, half on kept
 * ones. Run as a program it ends when its standard input does, and prints what they met: `Met` as JSON.
 */
import { spawn } from "node:child_process";
import { Agent, get } from "node:http";
import { text } from "node:stream/consumers";
import { systemCommand } from "../sandbox/host.ts";
import { networkNamespacePath } from "../sandbox/places.ts";

export interface Met {
  readonly requests: number;
  /** No whole answer. */
  readonly failed: number;
  /** Answers with a status of 500 or more, by release; under `undefined` those that no release gave. */
  readonly bad: Readonly<Record<string, number>>;
  /** When a release last answered, in milliseconds since the epoch, by kind of connection. */
  readonly last: Readonly<Record<"own" | "kept", Record<string, number>>>;
}

/**
 * Users who ask a service until they are stopped.
 *
 * @param url an address inside the sandbox
 * @param host the Host header, where it differs from the address
 */
export function startUsers(url: string, host = ""): { stop(): Promise<Met> } {
  const inside = [`--net=${networkNamespacePath()}`, "--", process.execPath, import.meta.filename, url, host];
  const child = spawn(systemCommand("nsenter"), inside, { stdio: ["pipe", "pipe", "inherit"] });
  const met = text(child.stdout);
  return {
    async stop() {
      child.stdin.end();
      return JSON.parse(await met);
    },
  };
}

/** Requests a second, of each kind. */
const rate = 100;
const keptConnections = 25;
/** Milliseconds that a kept connection lives: those that are opened while canary has users may come to it. */
const keptMilliseconds = 4000;
/** Milliseconds that an answer may take. */
const patience = 5000;

if (import.meta.main) {
  const [, , url = "", host] = process.argv;
  const headers = host ? { host } : {};
  const met = { requests: 0, failed: 0, bad: {} as Record<string, number>, last: { own: {}, kept: {} } };
  const ask = (kind: "own" | "kept", agent: Agent | false) => {
    met.requests++;
    const call = get(url, { agent, headers, timeout: patience }, (answer) => {
      const release = String(answer.headers["x-release"]);
      answer.resume().on("end", () => {
        (met.last[kind] as Record<string, number>)[release] = Date.now();
        if ((answer.statusCode ?? 0) >= 500) met.bad[release] = (met.bad[release] ?? 0) + 1;
      });
      answer.on("error", () => met.failed++);
    });
    call.on("timeout", () => call.destroy(new Error("no answer")));
    call.on("error", () => met.failed++);
  };
  const connection = () => ({
    agent: new Agent({ keepAlive: true, maxSockets: 1 }),
    until: Date.now() + keptMilliseconds * (0.5 + Math.random()),
  });
  const kept = Array.from({ length: keptConnections }, connection);
  let turn = 0;
  const asking = setInterval(() => {
    ask("own", false);
    const at = turn++ % kept.length;
    const one = kept[at];
    if (one === undefined || Date.now() > one.until) {
      // What it was asked last may be answered yet.
      setTimeout(() => one?.agent.destroy(), patience);
      kept[at] = connection();
    } else ask("kept", one.agent);
  }, 1000 / rate);
  process.stdin.resume().on("end", () => {
    clearInterval(asking);
    setTimeout(() => {
      console.log(JSON.stringify(met));
      process.exit();
    }, patience);
  });
}
