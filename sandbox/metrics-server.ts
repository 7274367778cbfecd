/**
 * The resource metrics API of the sandbox. A test starts a metrics-server of its own where the sandbox has none; `gray sandbox up --metrics`
 * starts one that stays.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { join } from "node:path";
import { standingAddOns } from "./add-ons.ts";
import { api } from "./api.ts";
import { flags } from "./components/component.ts";
import { metricsServerFlags } from "./components/metrics-server.ts";
import { startGuest } from "./guest.ts";
import { applyMetricsApi, awaitMetrics, removeMetricsApi } from "./metrics-api.ts";
import { readOwner, standingPlaces } from "./owner.ts";
import { certificatePath } from "./pki.ts";
import { kubeconfigPath, type Places, places } from "./places.ts";
import { Problem } from "./problem.ts";
import { onDemandCommand } from "./toolchain.ts";

/** Resolves when the API serves the metrics of the node. Builds metrics-server first where it is not there yet: minutes, once. */
export async function startMetricsServer(from: Places = places()): Promise<{ stop(): Promise<void> }> {
  const at = standingPlaces(from);
  const link = readOwner(at)?.link;
  if (link === undefined) throw new Problem("there is no sandbox here: start one with `npm run sandbox -- up`");
  const server = api(at, link);
  if (standingAddOns(at).includes("metrics")) {
    await awaitMetrics(server);
    return { stop: async () => {} };
  }
  const command = await onDemandCommand("metrics-server", at);
  await applyMetricsApi(server, link);
  const folder = mkdtempSync(join(at.run, "metrics-server-"));
  const where = {
    link,
    kubeconfig: kubeconfigPath(at),
    authority: certificatePath(at, "ca"),
    certificates: folder,
  };
  const guest = startGuest(
    "metrics-server-of-tests",
    [command, ...flags(metricsServerFlags(where))],
    join(folder, "log"),
  );
  const stop = async () => {
    await removeMetricsApi(server, link);
    await guest.end("SIGTERM");
    rmSync(folder, { recursive: true, force: true });
  };
  try {
    await awaitMetrics(server, { check: guest.mustLive, onTimeout: guest.diagnostics });
  } catch (error) {
    await stop();
    throw error;
  }
  return { stop };
}
