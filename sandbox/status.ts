/** What of the sandbox runs, and whether it is ready. */
import { api, nodeIsReady } from "./api.ts";
import { components } from "./components/all.ts";
import { COMPONENTS, type ComponentName } from "./components/component.ts";
import { readOwner } from "./owner.ts";
import { kubeconfigPath, type Places } from "./places.ts";
import { answers } from "./probe.ts";
import { running } from "./service.ts";
import { apiServer } from "./site.ts";

export interface ComponentStatus {
  readonly name: ComponentName;
  readonly pid: number | null;
  readonly ready: boolean;
}

export interface SandboxStatus {
  /** Every component and the node. */
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
  const all = components({ places: there, link: owner.link, command: (name) => name });
  const states = await Promise.all(
    COMPONENTS.map(async (name) => {
      const process = running(there, name);
      return {
        name,
        pid: process?.pid ?? null,
        ready: process !== undefined && (await safely(() => answers(all[name].ready()))),
      };
    }),
  );
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

/** A half-made sandbox lacks the very keys to ask with: that is "not ready". */
async function safely(claim: () => Promise<boolean>): Promise<boolean> {
  try {
    return await claim();
  } catch {
    return false;
  }
}

export function statusText(now: SandboxStatus): string {
  if (now.owner === null) return "there is no sandbox; make one with `gray sandbox up`\n";
  const rows = now.components.map((one) => [
    one.name,
    one.pid === null ? "stopped" : `pid ${one.pid}`,
    said(one.ready),
  ]);
  rows.push(["node", now.server ?? "", said(now.node.ready)]);
  const lines = rows.map(([name, process, ready]) => `${name?.padEnd(20)}${process?.padEnd(28)}${ready}`);
  return [`sandbox of ${now.owner}, in ${now.state}, since ${now.since}`, ...lines, ""].join("\n");
}

function said(ready: boolean): string {
  return ready ? "ready" : "not ready";
}
