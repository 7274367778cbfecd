/** Reads a pod's metrics from the address that is named, as the driver does, and prints what that took. */
import { readFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { podSource } from "../analysis/providers/pods.ts";
import { connect } from "../kubernetes/client.ts";

/** What reading them once came to. */
export interface Read {
  readonly seconds: number;
  /**
   * The most that was done while no timer had its turn, in milliseconds on a processor: what else the machine does makes
   * waiting long, and no work.
   */
  readonly blocked: number;
  /** The most memory that the process held, in MB. */
  readonly memory: number;
  readonly problem?: string;
}

const server = new URL(process.argv[2] ?? "");
const api = connect({
  server,
  credentials: async () => ({}),
  renew: () => false,
  skipTlsVerify: false,
});
const pod = {
  name: "orders-1",
  uid: "1",
  release: "aaaaaaaaaaaa",
  track: "canary",
  ready: true,
  terminating: false,
  restarts: 0,
  annotations: {},
  ports: [{ containerPort: 8080 }],
};
let blocked = 0;
let before = process.threadCpuUsage();
const turns = setInterval(() => {
  const { user, system } = process.threadCpuUsage(before);
  blocked = Math.max(blocked, (user + system) / 1000);
  before = process.threadCpuUsage();
}, 1);
const began = performance.now();
const source = podSource({ ask: api.stream, namespace: "bench", timeoutSeconds: 60 });
const [target] = await source.read([pod], new AbortController().signal);
const seconds = (performance.now() - began) / 1000;
// The last piece of work ends with the next turn.
await sleep(5);
clearInterval(turns);
const { problem } = target ?? {};
const read: Read = {
  seconds,
  blocked,
  memory: Number(/VmHWM:\s+(\d+) kB/.exec(readFileSync("/proc/self/status", "utf8"))?.[1]) / 1000,
  ...(problem !== undefined && { problem }),
};
console.log(JSON.stringify(read));
