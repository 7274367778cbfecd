/** What of the sandbox runs, and whether it is ready. */
import { addOnComponent, addOnUrl, standingAddOns } from "./add-ons.ts";
import { api, nodeIsReady } from "./api.ts";
import { components } from "./components/all.ts";
import { COMPONENTS, type Component, type ComponentName } from "./components/component.ts";
import { readOwner } from "./owner.ts";
import { kubeconfigPath, type Places } from "./places.ts";
import { answers } from "./probe.ts";
import { running } from "./service.ts";
import { apiServer } from "./site.ts";

export interface ComponentStatus {
  readonly name: ComponentName;
  readonly pid: number | null;
  readonly ready: boolean;
  /** Of an add-on: where it is reached. */
  readonly url?: string;
}

export interface SandboxStatus {
  /** Every component, add-ons included, and the node. */
  readonly ready: boolean;
  readonly owner: string | null;
  readonly since: string | null;
  readonly state: string;
  readonly server: string | null;
  readonly kubeconfig: string | null;
  readonly node: { readonly ready: boolean };
  readonly components: readonly ComponentStatus[];
}

export async function status(at: Places): Promise<SandboxStatus> {
  const owner = readOwner(at);
  if (owner === undefined) {
    const none = COMPONENTS.map((name) => ({ name, pid: null, ready: false }));
    const nowhere = { owner: null, since: null, state: at.state, server: null, kubeconfig: null };
    return { ready: false, ...nowhere, node: { ready: false }, components: none };
  }
  const there = { ...at, state: owner.state };
  const site = { places: there, link: owner.link, command: (name: string) => name };
  const plain = components(site);
  const addOns = standingAddOns(there);
  const states = await Promise.all([
    ...COMPONENTS.map((name) => componentStatus(plain[name], there)),
    ...addOns.map(async (name) => ({
      ...(await componentStatus(addOnComponent(name, site, addOns), there)),
      url: addOnUrl(name, owner.link),
    })),
  ]);
  const node = { ready: await safely(() => nodeIsReady(api(there, owner.link))) };
  return {
    ready: node.ready && states.every((one) => one.ready),
    owner: owner.checkout,
    since: owner.since,
    state: owner.state,
    server: apiServer(owner.link),
    kubeconfig: kubeconfigPath(there),
    node,
    components: states,
  };
}

async function componentStatus(component: Component, at: Places): Promise<ComponentStatus> {
  const process = running(at, component.name);
  const ready = process !== undefined && (await safely(() => answers(component.ready())));
  return { name: component.name, pid: process?.pid ?? null, ready };
}

/** A half-made sandbox lacks the very keys to ask with: that is "not ready". */
async function safely(claim: () => Promise<boolean>): Promise<boolean> {
  try {
    return await claim();
  } catch {
    return false;
  }
}

export function statusText(now: SandboxStatus): string {
  if (now.owner === null) return "there is no sandbox: start one with `npm run sandbox -- up`\n";
  const rows = now.components.map((one) => [
    one.name,
    [one.pid === null ? "stopped" : `pid ${one.pid}`, ...(one.url ? [one.url] : [])].join(", "),
    said(one.ready),
  ]);
  rows.push(["node", now.server ?? "", said(now.node.ready)]);
  const lines = rows.map(([name, process, ready]) => `${name?.padEnd(20)}${process?.padEnd(36)}${ready}`);
  return [`sandbox of ${now.owner}, in ${now.state}, since ${now.since}`, ...lines, ""].join("\n");
}

function said(ready: boolean): string {
  return ready ? "ready" : "not ready";
}
