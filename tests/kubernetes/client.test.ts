import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { createServer as createTlsServer } from "node:https";
import { type AddressInfo, createServer } from "node:net";
import { join } from "node:path";
import { PassThrough, Readable } from "node:stream";
import { load } from "js-yaml";
import { BodyTooLarge } from "../../border/body.ts";
import { UnsafePath } from "../../border/path.ts";
import { UserError } from "../../components/user-error.ts";
import type { Access } from "../../kubernetes/access.ts";
import { isRetryable } from "../../kubernetes/answer.ts";
import { ApiError, Unreachable } from "../../kubernetes/api-error.ts";
import { connect } from "../../kubernetes/client.ts";
import type { Cluster } from "../../kubernetes/cluster.ts";
import { findAccess } from "../../kubernetes/kubeconfig.ts";
import { type ApiObject, ApiServer } from "../fake/api-server.ts";

/** A key for loopback alone, and its certificate for the name kubernetes; valid for a hundred years. */
const [key, certificate] = ["key", "certificate"].map((name) =>
  readFileSync(join(import.meta.dirname, "tls", `${name}.pem`), "utf8"),
) as [string, string];
const maps = "/api/v1/namespaces/dora-apps/configmaps";

describe("the client of the cluster", () => {
  let api: ApiServer;
  const access = () => findAccess({ kubeconfig: api.kubeconfig });
  const cluster = () => connect(access());

  before(async () => {
    api = await ApiServer.start({ hasConnections: true });
  });
  after(() => api.stop());
  beforeEach(() => {
    api.intercept = () => undefined;
    api.requests.length = 0;
    api.pageSize = 500;
  });

  const whole = async (text: AsyncIterable<string>) => {
    let all = "";
    for await (const part of text) all += part;
    return all;
  };

  it("gets an object, or undefined if it does not exist", async () => {
    api.put(`${maps}/a`, { metadata: { name: "a" }, data: { x: "1" } });
    assert.deepEqual((await cluster().get<{ data: unknown }>(`${maps}/a`))?.data, { x: "1" });
    assert.equal(await cluster().get(`${maps}/none`), undefined);
  });

  it("reads of Secrets the metadata alone, and of other objects everything", async () => {
    const secrets = "/api/v1/namespaces/secrets/secrets";
    const labels = { a: "b" };
    assert.deepEqual(await cluster().list(secrets), []);
    for (const name of ["a", "b"]) api.put(`${secrets}/${name}`, { metadata: { name, labels }, data: { x: "1" } });
    const found = [
      ...(await cluster().list<ApiObject>(secrets, "a=b")),
      await cluster().get<ApiObject>(`${secrets}/a`),
      ...(await cluster().list<ApiObject>("/api/v1/secrets")),
    ];
    assert.deepEqual(
      found.map((each) => [each?.metadata.name, each?.data]),
      ["a", "b", "a", "a", "b"].map((name) => [name, undefined]),
    );
    const map = "/api/v1/namespaces/secrets/configmaps/a";
    api.put(map, { metadata: { name: "a" }, data: { x: "1" } });
    assert.deepEqual((await cluster().get<ApiObject>(map))?.data, { x: "1" });
    assert.equal((await cluster().list<ApiObject>("/api/v1/namespaces/secrets/configmaps"))[0]?.data.x, "1");
  });

  it("sends no request for a path that leads elsewhere, and does not retry", async () => {
    const { signal } = new AbortController();
    for (const path of [`${maps}/../secrets`, `${maps}/a/%2e%2E`, "/api/v1/namespaces/./configmaps", `${maps}/..`]) {
      for (const asking of [
        () => cluster().get(path),
        () => cluster().list(path),
        () => cluster().delete(path),
        () => cluster().patch(path, []),
        () => cluster().stream(path, signal, 1),
        () => cluster().forward(path, { method: "GET", headers: {}, signal }),
        () => cluster().lines(path, signal)[Symbol.asyncIterator]().next(),
      ]) {
        await assert.rejects(asking, (error) => error instanceof UnsafePath && !isRetryable(error));
      }
    }
    assert.equal(api.requests.length, 0);
  });

  it("sends a patch with its content type: a JSON patch, or server-side apply", async () => {
    api.put(`${maps}/patched`, { metadata: { name: "patched" }, data: { x: "1" } });
    await cluster().patch(`${maps}/patched`, [{ op: "replace", path: "/data/x", value: "2" }]);
    await cluster().apply("gray", `${maps}/patched`, { metadata: { name: "patched" }, data: { y: "3" } });
    assert.deepEqual(
      api.requests.map(({ headers, query }) => [headers["content-type"], query.get("fieldManager")]),
      [
        ["application/json-patch+json", "gray"],
        ["application/apply-patch+yaml", "gray"],
      ],
    );
    assert.deepEqual(api.objects.get(`${maps}/patched`)?.data, { x: "2", y: "3" });
  });

  it("lists all pages of a collection", async () => {
    api.pageSize = 2;
    for (const name of ["p", "q", "r", "s", "t"]) {
      api.put(`/api/v1/namespaces/paged/pods/${name}`, { metadata: { name } });
    }
    const found = await cluster().list<{ metadata: { name: string } }>("/api/v1/namespaces/paged/pods");
    assert.deepEqual(
      found.map(({ metadata }) => metadata.name),
      ["p", "q", "r", "s", "t"],
    );
    assert.equal(api.requests.length, 3);
  });

  it("sends the selector with the request for every page", async () => {
    api.pageSize = 1;
    for (const [name, app] of Object.entries({ a: "web", b: "other", c: "web" })) {
      api.put(`/api/v1/namespaces/chosen/pods/${name}`, { metadata: { name, labels: { app } } });
    }
    const found = await cluster().list<{ metadata: { name: string } }>("/api/v1/namespaces/chosen/pods", "app=web");
    assert.deepEqual(
      found.map(({ metadata }) => metadata.name),
      ["a", "c"],
    );
    assert.deepEqual(
      api.requests.map(({ query }) => query.get("labelSelector")),
      ["app=web", "app=web"],
    );
  });

  it("sends its token, and the length of a body in bytes", async () => {
    await cluster().create(maps, { metadata: { name: "umlaut" }, data: { x: "Grüße" } });
    assert.equal(api.objects.get(`${maps}/umlaut`)?.data.x, "Grüße");
    assert.equal(api.requests[0]?.headers.authorization, "Bearer secret-token");
  });

  it("says in each request as whom its user acts, in those that are passed on too", async () => {
    const kubeconfig = JSON.stringify(load(api.kubeconfig)).replace(
      '"token":"secret-token"',
      '"token":"secret-token","as":"ops","as-groups":["release","view"]',
    );
    const client = connect(findAccess({ kubeconfig }));
    await client.list(maps);
    const { signal } = new AbortController();
    (await client.forward("/version", { method: "GET", headers: {}, signal })).resume();
    for (const { headers } of api.requests) {
      assert.deepEqual([headers["impersonate-user"], headers["impersonate-group"]], ["ops", "release, view"]);
    }
    assert.equal(api.requests.length, 2);
  });

  it("reports a refusal with the server's own message", async () => {
    api.intercept = () => ({ status: 403, body: { message: "pods is forbidden" } });
    await assert.rejects(cluster().list("/api/v1/pods"), (error) => {
      assert.ok(error instanceof ApiError);
      assert.deepEqual(
        [error.status, error.message],
        [403, "pods is forbidden (GET /api/v1/pods: 403): docs/reference/rbac.md of gray-release says what is needed"],
      );
      return true;
    });
  });

  it("shows the beginning of an answer that is not JSON", async () => {
    api.intercept = () => ({ status: 502, body: "<html>Bad Gateway</html>" });
    await assert.rejects(cluster().get(`${maps}/a`), /<html>Bad Gateway<\/html> \(GET .*: 502\)/);
  });

  it("treats a 404 as an absent object only if the API server itself sent it", async () => {
    const { signal } = new AbortController();
    const asked = [
      () => cluster().get(`${maps}/a`),
      () => cluster().list(maps),
      () => cluster().delete(`${maps}/a`),
      () => cluster().patch(`${maps}/a`, []),
      () => cluster().replace(`${maps}/a`, {}),
      () => cluster().lines(`${maps}/a`, signal)[Symbol.asyncIterator]().next(),
    ];
    const bodies = [
      "default backend - 404",
      "<html>Not Found</html>",
      '{"message":"no Route matched"}',
      '"no"',
      "null",
      "",
    ];
    for (const body of bodies) {
      api.intercept = () => ({ status: 404, body });
      for (const ask of asked) {
        await assert.rejects(ask, (error) => {
          assert.ok(error instanceof Unreachable && isRetryable(error), `${body}: ${error}`);
          assert.match(
            error.message,
            /^(GET|DELETE|PATCH|PUT) \/api\S+ was answered 404, and not by the Kubernetes API server .*: check the address of the cluster, and any proxy before it\.$/,
          );
          return true;
        });
      }
    }
    api.intercept = () => ({
      status: 404,
      body: { kind: "Status", apiVersion: "v1", message: "not found", code: 404 },
    });
    assert.equal(await cluster().get(`${maps}/a`), undefined);
    await cluster().delete(`${maps}/a`);
  });

  it("does not treat an answer that is not JSON as an absent object", async () => {
    api.intercept = () => ({ status: 200, body: "<html>Log in</html>" });
    await assert.rejects(cluster().get(`${maps}/a`), /Log in|cannot be understood|JSON/);
  });

  it("treats the deletion of an absent object as done", async () => {
    await cluster().delete(`${maps}/none`);
  });

  it("does not overwrite an object that another writer changed in between", async () => {
    const { metadata } = await cluster().create<{ metadata: object }>(maps, { metadata: { name: "c" } });
    await cluster().replace(`${maps}/c`, { metadata });
    await assert.rejects(
      cluster().replace(`${maps}/c`, { metadata }),
      (error) => error instanceof ApiError && error.status === 409,
    );
  });

  it("streams an answer with any status, and requests plain text", async () => {
    api.intercept = () => ({ status: 503, body: "up 1\n" });
    const { text, status, type } = await cluster().stream(
      "/api/v1/namespaces/n/pods/p:80/proxy/metrics?x=1",
      new AbortController().signal,
      100,
    );
    assert.deepEqual([status, type, await whole(text)], [503, "application/json", "up 1\n"]);
    assert.equal(api.requests[0]?.query.get("x"), "1");
    assert.match(String(api.requests[0]?.headers.accept), /^text\/plain;version=0\.0\.4,/);
  });

  it("throws the signal's reason from a stream that is aborted", async () => {
    const stopping = new AbortController();
    api.intercept = () => {
      stopping.abort(new Error("enough"));
      return undefined;
    };
    await assert.rejects(cluster().stream("/version", stopping.signal, 100), /^Error: enough$/);
  });

  it("throws that reason in the middle of the text too, and reports a text that breaks off", async () => {
    const begun = async (signal: AbortSignal) => {
      const stream = new PassThrough();
      stream.write("one");
      api.intercept = () => ({ status: 200, stream });
      const { text } = await cluster().stream("/metrics", signal, 100);
      const parts = text[Symbol.asyncIterator]();
      assert.equal((await parts.next()).value, "one");
      return { stream, parts };
    };
    const stopping = new AbortController();
    const ended = await begun(stopping.signal);
    stopping.abort(new Error("enough"));
    await assert.rejects(ended.parts.next(), /^Error: enough$/);
    const { stream, parts } = await begun(new AbortController().signal);
    stream.destroy(new Error("broken"));
    await assert.rejects(parts.next(), refusal(/does not answer \(aborted\)/));
  });

  it("reads no more of a stream than the limit", async () => {
    api.intercept = () => ({ status: 200, body: "x".repeat(101) });
    const { text } = await cluster().stream("/metrics", new AbortController().signal, 100);
    await assert.rejects(whole(text), BodyTooLarge);
  });

  it("limits the size of an answer, and the length of a log line", async () => {
    const mebi = "x".repeat(1 << 20);
    api.intercept = () => ({ status: 200, stream: Readable.from(new Array(65).fill(mebi)) });
    await assert.rejects(cluster().get(`${maps}/a`), refusal(/does not answer \(the answer is larger than 64 MiB\)/));
    const lines: number[] = [];
    api.intercept = () => ({ status: 200, stream: Readable.from([mebi, mebi, "\nend\n"]) });
    for await (const line of cluster().lines("/log", new AbortController().signal)) lines.push(line.length);
    assert.deepEqual(lines, [16_384, 3]);
  });

  it("reports any message of the server in one short line", async () => {
    api.intercept = () => ({ status: 500, body: { message: `a\n\u001b[31mb${"x".repeat(2 << 20)}` } });
    await assert.rejects(cluster().get(`${maps}/a`), (error: Error) => {
      assert.match(error.message, /^a bx+… \(GET /);
      return error.message.length < 500;
    });
    api.intercept = () => ({ status: 500, body: { message: { not: "a text" } } });
    await assert.rejects(cluster().get(`${maps}/a`), /^ApiError: \{"message":\{"not":"a text"\}\} \(GET /);
  });

  describe("after a 401", () => {
    const changing = (...tokens: string[]) => {
      const refused: (string | undefined)[] = [];
      const renewing: Access = {
        ...access(),
        credentials: async () => ({ token: tokens[0] ?? "" }),
        renew({ token }) {
          refused.push(token);
          tokens.shift();
          return tokens.length > 0;
        },
      };
      return { client: connect(renewing), refused };
    };
    const knows = (token: string) => {
      api.intercept = ({ headers }) =>
        headers.authorization === `Bearer ${token}` ? undefined : { status: 401, body: { message: "Unauthorized" } };
    };

    it("drops its credentials and sends the whole request once more", async () => {
      knows("new");
      const { client, refused } = changing("old", "new");
      await client.create(maps, { metadata: { name: "renewed" } });
      assert.deepEqual(refused, ["old"]);
      assert.ok(api.objects.has(`${maps}/renewed`));
    });

    it("gives up if the next credentials are refused too, or there are no others", async () => {
      knows("other");
      for (const [tokens, asked] of [
        [["old", "new", "newest"], 2],
        [["old"], 1],
      ] as const) {
        api.requests.length = 0;
        await assert.rejects(
          changing(...tokens).client.get(`${maps}/a`),
          (error) =>
            error instanceof ApiError &&
            error.status === 401 &&
            /^The cluster at http\S+ \(context \S+\) refuses your login: log in again\.$/.test(error.message),
        );
        assert.equal(api.requests.length, asked);
      }
    });

    it("passes a pod's own 401 on to the caller", async () => {
      knows("other");
      const { client, refused } = changing("old", "new");
      const { signal } = new AbortController();
      assert.equal((await client.stream("/proxy/metrics", signal, 100)).status, 401);
      assert.equal((await client.forward("/proxy/", { method: "GET", headers: {}, signal })).statusCode, 401);
      assert.deepEqual(refused, []);
    });
  });

  it("treats an answer that is not a list as no answer", async () => {
    for (const body of [{}, { items: null }, []]) {
      api.intercept = () => ({ status: 200, body });
      await assert.rejects(cluster().list(maps), refusal(/^The answer to GET .* is no list\.$/));
    }
  });

  it("reads an expired list from its start again, and gives up after three attempts", async () => {
    for (const name of ["a", "b", "c"]) api.put(`${maps}/list-${name}`, { metadata: { name, labels: { of: "list" } } });
    api.pageSize = 2;
    let expired = 0;
    const expire = (times: number) => {
      expired = 0;
      api.intercept = ({ query }) =>
        query.has("continue") && ++expired <= times ? { status: 410, body: { message: "expired" } } : undefined;
    };
    expire(2);
    assert.equal((await cluster().list(maps, "of=list")).length, 3);
    expire(99);
    await assert.rejects(cluster().list(maps, "of=list"), (error) => error instanceof ApiError && error.status === 410);
    assert.equal(expired, 3);
  });

  it("throws the signal's reason if it aborts a read that the server does not answer", async () => {
    for (const read of [
      (reader: Cluster) => reader.get(`${maps}/a`),
      (reader: Cluster) => reader.list("/api/v1/namespaces/n/pods"),
    ]) {
      const stopping = new AbortController();
      const stream = new PassThrough();
      const hungUp = new Promise((closed) => stream.once("close", closed));
      api.intercept = () => {
        stopping.abort(new Error("enough"));
        return { status: 200, stream };
      };
      await assert.rejects(read(cluster().until(stopping.signal)), /^Error: enough$/);
      await hungUp;
    }
  });

  it("sends no request after it was aborted; the original client goes on", async () => {
    api.put(`${maps}/a`, { metadata: { name: "a" } });
    await assert.rejects(
      cluster()
        .until(AbortSignal.abort(new Error("over")))
        .get(`${maps}/a`),
      /^Error: over$/,
    );
    const reader = cluster().until(new AbortController().signal);
    assert.equal((await reader.get<{ metadata: { name: string } }>(`${maps}/a`))?.metadata.name, "a");
  });

  it("gives the lines of an answer as they arrive, and ends without an error when aborted", async () => {
    const stream = new PassThrough();
    api.intercept = () => ({ status: 200, stream });
    const stopping = new AbortController();
    const lines: string[] = [];
    stream.write("one\ntw");
    for await (const line of cluster().lines("/log", stopping.signal)) {
      lines.push(line);
      if (line === "one") stream.write("o\nthr");
      else stopping.abort();
    }
    assert.deepEqual(lines, ["one", "two"]);
  });

  it("gives the last line of a complete answer, and leaves out an incomplete line where the connection breaks", async () => {
    const take = async (end: (stream: PassThrough) => void) => {
      const stream = new PassThrough();
      api.intercept = () => ({ status: 200, stream });
      stream.write("one\ntwo");
      const lines: string[] = [];
      for await (const line of cluster().lines("/log", new AbortController().signal)) {
        lines.push(line);
        if (line === "one") end(stream);
      }
      return lines;
    };
    assert.deepEqual(await take((stream) => stream.end()), ["one", "two"]);
    await assert.rejects(
      take((stream) => stream.destroy(new Error("broken"))),
      refusal(/does not answer \(aborted\)/),
    );
  });

  it("reports a refused stream with the server's own message", async () => {
    api.intercept = () => ({ status: 403, body: { message: "pods/log is forbidden" } });
    await assert.rejects(
      cluster().lines("/log?follow=true", new AbortController().signal)[Symbol.asyncIterator]().next(),
      (error) => error instanceof ApiError && error.message.startsWith("pods/log is forbidden (GET /log: 403): docs/"),
    );
  });

  it("keeps the path of a server that is behind a prefix", async () => {
    const behind = { ...access(), server: new URL(`${api.url}/k8s/clusters/c-1/`) };
    await connect(behind).get("/api/v1/namespaces/x");
    assert.equal(api.requests[0]?.path, "/k8s/clusters/c-1/api/v1/namespaces/x");
  });

  const refusal = (sentence: RegExp) => (error: unknown) => {
    assert.ok(error instanceof UserError, String(error));
    assert.match(error.message, sentence);
    return true;
  };
  const at = (port: number, protocol = "http"): Access => ({
    context: "far",
    server: new URL(`${protocol}://127.0.0.1:${port}`),
    skipTlsVerify: false,
    credentials: async () => ({}),
    renew: () => false,
  });
  const freePort = async () => {
    const server = createServer();
    await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening));
    const { port } = server.address() as AddressInfo;
    await new Promise((closed) => server.close(closed));
    return port;
  };

  it("names the cluster that does not answer, and what to check", async () => {
    const port = await freePort();
    await assert.rejects(
      connect(at(port)).get("/version"),
      refusal(
        new RegExp(
          `^The cluster at http://127\\.0\\.0\\.1:${port} \\(context far\\) does not answer \\(.*ECONNREFUSED.*\\): check KUBECONFIG, the context and the network\\.$`,
        ),
      ),
    );
  });

  it("does so too if the server closes the connection", async () => {
    const server = createServer((socket) => socket.destroy());
    await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening));
    const { port } = server.address() as AddressInfo;
    await assert.rejects(connect(at(port)).get("/version"), refusal(/does not answer \(.*(hang up|ECONNRESET)/));
    await new Promise((closed) => server.close(closed));
  });

  it("gives up on a server that accepts the request and sends no answer", async () => {
    const timeout = AbortSignal.timeout;
    const asked: number[] = [];
    AbortSignal.timeout = (milliseconds) => {
      asked.push(milliseconds);
      return AbortSignal.abort(new DOMException("timed out", "TimeoutError"));
    };
    try {
      const waiting = cluster().until(new AbortController().signal);
      for (const one of [cluster(), waiting]) {
        await assert.rejects(one.get("/version"), refusal(/does not answer \(no answer within 15 s\)/));
      }
      assert.deepEqual(asked, [15_000, 15_000]);
    } finally {
      AbortSignal.timeout = timeout;
    }
  });

  it("does not trust a self-signed certificate", async () => {
    const { server, port } = await tlsServer();
    await assert.rejects(connect(at(port, "https")).get("/version"), refusal(/does not answer \(.*self-signed/));
    await new Promise((closed) => server.close(closed));
  });

  it("trusts the kubeconfig's certificate authority, and checks the server name that it gives", async () => {
    const { server, port, ca } = await tlsServer();
    const trusting = { ...at(port, "https"), ca, serverName: "kubernetes" };
    assert.deepEqual(await connect(trusting).get("/version"), { gitVersion: "v1" });
    server.closeAllConnections();
    await new Promise((closed) => server.close(closed));
  });

  async function tlsServer() {
    const server = createTlsServer({ key, cert: certificate }, (_, response) => response.end('{"gitVersion":"v1"}'));
    await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening));
    return { server, port: (server.address() as AddressInfo).port, ca: certificate };
  }
});
