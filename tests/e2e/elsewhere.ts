import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { connect } from "../../kubernetes/client.ts";
import { findAccess } from "../../kubernetes/kubeconfig.ts";

/** What the kube-system namespace of the other cluster has for a UID. */
export const elsewhere = "00000000-0000-4000-8000-000000000000";

/**
 * Another cluster, for all that a client can tell: the sandbox's API server with another UID, in which a namespace stands and
 * is empty. On loopback, without TLS.
 */
export class OtherCluster {
  readonly #server: Server;
  /** Every request about objects of the namespace that would change something. */
  readonly writes: string[] = [];

  private constructor(namespace: string) {
    const cluster = connect(findAccess());
    const inside = new RegExp(`/namespaces/${namespace}/`);
    const collection = new RegExp(`/namespaces/${namespace}/[a-z]+(\\?|$)`);
    const stopping = new AbortController();
    this.#server = createServer((request, response) => {
      const { method = "GET", url = "/", headers } = request;
      const answer = (status: number, body: object) =>
        response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(body));
      const answers = async () => {
        if (inside.test(url)) {
          if (method !== "GET") this.writes.push(`${method} ${url}`);
          if (collection.test(url)) return answer(200, { kind: "List", apiVersion: "v1", metadata: {}, items: [] });
          return answer(404, { kind: "Status", apiVersion: "v1", status: "Failure", reason: "NotFound", code: 404 });
        }
        if (/\/namespaces\/kube-system(\?|$)/.test(url)) {
          const found = await cluster.get<{ metadata: object }>("/api/v1/namespaces/kube-system");
          return answer(200, { ...found, metadata: { ...found?.metadata, uid: elsewhere } });
        }
        const { host: _, authorization: __, ...kept } = headers;
        const passed = await cluster.forward(url, { method, headers: kept, body: request, signal: stopping.signal });
        response.writeHead(passed.statusCode ?? 502, passed.headers);
        return passed.pipe(response);
      };
      answers().catch((error: Error) => answer(500, { message: error.message }));
    });
    this.#server.once("close", () => stopping.abort());
  }

  static async start(namespace: string): Promise<OtherCluster> {
    const other = new OtherCluster(namespace);
    await new Promise<void>((listening) => other.#server.listen(0, "127.0.0.1", listening));
    return other;
  }

  /** A kubeconfig whose current context leads to it. */
  get kubeconfig(): string {
    const { port } = this.#server.address() as AddressInfo;
    return JSON.stringify({
      apiVersion: "v1",
      kind: "Config",
      clusters: [{ name: "elsewhere", cluster: { server: `http://127.0.0.1:${port}` } }],
      users: [{ name: "nobody", user: {} }],
      contexts: [{ name: "elsewhere", context: { cluster: "elsewhere", user: "nobody" } }],
      "current-context": "elsewhere",
    });
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((closed) => this.#server.close(closed));
  }
}
