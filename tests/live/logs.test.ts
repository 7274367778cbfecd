import assert from "node:assert/strict";
import { PassThrough } from "node:stream";
import { UserError } from "../../components/user-error.ts";
import { ApiError } from "../../kubernetes/api-error.ts";
import { connect } from "../../kubernetes/client.ts";
import { findAccess } from "../../kubernetes/kubeconfig.ts";
import { type FollowArgs, followLogs, type LogLine } from "../../live/logs.ts";
import { type ApiRequest, ApiServer } from "../fake/api-server.ts";

const pods = "/api/v1/namespaces/dora-apps/pods";

/** Serves the logs of pods, as a kubelet does. */
class Node {
  readonly #api: ApiServer;
  readonly #written = new Map<string, string[]>();
  readonly #open = new Map<string, Set<PassThrough>>();
  /** Containers that have not started. */
  readonly waiting = new Set<string>();
  /** Queries for logs, by pod. */
  readonly asked: [pod: string, query: URLSearchParams][] = [];

  constructor(api: ApiServer) {
    this.#api = api;
    api.intercept = (request) => this.#answer(request);
  }

  start(name: string, track = "stable", containers = ["web"]): void {
    this.#api.put(`${pods}/${name}`, {
      metadata: { name, labels: { app: "web", track, release: "aaaaaaaaaaaa" } },
      spec: { containers: containers.map((each) => ({ name: each })), initContainers: [{ name: "log-agent" }] },
      status: { phase: "Running" },
    });
  }

  /** Writes a line to a pod's log at a time that is given as seconds and their fraction. */
  write(name: string, second: number, text: string, fraction = "000000000"): void {
    const line = `2026-01-01T00:00:${String(second).padStart(2, "0")}.${fraction}Z ${text}\n`;
    this.#written.set(name, [...(this.#written.get(name) ?? []), line]);
    for (const stream of this.#open.get(name) ?? []) stream.write(line);
  }

  /** Sends an incomplete line to the clients that follow. */
  writeHalf(name: string, text: string): void {
    for (const stream of this.#open.get(name) ?? []) stream.write(text);
  }

  /** Breaks the connections of the clients that follow a pod. */
  break(name: string): void {
    for (const stream of this.#open.get(name) ?? []) stream.destroy(new Error("broken"));
  }

  remove(name: string): void {
    this.#api.objects.delete(`${pods}/${name}`);
    for (const stream of this.#open.get(name) ?? []) stream.end();
  }

  isFollowed(name: string): boolean {
    return (this.#open.get(name)?.size ?? 0) > 0;
  }

  #answer({ path, query }: ApiRequest): ReturnType<ApiServer["intercept"]> {
    const [, name] = /\/pods\/([^/]+)\/log$/.exec(path) ?? [];
    if (name === undefined) return undefined;
    this.asked.push([name, query]);
    if (!this.#api.objects.has(`${pods}/${name}`)) return { status: 404, body: { message: "no such pod" } };
    if (this.waiting.has(name)) return { status: 400, body: { message: "waiting to start: ContainerCreating" } };
    const stream = new PassThrough();
    const since = query.get("sinceTime");
    const all = (this.#written.get(name) ?? []).filter((line) => since === null || line >= since.slice(0, 19));
    for (const line of all.slice(-Number(query.get("tailLines") ?? 0))) stream.write(line);
    const open = this.#open.get(name) ?? new Set();
    this.#open.set(name, open.add(stream));
    stream.once("close", () => open.delete(stream));
    return { status: 200, stream };
  }
}

describe("following logs", () => {
  let api: ApiServer;
  let node: Node;
  let ended: AbortController;
  let lines: LogLine[];
  let notes: string[];
  beforeEach(async () => {
    api = await ApiServer.start({ hasConnections: true });
    node = new Node(api);
    ended = new AbortController();
    lines = [];
    notes = [];
  });
  afterEach(async () => {
    ended.abort();
    await api.stop();
  });

  const start = (more: Partial<FollowArgs> = {}) =>
    followLogs({
      api: connect(findAccess({ kubeconfig: api.kubeconfig })),
      namespace: "dora-apps",
      service: "web",
      signal: ended.signal,
      take: (line) => void lines.push(line),
      note: (sentence) => void notes.push(sentence),
      every: 5,
      ...more,
    });
  const shown = () => lines.map(({ pod, text }) => `${pod}: ${text}`);
  const until = async (holds: () => boolean) => {
    for (const end = Date.now() + 5000; !holds(); ) {
      assert.ok(Date.now() < end, `not within 5 s: ${holds}`);
      await new Promise((next) => setTimeout(next, 2));
    }
  };

  it("gives each line with its track, release, pod, container and time", async () => {
    node.start("web-1");
    node.write("web-1", 1, "GET / 200");
    start();
    await until(() => lines.length === 1);
    assert.deepEqual(lines[0], {
      track: "stable",
      release: "aaaaaaaaaaaa",
      pod: "web-1",
      container: "web",
      at: "2026-01-01T00:00:01.000000000Z",
      text: "GET / 200",
    });
  });

  it("follows the pods of both tracks, or of one", async () => {
    node.start("web-1");
    node.start("web-canary-1", "canary");
    start();
    start({ track: "canary", take: (line) => void lines.push({ ...line, pod: `only ${line.pod}` }) });
    await until(() => node.asked.length === 3);
    node.write("web-1", 1, "a");
    node.write("web-canary-1", 1, "b");
    await until(() => lines.length === 3);
    assert.deepEqual(shown().sort(), ["only web-canary-1: b", "web-1: a", "web-canary-1: b"]);
  });

  it("begins with the last lines of the pods that exist at the start, and with the first line of later pods", async () => {
    node.start("web-1");
    const following = start();
    await until(() => node.isFollowed("web-1"));
    node.start("web-2");
    await until(() => node.isFollowed("web-2"));
    assert.deepEqual(
      node.asked.map(([pod, query]) => [pod, query.get("tailLines")]),
      [
        ["web-1", "10"],
        ["web-2", null],
      ],
    );
    ended.abort();
    await following;
  });

  it("begins at the requested number of seconds ago", async () => {
    node.start("web-1");
    start({ sinceSeconds: 600 });
    await until(() => node.asked.length === 1);
    assert.deepEqual(
      [...(node.asked[0]?.[1] ?? [])],
      [
        ["container", "web"],
        ["follow", "true"],
        ["timestamps", "true"],
        ["sinceSeconds", "600"],
      ],
    );
  });

  it("opens a broken stream again, and loses or repeats no line", async () => {
    node.start("web-1");
    start();
    await until(() => node.isFollowed("web-1"));
    node.write("web-1", 1, "a");
    node.write("web-1", 2, "b", "300000000");
    node.write("web-1", 2, "same", "400000000");
    node.write("web-1", 2, "same", "400000000");
    node.writeHalf("web-1", "2026-01-01T00:00:02.500000000Z c");
    await until(() => lines.length === 4);
    node.break("web-1");
    node.write("web-1", 2, "earlier, written later", "350000000");
    node.write("web-1", 2, "same", "400000000");
    node.write("web-1", 2, "c whole", "500000000");
    await until(() => lines.length === 7);
    node.write("web-1", 3, "d");
    await until(() => lines.length === 8);
    const asked = node.asked.length;
    node.break("web-1");
    await until(() => node.asked.length > asked);
    node.write("web-1", 3, "e", "1");
    await until(() => lines.length === 9);
    assert.deepEqual(
      lines.map(({ text }) => text),
      ["a", "b", "same", "same", "earlier, written later", "same", "c whole", "d", "e"],
    );
    assert.deepEqual(notes, []);
  });

  it("waits for a container that has not started, and shows it from its first line", async () => {
    node.waiting.add("web-1");
    node.start("web-1");
    start();
    await until(() => node.asked.length > 1);
    node.write("web-1", 1, "up");
    node.waiting.delete("web-1");
    await until(() => lines.length === 1);
    assert.equal(node.asked.at(-1)?.[1].has("tailLines"), false);
  });

  it("stops following a deleted pod", async () => {
    node.start("web-1");
    node.start("web-2");
    start();
    await until(() => node.isFollowed("web-1") && node.isFollowed("web-2"));
    node.remove("web-1");
    const asked = () => node.asked.filter(([pod]) => pod === "web-1").length;
    const more = async () => {
      const requests = api.requests.length;
      await until(() => api.requests.length > requests + 5);
    };
    // A list that was in progress may still hold it.
    await more();
    const then = asked();
    await more();
    assert.equal(asked(), then);
  });

  it("does not follow finished pods", async () => {
    node.start("web-1");
    node.start("evicted");
    Object.assign(api.objects.get(`${pods}/evicted`) as object, { status: { phase: "Failed" } });
    start();
    await until(() => node.isFollowed("web-1"));
    assert.equal(node.asked.length, 1);
  });

  it("reports once that there is no pod yet", async () => {
    start({ track: "canary" });
    await until(() => api.requests.length > 5);
    assert.deepEqual(notes, ["web has no pod on canary yet: waiting."]);
    node.start("web-canary-1", "canary");
    await until(() => node.isFollowed("web-canary-1"));
    assert.equal(notes.length, 1);
  });

  it("follows the named container of the pods that have it", async () => {
    node.start("web-1", "stable", ["web", "metrics"]);
    node.start("web-2");
    start({ container: "metrics" });
    await until(() => node.isFollowed("web-1"));
    assert.deepEqual(
      node.asked.map(([pod, query]) => [pod, query.get("container")]),
      [["web-1", "metrics"]],
    );
  });

  it("refuses a container that no pod has", async () => {
    node.start("web-1");
    await assert.rejects(
      start({ container: "wbe" }),
      new UserError("The pods of web have no container wbe: choose one of web, log-agent."),
    );
  });

  it("waits for a cluster that stops answering, and reports it once", async () => {
    node.start("web-1");
    start();
    await until(() => node.isFollowed("web-1"));
    const { intercept } = api;
    api.intercept = ({ path }) =>
      path.endsWith("/pods") ? { status: 503, body: { message: "starting" } } : intercept({ path } as ApiRequest);
    const requests = api.requests.length;
    await until(() => api.requests.length > requests + 3);
    api.intercept = intercept;
    node.start("web-2");
    await until(() => node.isFollowed("web-2"));
    assert.equal(notes.length, 1);
    assert.match(notes[0] ?? "", /^starting .*503\)\. Waiting for it\.$/);
  });

  it("ends without the permission to read logs, and reports what is needed", async () => {
    node.start("web-1");
    const { intercept } = api;
    api.intercept = (request) =>
      request.path.endsWith("/log") ? { status: 403, body: { message: "forbidden" } } : intercept(request);
    await assert.rejects(
      start(),
      (error) => error instanceof ApiError && /docs\/reference\/rbac\.md/.test(error.message),
    );
  });

  it("reads a pod's next line after the last one was handled", async () => {
    node.start("web-1");
    for (const text of ["a", "b"]) node.write("web-1", 1, text);
    let go = () => {};
    start({
      take: (line) => {
        lines.push(line);
        return new Promise((taken) => {
          go = taken;
        });
      },
    });
    await until(() => lines.length === 1);
    await new Promise(setImmediate);
    assert.equal(lines.length, 1);
    go();
    await until(() => lines.length === 2);
  });
});
