import { refusedBy } from "../../kubernetes/api-error.ts";
import { connect } from "../../kubernetes/client.ts";
import type { Cluster } from "../../kubernetes/cluster.ts";
import { findAccess } from "../../kubernetes/kubeconfig.ts";
import type { ApiRequest, ApiServer } from "./api-server.ts";

/**
 * A client that asks a server without a connection between: the same answers, and ten times as many in the same time. No
 * signal ends a call.
 */
export function direct(api: ApiServer): Cluster {
  const ask = async <T>(method: string, path: string, more: Partial<ApiRequest> = {}): Promise<T> => {
    const answer = api.answer({ method, path, query: new URLSearchParams(), headers: {}, body: undefined, ...more });
    if ("stream" in answer) throw new Error("a stream needs a connection");
    const text = typeof answer.body === "string" ? answer.body : JSON.stringify(answer.body);
    if (answer.status >= 300) throw refusedBy(answer.status, text, `${method} ${path}`);
    return JSON.parse(text);
  };
  const client: Cluster = {
    ...connect(findAccess({ kubeconfig: api.kubeconfig })),
    get: <T>(path: string) =>
      ask<T>("GET", path).catch((error) => {
        if (error.status === 404) return undefined;
        throw error;
      }),
    list: async <T>(path: string, selector?: string) => {
      const query = new URLSearchParams(selector === undefined ? {} : { labelSelector: selector });
      return (await ask<{ items: T[] }>("GET", path, { query })).items;
    },
    create: (path, object) => ask("POST", path, { body: object as NonNullable<ApiRequest["body"]> }),
    replace: (path, object) => ask("PUT", path, { body: object as NonNullable<ApiRequest["body"]> }),
    patch: (path, operations) => ask("PATCH", path, { operations }),
    tryPatch: (path, operations) => ask("PATCH", path, { operations, query: new URLSearchParams({ dryRun: "All" }) }),
    tryCreate: (path, object) =>
      ask("POST", path, {
        body: object as NonNullable<ApiRequest["body"]>,
        query: new URLSearchParams({ dryRun: "All" }),
      }),
    apply: async (_, path, object) =>
      void (await ask("PATCH", path, { body: object as NonNullable<ApiRequest["body"]> })),
    until: () => client,
  };
  return client;
}
