import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import type { Readable } from "node:stream";
import { isDeepStrictEqual } from "node:util";
import type { Operation } from "../../kubernetes/cluster.ts";
import { type Received, serveWithoutConnection } from "./without-connection.ts";

/** A Kubernetes object as JSON. */
export interface ApiObject {
  apiVersion?: string;
  kind?: string;
  metadata: {
    name: string;
    namespace?: string;
    uid?: string;
    resourceVersion?: string;
    generation?: number;
    labels?: Record<string, string>;
    annotations?: Record<string, string>;
    generateName?: string;
    managedFields?: readonly object[];
    ownerReferences?: readonly object[];
  };
  // biome-ignore lint/suspicious/noExplicitAny: any kind of object
  [field: string]: any;
}

export interface ApiRequest {
  readonly method: string;
  readonly path: string;
  readonly query: URLSearchParams;
  readonly headers: NodeJS.Dict<string | string[]>;
  readonly body: ApiObject | undefined;
  /** What a PATCH asks for. */
  readonly operations?: readonly Operation[];
}

/** What a server holds at a moment. */
export interface Held {
  readonly objects: ReadonlyMap<string, ApiObject>;
  readonly version: number;
}

/** A stream is sent as it comes; where it is destroyed, the connection breaks. */
export type Answer = { status: number; body: object | string } | { status: number; stream: Readable };

/**
 * As much of a Kubernetes API server as the rollout talks to, on loopback: objects by path, paged lists with label
 * selectors, conflicts by resourceVersion. It runs no controllers; what a Deployment's status says is up to the test.
 */
export class ApiServer {
  readonly objects = new Map<string, ApiObject>();
  readonly requests: ApiRequest[] = [];
  /** Answers a request in place of the server, where it gives an answer. */
  intercept: (request: ApiRequest) => Answer | undefined = nothing;
  /** What the server makes of an object that is only tried (`dryRun=All`), as by its defaults and its admission webhooks. */
  admit: (object: ApiObject) => ApiObject = (object) => object;
  /** The user name of the client, as the server knows it. */
  user = "alice";
  /** Objects in a page of a list. */
  pageSize = 500;
  #server: Server;
  #unserve = () => {};
  #version = 0;

  private constructor(server: Server) {
    this.#server = server;
  }

