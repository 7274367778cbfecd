/** The few questions and orders that the sandbox itself has for its API server, as the admin. */
import { readFileSync } from "node:fs";
import { request } from "node:https";
import type { Link } from "./link.ts";
import { certificatePath, keyPath } from "./pki.ts";
import { APP_NAMESPACE, NODE_NAME, type Places } from "./places.ts";
import { Problem } from "./problem.ts";
import { apiServer } from "./site.ts";

export interface Api {
  /** The parsed answer; undefined for 404. */
  get(path: string): Promise<unknown>;
  /** Creates, and gives what was made; an object that exists is left as it is, and the answer is undefined. */
  create(path: string, object: object): Promise<unknown>;
  /** Creates or changes the object at this path, and takes over fields that other managers own. A text is YAML. */
  apply(path: string, object: object | string): Promise<void>;
  /** Deletes; what does not exist is gone already. */
  remove(path: string): Promise<void>;
}

export function api(at: Places, link: Link): Api {
  const credentials = {
    ca: readFileSync(certificatePath(at, "ca"), "utf8"),
    cert: readFileSync(certificatePath(at, "admin"), "utf8"),
    key: readFileSync(keyPath(at, "admin"), "utf8"),
  };
  const send = (
    method: string,
    path: string,
    body?: object | string,
    type = "application/json",
  ): Promise<{ status: number; text: string }> =>
    new Promise((resolve, reject) => {
      const headers = { "content-type": type };
      const call = request(`${apiServer(link)}${path}`, {
        method,
        headers,
        timeout: 5000,
        agent: false,
        ...credentials,
      });
      call.on("timeout", () => call.destroy(new Problem(`the API server did not answer ${method} ${path} within 5 s`)));
      call.on("error", reject);
      call.on("response", (reply) => {
        const chunks: Buffer[] = [];
        reply.on("data", (chunk: Buffer) => chunks.push(chunk));
        reply.on("error", reject);
        reply.on("end", () => resolve({ status: reply.statusCode ?? 0, text: Buffer.concat(chunks).toString() }));
      });
      call.end(typeof body === "object" ? JSON.stringify(body) : body);
    });
  return {
    async get(path) {
      const reply = await send("GET", path);
      if (reply.status === 404) return undefined;
      if (reply.status !== 200) throw refused("GET", path, reply);
      return JSON.parse(reply.text);
    },
    async create(path, object) {
      const reply = await send("POST", path, object);
      if (reply.status === 409) return undefined;
      if (reply.status !== 201) throw refused("POST", path, reply);
      return JSON.parse(reply.text);
    },
    async apply(path, object) {
      const query = "fieldManager=gray-sandbox&force=true";
      const reply = await send("PATCH", `${path}?${query}`, object, "application/apply-patch+yaml");
      if (reply.status !== 200 && reply.status !== 201) throw refused("PATCH", path, reply);
    },
    async remove(path) {
      const reply = await send("DELETE", path);
      if (![200, 202, 404].includes(reply.status)) throw refused("DELETE", path, reply);
    },
  };
}

function refused(method: string, path: string, reply: { status: number; text: string }): Problem {
  return new Problem(`the API server answered ${reply.status} to ${method} ${path}: ${reply.text.slice(0, 300)}`);
}

/** The API server's own identity may use the kubelet's API (logs, exec, port-forward), and nothing else. */
export async function grantKubeletAccess(to: Api): Promise<void> {
  const rbac = "rbac.authorization.k8s.io";
  await to.create(`/apis/${rbac}/v1/clusterrolebindings`, {
    metadata: { name: "gray-sandbox:kubelet-api" },
    roleRef: { apiGroup: rbac, kind: "ClusterRole", name: "system:kubelet-api-admin" },
    subjects: [{ apiGroup: rbac, kind: "User", name: "kube-apiserver" }],
  });
}

export async function createAppNamespace(to: Api): Promise<void> {
  await to.create("/api/v1/namespaces", { metadata: { name: APP_NAMESPACE } });
}

/** Pods can be made there: the controllers have given the namespace its ServiceAccount. */
export async function appNamespaceIsReady(from: Api): Promise<boolean> {
  return (await from.get(`/api/v1/namespaces/${APP_NAMESPACE}/serviceaccounts/default`)) !== undefined;
}

/** Ready, and said so at or after the given time: what a kubelet said before it was killed proves nothing. */
export async function nodeIsReady(from: Api, since = 0): Promise<boolean> {
  const node = await from.get(`/api/v1/nodes/${NODE_NAME}`);
  return node !== undefined && saysReady(node, since) && !hasTaints(node);
}

interface Condition {
  readonly type: string;
  readonly status: string;
  readonly lastHeartbeatTime: string;
}

/** Heartbeats are in whole seconds. */
export function saysReady(node: unknown, since: number): boolean {
  const conditions = (node as { status?: { conditions?: Condition[] } }).status?.conditions ?? [];
  const ready = conditions.find((condition) => condition.type === "Ready");
  return ready?.status === "True" && Date.parse(ready.lastHeartbeatTime) >= Math.floor(since / 1000) * 1000;
}

/** A node that was lost wears a taint until the controllers have seen it again. */
function hasTaints(node: unknown): boolean {
  return ((node as { spec?: { taints?: unknown[] } }).spec?.taints ?? []).length > 0;
}

interface Pod {
  readonly status?: {
    readonly conditions?: readonly { type: string; status: string; lastTransitionTime: string }[];
    readonly containerStatuses?: readonly { state?: { running?: { startedAt: string } } }[];
  };
}

/** No pod still claims what it claimed before the given time, when all containers were dead. */
export async function podsAreFresh(from: Api, since: number): Promise<boolean> {
  const pods = (await from.get("/api/v1/pods")) as { items: Pod[] };
  return pods.items.every((pod) => isFresh(pod, since));
}

/** Not ready, or ready since then, or ready with containers that were all started since then. */
export function isFresh(pod: Pod, since: number): boolean {
  const after = (time: string | undefined) => time !== undefined && Date.parse(time) >= Math.floor(since / 1000) * 1000;
  const ready = pod.status?.conditions?.find((condition) => condition.type === "Ready");
  if (ready?.status !== "True" || after(ready.lastTransitionTime)) return true;
  const containers = pod.status?.containerStatuses ?? [];
  return containers.every((container) => after(container.state?.running?.startedAt));
}
