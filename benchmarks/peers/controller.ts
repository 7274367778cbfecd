import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { kubectl } from "../../harness/kubectl.ts";
import { Unreachable } from "../../kubernetes/api-error.ts";
import { connect } from "../../kubernetes/client.ts";
import { findAccess } from "../../kubernetes/kubeconfig.ts";
import { startGuest } from "../../sandbox/guest.ts";
import { readOwner, standingPlaces } from "../../sandbox/owner.ts";
import { kubeconfigPath, places } from "../../sandbox/places.ts";
import { answers } from "../../sandbox/probe.ts";
import { Problem } from "../../sandbox/problem.ts";
import { onDemandCommand, onDemandShare } from "../../sandbox/toolchain.ts";
import { until } from "../../sandbox/wait.ts";
import type { AtEnd } from "../session.ts";

/** A peer's controller at work. */
export interface Controller {
  /**
   * An object of its own as it is now; undefined where there is none, and where the API server does not answer for a moment.
   *
   * @throws Problem with the controller's last lines, if it has ended
   */
  look<T>(path: string): Promise<T | undefined>;
}

/** The addresses of the cable between the host and the sandbox. */
export function link() {
  const found = readOwner(standingPlaces(places()))?.link;
  if (found === undefined) throw new Problem("there is no sandbox here; make one with `gray sandbox up`");
  return found;
}

/**
 * Brings a peer's definitions into the cluster and starts its controller, as a process inside the sandbox with the
 * admin's kubeconfig. At the end both go.
 *
 * @param port where it answers /healthz
 */
export async function startController(
  command: string,
  args: readonly string[],
  port: number,
  atEnd: AtEnd,
): Promise<Controller> {
  const at = standingPlaces(places());
  const path = await onDemandCommand(command, at);
  const share = onDemandShare(command, at);
  const definitions = readdirSync(share)
    .filter((file) => file.endsWith("crd.yaml"))
    .flatMap((file) => ["-f", join(share, file)]);
  atEnd(() => kubectl(["delete", "--ignore-not-found", ...definitions]));
  // Too large for what a client-side apply notes in an annotation.
  await kubectl(["apply", "--server-side", ...definitions]);
  await kubectl(["wait", "--for=condition=Established", "--timeout=60s", ...definitions]);
  const folder = mkdtempSync(join(at.run, `${command}-`));
  const guest = startGuest("peers", [path, `--kubeconfig=${kubeconfigPath(at)}`, ...args], join(folder, "log"));
  atEnd(async () => {
    await guest.end("SIGTERM");
    rmSync(folder, { recursive: true });
  });
  await until(() => answers({ kind: "http", url: `http://${link().node}:${port}/healthz` }), {
    what: `${command} to become healthy`,
    seconds: 60,
    check: guest.mustLive,
    onTimeout: guest.diagnostics,
  });
  const cluster = connect(findAccess());
  return {
    async look<T>(path: string) {
      guest.mustLive();
      try {
        return await cluster.get<T>(path);
      } catch (error) {
        if (error instanceof Unreachable) return undefined;
        throw error;
      }
    },
  };
}
