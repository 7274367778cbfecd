import { readFileSync } from "node:fs";
import { connect } from "../../kubernetes/client.ts";
import { findAccess } from "../../kubernetes/kubeconfig.ts";
import { Backend } from "./backend.ts";
import { chanceOf } from "./chance.ts";
import { processHistoryOf } from "./history.ts";

/** `pulumi up` of a stack, in a process that ends in good order when it is interrupted. */
const { KUBECONFIG = "", GRAY_EPOCH = "", GRAY_FAULTS_SEED = "", GRAY_FAULTS_CALM = "" } = process.env;
const stack = process.argv.at(process.argv.indexOf("--stack") + 1) ?? "";
const track = stack.endsWith("/canary") ? "canary" : "stable";
const over = new AbortController();
process.on("SIGINT", () => over.abort());
const config = JSON.parse(readFileSync(KUBECONFIG, "utf8"));
const { cluster } = config.clusters[0];
cluster.server = cluster.server.replace(/\/as\/driver-(.*)$/, `/as/pulumi-$1.${GRAY_EPOCH}`);
const api = connect(findAccess({ kubeconfig: `${JSON.stringify(config)}\n` }));
const seed = Number(GRAY_FAULTS_SEED);
const name = `pulumi-${process.pid}`;
const actor = { name, skew: 0, chance: chanceOf(seed, stack, Date.now()), stoppedUntil: 0, dead: false };
const told: Promise<unknown>[] = [];
const backend = new Backend(
  processHistoryOf(seed),
  () => Date.now() >= Number(GRAY_FAULTS_CALM),
  (event) => void told.push(api.create("/faults", { metadata: { name: "told" }, event }).catch(() => {})),
);
try {
  await backend.up({ actor, api, track, epoch: Number(GRAY_EPOCH), signal: over.signal });
} catch (error) {
  await Promise.all(told);
  console.error(`error: ${(error as Error).message}`);
  process.exitCode = 255;
}
