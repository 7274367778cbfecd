/** Brings the sandbox up and takes it down. Read `up` as the list of what a one-node Kubernetes needs, in order. */
import { existsSync, mkdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { type Api, api, appNamespaceIsReady, createAppNamespace, grantKubeletAccess, nodeIsReady } from "./api.ts";
import { ensureCgroups, killMembers, removeCgroups } from "./cgroup.ts";
import { COMPONENTS, type ComponentName, componentKubeconfig, components } from "./components.ts";
import { hasCode, SECRET, writeFile } from "./file.ts";
import { requireLinuxRoot, requirePackages } from "./host.ts";
import { ensureImages } from "./images.ts";
import { kubeconfigText } from "./kubeconfig.ts";
import { chooseLink, type Link } from "./link.ts";
import { withLock } from "./lock.ts";
import { unmountBelow } from "./mounts.ts";
import { ensureMountNamespace, ensureNetwork, hostRanges, removeMountNamespace, removeNetwork } from "./namespaces.ts";
import { readOwner, requireClaim, writeOwner } from "./owner.ts";
import { certificatePath, ensurePki, keyPath } from "./pki.ts";
import { APP_NAMESPACE, kubeconfigPath, type Places } from "./places.ts";
import { runStages, type Stage } from "./progress.ts";
import { ensurePulumiHome } from "./pulumi-home.ts";
import { awaitReady, ensureRunning, lastWords, requireLiving } from "./service.ts";
import { apiServer, type Site } from "./site.ts";
import { buildStages, commandPath, findTools } from "./toolchain.ts";
import { noteTunables, restoreTunables } from "./tunables.ts";
import { until } from "./wait.ts";

/** Two commands never work on the sandbox at once. Not in a folder that `down` deletes. */
const LOCK = "/run/lock/gray-release-sandbox";

/** Idempotent: whatever is there and right stays, whatever is missing, dead or outdated is made anew. */
export async function up(at: Places): Promise<void> {
  requireLinuxRoot();
  await withLock(LOCK, async () => {
    const owner = requireClaim(at);
    const link = owner?.link ?? chooseLink(hostRanges());
    const site: Site = { places: at, link, command: (name) => commandPath(findOnce(at), name) };
    writeOwner(at, { checkout: at.checkout, state: at.state, link, since: owner?.since ?? new Date().toISOString() });
    await runStages([
      { title: "check the machine", run: requirePackages },
      ...buildStages(findTools(at), at),
      { title: "network and keys", run: () => prepare(site) },
      { title: "control plane", expectSeconds: 5, run: () => startControlPlane(site) },
      { title: "images", run: () => void ensureImages(site) },
      { title: "node", expectSeconds: 8, run: () => startNode(site) },
      { title: "Pulumi home", run: () => ensurePulumiHome(at) },
    ]);
  });
}

let found: ReturnType<typeof findTools> | undefined;

/** After the build stages nothing moves any more, so one look is enough. */
function findOnce(at: Places): ReturnType<typeof findTools> {
  found ??= findTools(at);
  return found;
}

function prepare(site: Site): void {
  const { places: at, link } = site;
  mkdirSync(at.state, { recursive: true, mode: 0o711 });
  ensureNetwork(link);
  ensureMountNamespace(at);
  ensureCgroups();
  ensurePki(at, link);
  const write = (path: string, identity: string) =>
    writeFile(
      path,
      kubeconfigText({
        server: apiServer(link),
        user: identity,
        authority: readFileSync(certificatePath(at, "ca"), "utf8"),
        certificate: readFileSync(certificatePath(at, identity), "utf8"),
        key: readFileSync(keyPath(at, identity), "utf8"),
      }),
      SECRET,
    );
  for (const name of ["controller-manager", "scheduler", "kubelet", "proxy"] as const) write(componentKubeconfig(at, name), name);
  write(kubeconfigPath(at), "admin");
}

/** etcd, API server and containerd start side by side: the API server waits for etcd by itself. */
async function startControlPlane(site: Site): Promise<void> {
  const { etcd, containerd, apiserver } = components(site);
  for (const component of [etcd, containerd, apiserver]) await ensureRunning(component, site);
  await awaitReady(containerd, site.places);
  await until(
    async () => {
      requireLiving(site.places, "etcd");
      await awaitReady(apiserver, site.places);
      return true;
    },
    { what: "the API server", seconds: 60 },
  );
}

async function startNode(site: Site): Promise<void> {
  const at = site.places;
  const all = components(site);
  const server = api(at, site.link);
  noteTunables(at);
  const rest = [all.kubelet, all["controller-manager"], all.scheduler, all.proxy];
  for (const component of rest) await ensureRunning(component, site);
  await grantKubeletAccess(server);
  await createAppNamespace(server);
  for (const component of rest) await awaitReady(component, at);
  await untilApi(at, "node Ready", "kubelet", () => nodeIsReady(server));
  await untilApi(at, `namespace ${APP_NAMESPACE}`, "controller-manager", () => appNamespaceIsReady(server));
}

async function untilApi(at: Places, what: string, blamed: ComponentName, holds: () => Promise<boolean>): Promise<void> {
  await until(holds, {
    what,
    seconds: 60,
    check: () => {
      for (const name of COMPONENTS) requireLiving(at, name);
    },
    onTimeout: () => lastWords(at, blamed),
  });
}

/**
 * Ends and removes everything that `up` made, by whichever checkout, also what is half there. Only the tools' cache stays.
 * Says whose sandbox it was.
 */
export async function down(at: Places): Promise<string | undefined> {
  requireLinuxRoot();
  return await withLock(LOCK, async () => {
    const owner = readOwner(at);
    const state = owner?.state ?? at.state;
    const there = { ...at, state };
    const existed = [state, at.run].some((folder) => existsSync(folder));
    const stages: Stage[] = [
      { title: "end processes", run: killMembers },
      { title: "remove namespaces", run: () => removeNamespaces(there) },
      { title: "remove control groups", run: removeCgroups },
      { title: "remove state", run: () => removeState(there) },
    ];
    await runStages(stages);
    return existed ? (owner?.checkout ?? "an unfinished set-up") : undefined;
  });
}

function removeNamespaces(at: Places): void {
  removeNetwork();
  removeMountNamespace(at);
}

function removeState(at: Places): void {
  restoreTunables(at);
  for (const folder of [at.run, at.state]) {
    unmountBelow(folder);
    removeFolder(folder);
  }
}

function removeFolder(folder: string): void {
  try {
    rmSync(folder, { recursive: true, force: true, maxRetries: 3 });
  } catch (error) {
    if (!hasCode(error, "ENOTEMPTY", "EBUSY")) throw error;
    rmSync(folder, { recursive: true, force: true });
  }
}

export { type Api, join };
