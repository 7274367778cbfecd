/** Brings the sandbox up and takes it down. Read `up` as the list of what a one-node Kubernetes needs, in order. */
import { existsSync, readdirSync, readFileSync, rmdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { type AddOn, findAddOnTools, startAddOn, wantedAddOns } from "./add-ons.ts";
import { api, appNamespaceIsReady, createAppNamespace, grantKubeletAccess, nodeIsReady, podsAreFresh } from "./api.ts";
import { ensureCgroups, killMembers, podProcesses, removeCgroups } from "./cgroup.ts";
import { components } from "./components/all.ts";
import { COMPONENTS, type ComponentName, componentKubeconfig } from "./components/component.ts";
import { SECRET, writeFile } from "./file.ts";
import { requireLinuxRoot, requirePackages } from "./host.ts";
import { ensureImages } from "./images.ts";
import { kubeconfigText } from "./kubeconfig.ts";
import { chooseLink } from "./link.ts";
import { withLock } from "./lock.ts";
import { isMounted, unmountBelow } from "./mounts.ts";
import { ensureMountNamespace, ensureNetwork, hostRanges, removeMountNamespace, removeNetwork } from "./namespaces.ts";
import { OWNER_NOTE, type Owner, readOwner, requireClaim, writeOwner } from "./owner.ts";
import { certificatePath, ensurePki, keyPath } from "./pki.ts";
import { APP_NAMESPACE, kubeconfigPath, type Places } from "./places.ts";
import { runStages } from "./progress.ts";
import { ensurePulumiHome } from "./pulumi-home.ts";
import { awaitReady, diagnostics, ensureRunning, requireLiving } from "./service.ts";
import { apiServer, type Site } from "./site.ts";
import { buildStages, commandPath, type Found, findTools } from "./toolchain.ts";
import { noteTunables, restoreTunables } from "./tunables.ts";
import { until } from "./wait.ts";

/** Two commands never work on the sandbox at once. Not in a folder that `down` deletes. */
const LOCK = "/run/lock/gray-release-sandbox";

/**
 * Idempotent: whatever is there and right stays, whatever is missing, dead or outdated is made anew.
 * @param asked add-ons beside those that the sandbox has already
 */
export async function up(at: Places, asked: readonly AddOn[] = []): Promise<void> {
  requireLinuxRoot();
  await withLock(LOCK, async () => {
    const owner = requireClaim(at);
    const link = owner?.link ?? chooseLink(hostRanges());
    const addOns = wantedAddOns(at, asked);
    const tools = () => [...findTools(at), ...findAddOnTools(addOns, at)];
    const site: Site = { places: at, link, command: commandFinder(tools) };
    writeOwner(at, { checkout: at.checkout, state: at.state, link, since: owner?.since ?? new Date().toISOString() });
    await runStages([
      { title: "check the machine", run: requirePackages },
      ...buildStages(tools(), at),
      { title: "network and keys", run: () => prepare(site) },
      { title: "control plane", expectSeconds: 5, run: () => startControlPlane(site) },
      { title: "images", run: () => void ensureImages(site) },
      { title: "node", expectSeconds: 8, run: () => startNode(site) },
      ...addOns.map((name) => ({ title: name, run: () => startAddOn(name, site, addOns) })),
      { title: "Pulumi home", run: () => ensurePulumiHome(at, findTools(at)) },
    ]);
  });
}

/** Looks when first asked, which is after the build stages; from then on nothing moves. */
function commandFinder(tools: () => Found[]): (name: string) => string {
  let found: Found[] | undefined;
  return (name) => {
    found ??= tools();
    return commandPath(found, name);
  };
}

function prepare(site: Site): void {
  const { places: at, link } = site;
  ensureNetwork(link);
  ensureMountNamespace(at);
  ensureCgroups();
  ensurePki(at, link);
  for (const name of ["controller-manager", "scheduler", "kubelet", "proxy", "traefik", "metrics-server"] as const) {
    writeFile(componentKubeconfig(at, name), kubeconfigOf(name, site), SECRET);
  }
  writeFile(kubeconfigPath(at), kubeconfigOf("admin", site), SECRET);
}

function kubeconfigOf(identity: string, { places: at, link }: Site): string {
  return kubeconfigText({
    server: apiServer(link),
    user: identity,
    authority: readFileSync(certificatePath(at, "ca"), "utf8"),
    certificate: readFileSync(certificatePath(at, identity), "utf8"),
    key: readFileSync(keyPath(at, identity), "utf8"),
  });
}

/** etcd, API server and containerd start side by side: the API server waits for etcd by itself. */
async function startControlPlane(site: Site): Promise<void> {
  const { etcd, containerd, apiserver } = components(site);
  for (const component of [etcd, containerd, apiserver]) await ensureRunning(component, site);
  await awaitReady(containerd, site.places);
  await awaitReady(apiserver, site.places, ["etcd"]);
}

async function startNode(site: Site): Promise<void> {
  const at = site.places;
  const { kubelet, "controller-manager": controllers, scheduler, proxy } = components(site);
  const server = api(at, site.link);
  noteTunables(at);
  const podsLive = podProcesses().length > 0;
  const startedAt = (await ensureRunning(kubelet, site)) ? Date.now() : 0;
  for (const component of [controllers, scheduler, proxy]) await ensureRunning(component, site);
  await grantKubeletAccess(server);
  await createAppNamespace(server);
  for (const component of [controllers, scheduler, proxy, kubelet]) await awaitReady(component, at);
  await untilApi(at, "node Ready", "kubelet", () => nodeIsReady(server, startedAt));
  if (startedAt > 0 && !podsLive) {
    await untilApi(at, "kubelet to see that all pods are dead", "kubelet", () => podsAreFresh(server, startedAt));
  }
  await untilApi(at, `namespace ${APP_NAMESPACE}`, "controller-manager", () => appNamespaceIsReady(server));
}

async function untilApi(at: Places, what: string, blamed: ComponentName, holds: () => Promise<boolean>): Promise<void> {
  await until(holds, {
    what,
    seconds: 60,
    check: () => {
      for (const name of COMPONENTS) requireLiving(at, name);
    },
    onTimeout: () => diagnostics(at, blamed),
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
    const existed = owner !== undefined || existsSync(at.run);
    await runStages([
      { title: "end processes", run: killMembers },
      { title: "remove namespaces", run: () => removeNamespaces(at) },
      { title: "remove control groups", run: removeCgroups },
      { title: "remove state", run: () => removeState(at, owner) },
    ]);
    return existed ? (owner?.checkout ?? "an unfinished set-up") : undefined;
  });
}

function removeNamespaces(at: Places): void {
  removeNetwork();
  removeMountNamespace(at);
}

/** Only a folder with an owner's note in it is ours to delete. */
function removeState(at: Places, owner: Owner | undefined): void {
  restoreTunables(at);
  for (const folder of owner ? [owner.state, at.run] : [at.run]) {
    unmountBelow(folder);
    removeFolder(folder);
  }
}

/** The owner's note goes last, so that a `down` cut short can be repeated. A folder that is a mount point stays, empty. */
function removeFolder(folder: string): void {
  if (!existsSync(folder)) return;
  const entries = readdirSync(folder).filter((entry) => entry !== OWNER_NOTE);
  for (const entry of [...entries, OWNER_NOTE]) rmSync(join(folder, entry), { recursive: true, force: true });
  if (!isMounted(folder)) rmdirSync(folder);
}