  /**
   * Starts one that holds kube-system and a namespace.
   *
   * @param hasConnections whether clients of this process are connected to it, for tests of the connection. @default false
   */
  static async start({
    cluster = "cluster-uid",
    namespace = "dora-apps",
    hasConnections = false,
  } = {}): Promise<ApiServer> {
    const server = createServer((request, response) => {
      let text = "";
      request.setEncoding("utf8").on("data", (chunk) => {
        text += chunk;
      });
      request.on("end", () => {
        const answer = api.answer(requestOf(request, text));
        const { type, body } = contentOf(answer);
        response.writeHead(answer.status, { "content-type": type });
        if (typeof body === "string") return void response.end(body);
        body.on("error", () => response.destroy()).pipe(response);
        response.once("close", () => body.destroy());
      });
    });
    const api = new ApiServer(server);
    await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening));
    if (!hasConnections) {
      api.#unserve = serveWithoutConnection(new URL(api.url).host, (request, text) => {
        const answer = api.answer(requestOf(request, text));
        return { status: answer.status, ...contentOf(answer) };
      });
    }
    api.put("/api/v1/namespaces/kube-system", { metadata: { name: "kube-system", uid: cluster } });
    api.put(`/api/v1/namespaces/${namespace}`, { metadata: { name: namespace } });
    return api;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /** A kubeconfig whose current context is this server. */
  get kubeconfig(): string {
    return [
      "apiVersion: v1",
      "kind: Config",
      "current-context: fake",
      `clusters: [{ name: fake, cluster: { server: "${this.url}" } }]`,
      "users: [{ name: fake, user: { token: secret-token } }]",
      "contexts: [{ name: fake, context: { cluster: fake, user: fake } }]",
      "",
    ].join("\n");
  }

  async stop(): Promise<void> {
    this.#unserve();
    this.#server.closeAllConnections();
    await new Promise((closed) => this.#server.close(closed));
  }

  /** Stores an object as the server would after any write. */
  put(path: string, object: ApiObject): ApiObject {
    const before = this.objects.get(path);
    const stored: ApiObject = JSON.parse(JSON.stringify(object));
    // The Gateways of a route apply it at once, unless a test says otherwise.
    if (path.includes("/httproutes/")) stored.status ??= { parents: (stored.spec?.parentRefs ?? []).map(acceptedBy) };
    // Every pod in the API has a status, if only an empty one.
    if (path.includes("/pods/")) stored.status ??= {};
    const changed = JSON.stringify(before?.spec) !== JSON.stringify(stored.spec);
    this.#version++;
    stored.metadata.uid ??= before?.metadata.uid ?? `uid-${this.#version}`;
    stored.metadata.generation = (before?.metadata.generation ?? 0) + Number(changed);
    stored.metadata.resourceVersion = String(this.#version);
    this.objects.set(path, stored);
    return stored;
  }

  get isIntercepted(): boolean {
    return this.intercept !== nothing;
  }

  /** What it holds, which stays so whatever happens to it. */
  get held(): Held {
    return { objects: structuredClone(this.objects), version: this.#version };
  }

  /** Holds this and nothing else from now on. */
  hold({ objects, version }: Held): void {
    this.objects.clear();
    for (const [path, object] of structuredClone(objects)) this.objects.set(path, object);
    this.#version = version;
  }

  /** What it answers, also to a call without a connection. */
  answer(request: ApiRequest): Answer {
    this.requests.push(request);
    return this.intercept(request) ?? metadataOnly(request, this.#serve(request));
  }

  #serve({ method, path, query, body, operations }: ApiRequest): Answer {
    const found = this.objects.get(path);
    if (method === "POST" && path.endsWith("/selfsubjectreviews")) {
      return { status: 201, body: { ...body, status: { userInfo: { username: this.user } } } };
    }
    if (method === "POST" && body) {
      const name = body.metadata.name ?? `${body.metadata.generateName}${++this.#version}`;
      if (this.objects.has(`${path}/${name}`)) return failure(409, `"${name}" already exists`);
      const made = { ...body, metadata: { ...body.metadata, name } };
      return {
        status: 201,
        body: query.get("dryRun") === "All" ? this.admit(made) : this.put(`${path}/${name}`, made),
      };
    }
    if (path === "/apis") return { status: 200, body: this.#groups() };
    // So a real one answers for any path of a group that it does not have.
    if ([gatewayApi, kedaApi].some((each) => path.startsWith(each) && !this.objects.has(each)))
      return { status: 404, body: "404 page not found\n" };
    if (method === "GET" && collections.test(path)) return this.#list(path, query);
    if (found === undefined) return failure(404, `"${path.split("/").at(-1)}" not found`);
    if (method === "GET") return { status: 200, body: found };
    if (method === "DELETE") {
      this.objects.delete(path);
      return { status: 200, body: {} };
    }
    if (operations) {
      const after = patched(found, operations);
      if (!after) return failure(422, "the patch's test does not hold");
      return { status: 200, body: query.get("dryRun") === "All" ? this.admit(after) : this.put(path, after) };
    }
    if (method === "PATCH" && body) return { status: 200, body: this.put(path, applied(found, body) as ApiObject) };
    const expected = body?.metadata.resourceVersion;
    if (expected !== undefined && expected !== found.metadata.resourceVersion) {
      return failure(409, "the object has been modified");
    }
    return { status: 200, body: this.put(path, body as ApiObject) };
  }

  /** Its groups as a real one tells them: the Gateway API's and KEDA's are there where an object stands for them. */
  #groups(): object {
    const added = [gatewayVersion, kedaVersion].filter((each) => this.objects.has(`/apis/${each}`));
    const versions = ["apps/v1", "coordination.k8s.io/v1", ...added];
    const groups = versions.map((each) => ({ name: each.split("/")[0], versions: [{ groupVersion: each }] }));
    return { kind: "APIGroupList", apiVersion: "v1", groups };
  }

  #list(path: string, query: URLSearchParams): Answer {
    const asked = (query.get("labelSelector") ?? "").split(",").filter((each) => each !== "");
    const selected = ({ metadata: { labels = {} } }: ApiObject) =>
      asked.every((each) => {
        const [label = "", value] = each.split("=");
        return value === undefined ? label in labels : labels[label] === value;
      });
    const all = [...this.objects]
      .filter(([key]) => isIn(path, key))
      .map(([, object]) => object)
      .filter(selected);
    const from = Number(query.get("continue") ?? 0);
    const to = from + Math.min(this.pageSize, Number(query.get("limit") ?? this.pageSize));
    const metadata = to < all.length ? { continue: String(to) } : {};
    return { status: 200, body: { kind: "List", metadata, items: all.slice(from, to) } };
  }
}

const nothing = () => undefined;

const collections =
  /\/(configmaps|daemonsets|deployments|endpointslices|events|horizontalpodautoscalers|httproutes|ingresses|poddisruptionbudgets|pods|replicasets|secrets|serviceaccounts|services|statefulsets)$/;

const gatewayVersion = "gateway.networking.k8s.io/v1";
/** The path of the Gateway API, and of the object that stands for it. */
const gatewayApi = `/apis/${gatewayVersion}`;
const kedaVersion = "keda.sh/v1alpha1";
/** The same for KEDA. */
const kedaApi = `/apis/${kedaVersion}`;

/** The answer with the metadata alone, if the request is for that (KEP-2334). */
function metadataOnly({ headers }: ApiRequest, answer: Answer): Answer {
  if (!String(headers.accept).includes("as=PartialObjectMetadata") || answer.status !== 200) return answer;
  const { kind, metadata, items } = (answer as { body: ApiObject }).body;
  if (kind !== "List") return { status: 200, body: { kind: "PartialObjectMetadata", metadata } };
  const found = items.map(({ metadata }: ApiObject) => ({ metadata }));
  // As a real one does.
  return { status: 200, body: { kind: "PartialObjectMetadataList", metadata, items: found.length > 0 ? found : null } };
}

function contentOf(answer: Answer): { type: string; body: string | Readable } {
  if ("stream" in answer) return { type: "text/plain", body: answer.stream };
  return {
    type: "application/json",
    body: typeof answer.body === "string" ? answer.body : JSON.stringify(answer.body),
  };
}

/** A request as it came in. @param text its body */
export function requestOf({ method = "GET", url = "/", headers }: Received, text: string): ApiRequest {
  const { pathname: path, searchParams: query } = new URL(url, "http://api");
  const body = text === "" ? undefined : JSON.parse(text);
  return { method, path, query, headers, ...(method === "PATCH" ? patchIn(body) : { body }) };
}

/** A patch is a list of operations, or an object to apply. */
function patchIn(patch: ApiObject | readonly Operation[]): Pick<ApiRequest, "body" | "operations"> {
  return Array.isArray(patch) ? { body: undefined, operations: patch } : { body: patch as ApiObject };
}

/** The status of a route that this Gateway applies. */
function acceptedBy(parentRef: object): object {
  const conditions = ["Accepted", "ResolvedRefs"].map((type) => ({ type, status: "True", reason: type }));
  return { parentRef, conditions };
}

/** The object with the fields of another. */
function applied(object: object, fields: object): object {
  const isMap = (value: unknown) => typeof value === "object" && value !== null && !Array.isArray(value);
  const merged: Record<string, unknown> = { ...object };
  for (const [key, value] of Object.entries(fields)) {
    merged[key] = isMap(value) && isMap(merged[key]) ? applied(merged[key] as object, value) : value;
  }
  return merged;
}

/** The object after a JSON patch; undefined where a test does not hold. */
export function patched<T extends object>(object: T, operations: readonly Operation[]): T | undefined {
  const after = structuredClone(object);
  for (const { op, path, value } of operations) {
    const keys = path
      .slice(1)
      .split("/")
      .map((key) => key.replaceAll("~1", "/").replaceAll("~0", "~"));
    const last = keys.pop() as string;
    // biome-ignore lint/suspicious/noExplicitAny: any kind of object
    const holder = keys.reduce<any>((inside, key) => inside[key], after);
    if (op === "test" && !isDeepStrictEqual(holder[last], value)) return undefined;
    if (op === "remove") delete holder[last];
    if (op === "add" || op === "replace") holder[last] = value;
  }
  return after;
}

/** Whether an object is of a collection: one namespace's, or that of all namespaces. */
function isIn(collection: string, path: string): boolean {
  const own = path.slice(0, path.lastIndexOf("/"));
  return own === collection || own.replace(/\/namespaces\/[^/]+/, "") === collection;
}

function failure(code: number, message: string): Answer {
  return { status: code, body: { kind: "Status", apiVersion: "v1", status: "Failure", code, message } };
}
