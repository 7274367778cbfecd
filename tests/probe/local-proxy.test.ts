import assert from "node:assert/strict";
import { once } from "node:events";
import { type IncomingMessage, type RequestOptions, request } from "node:http";
import { connect } from "node:net";
import { text } from "node:stream/consumers";
import { type AccessPath, canaryEndpoints } from "../../probe/endpoints.ts";
import { type LocalProxy, openLocalProxy } from "../../probe/local-proxy.ts";
import { DarkCanary, host, token } from "../fake/dark-canary.ts";

for (const by of ["token", "pods"] as const) {
  describe(`the local proxy to canary by ${by}`, () => {
    let dark: DarkCanary;
    let proxy: LocalProxy;
    const open = async (endpoint: AccessPath = by) => {
      const endpoints = await canaryEndpoints({
        api: dark.cluster,
        namespace: "dora-apps",
        service: "web",
        via: endpoint,
      });
      proxy = await openLocalProxy(endpoints);
    };
    beforeEach(async () => {
      dark = await DarkCanary.start();
      await dark.up({}, by === "token" ? {} : undefined);
      dark.pod("web-canary-1");
      await open();
    });
    afterEach(async () => {
      await proxy.end();
      await dark.stop();
    });

    const send = async (path: string, options: RequestOptions, body?: string) => {
      const sent = request(`${proxy.url}${path}`, { agent: false, ...options });
      sent.end(body);
      const [answer] = (await once(sent, "response")) as [IncomingMessage];
      return { status: answer.statusCode, headers: answer.headers, text: await text(answer) };
    };

    it("forwards method, path, headers and body, and returns the answer as it is", async () => {
      dark.answer = (_, response) => {
        response.writeHead(418, { "x-two": "2", "set-cookie": ["a=1", "b=2"] }).end("teapot");
      };
      const headers = { "content-type": "text/plain", "x-one": ["1", "one"], accept: "text/html" };
      const { status, text, headers: got } = await send("/a//b?c=%20d", { method: "PUT", headers }, "body");
      assert.deepEqual([status, text, got["x-two"], got["set-cookie"]], [418, "teapot", "2", ["a=1", "b=2"]]);
      const [one] = dark.got;
      assert.deepEqual([one?.method, one?.url, one?.body], ["PUT", "/a//b?c=%20d", "body"]);
      const { "content-type": type, "x-one": twice, accept } = one?.headers ?? {};
      assert.deepEqual([type, twice, accept], ["text/plain", "1, one", "text/html"]);
    });

    for (const method of ["GET", "POST", "DELETE"]) {
      it(`forwards a ${method} with a body of unknown length, and one without a body`, async () => {
        await send("/", { method, headers: { "transfer-encoding": "chunked" } }, "chunks");
        await send("/", { method });
        assert.deepEqual(
          dark.got.map(({ body }) => body),
          ["chunks", ""],
        );
      });
    }

    it("streams an answer", async () => {
      dark.answer = (_, response) => response.write("first");
      const sent = request(`${proxy.url}/`, { agent: false }).end();
      const [answer] = (await once(sent, "response")) as [IncomingMessage];
      const [chunk] = await once(answer, "data");
      assert.equal(String(chunk), "first");
      sent.destroy();
    });

    it("keeps redirects to canary on the proxy, and leaves others as they are", async () => {
      const location = async (value: string) => {
        dark.answer = (_, response) => response.writeHead(302, { location: value }).end();
        return (await send("/", {})).headers.location;
      };
      assert.equal(await location("/next?a=1"), "/next?a=1");
      assert.equal(await location("https://login.example.com/x"), "https://login.example.com/x");
      if (by === "token") assert.equal(await location(`https://${host}/next?a=1`), "/next?a=1");
    });

    it("shows the client neither the token nor the user's credentials, and drops a token from the client", async () => {
      dark.answer = (_, response) => response.end("ok");
      const answer = await send("/", {
        headers: { "x-gray-token": "mine", host: "elsewhere", connection: "x-hop", "x-hop": "1" },
      });
      assert.ok(!JSON.stringify(answer).includes(token));
      const { "x-gray-token": sent, authorization, "x-hop": hop, host: name } = dark.got[0]?.headers ?? {};
      assert.deepEqual([sent, authorization, hop], [by === "token" ? token : undefined, undefined, undefined]);
      assert.notEqual(name, "elsewhere");
    });

    it("reports why there is no answer, and goes on", async () => {
      dark.answer = (_, response) => response.destroy();
      assert.equal((await send("/", {})).status, 502);
      dark.answer = (_, response) => response.end("ok");
      assert.equal((await send("/", {})).status, 200);
    });

    for (const [when, begins] of [
      ["before the answer", false],
      ["in the middle of the answer", true],
    ] as const) {
      it(`aborts a request to canary when the client disconnects ${when}`, async () => {
        const sent = request(`${proxy.url}/`, { agent: false });
        sent.on("error", () => {});
        const left = new Promise((closed) => {
          dark.answer = (_, response) => {
            response.once("close", closed);
            if (begins) response.write("first");
            else sent.destroy();
          };
        });
        sent.once("response", () => sent.destroy()).end();
        await left;
      });
    }

    it("breaks off an answer that canary breaks off, and goes on", async () => {
      // Outside of tests such an error would end the process.
      const unhandled: unknown[] = [];
      const hear = (error: unknown) => unhandled.push(error);
      process.on("unhandledRejection", hear);
      dark.answer = (_, response) => {
        response.writeHead(200, { "content-length": 9 }).write("half", () => response.destroy());
      };
      await assert.rejects(send("/", {}), /aborted/);
      dark.answer = (_, response) => response.end("ok");
      assert.equal((await send("/", {})).status, 200);
      process.off("unhandledRejection", hear);
      assert.deepEqual(unhandled, []);
    });

    it("accepts only paths, so that it is no proxy to other hosts", async () => {
      const socket = connect(Number(new URL(proxy.url).port), "127.0.0.1");
      socket.write("GET http://elsewhere/ HTTP/1.1\r\nHost: elsewhere\r\nConnection: close\r\n\r\n");
      assert.match(await text(socket), /^HTTP\/1\.1 502 [\s\S]*gray: only paths of canary can be requested/);
      assert.equal(dark.got.length, 0);
    });
  });
}

describe("the local proxy through the API server", () => {
  it("returns canary's answers, and no answer of the API server itself", async () => {
    const dark = await DarkCanary.start();
    await dark.up();
    dark.pod("web-canary-1");
    const endpoints = await canaryEndpoints({ api: dark.cluster, namespace: "dora-apps", service: "web" });
    const proxy = await openLocalProxy(endpoints);
    const json = { "content-type": "application/json" };
    try {
      const long = JSON.stringify({ kind: "Status", of: "x".repeat(200_000) });
      for (const body of ["", '{"kind":"Status","apiVersion":"mine"}', long]) {
        dark.answer = (_, response) => {
          response.writeHead(403, json).write(body.slice(0, 5));
          response.end(body.slice(5));
        };
        const answer = await fetch(proxy.url, { method: "POST", body: "b" });
        assert.deepEqual([answer.status, await answer.text()], [403, body]);
      }
      assert.equal(proxy.failure(), undefined);
      const status = { kind: "Status", apiVersion: "v1", message: "pods is forbidden", code: 403 };
      dark.answer = (_, response) => response.writeHead(403, json).end(JSON.stringify(status));
      for (const method of ["POST", "HEAD", "DELETE"]) assert.equal((await fetch(proxy.url, { method })).status, 502);
      assert.match(proxy.failure()?.message ?? "", /^pods is forbidden .*: docs\/reference\/rbac\.md/);
    } finally {
      await proxy.end();
      await dark.stop();
    }
  });
});

describe("the local proxy by token", () => {
  it("masks the token that canary echoes, in headers and in the body, however it is split", async () => {
    const dark = await DarkCanary.start();
    await dark.up({}, {});
    dark.pod("web-canary-1");
    const proxy = await openLocalProxy(
      await canaryEndpoints({ api: dark.cluster, namespace: "dora-apps", service: "web" }),
    );
    try {
      const body = `ü ${token} ${token.slice(0, 3)}`;
      dark.answer = (_, response) => {
        response.setHeader("x-echo", `a ${token}`).setHeader("content-length", Buffer.byteLength(body));
        response.write(body.slice(0, 5), () => response.end(body.slice(5)));
      };
      const answer = await fetch(proxy.url);
      assert.equal(answer.headers.get("x-echo"), "a ******");
      assert.equal(await answer.text(), "ü ****** s3c");
    } finally {
      await proxy.end();
      await dark.stop();
    }
  });
});

describe("the local proxy to several pods of canary", () => {
  it("uses them in turn", async () => {
    const dark = await DarkCanary.start();
    await dark.up();
    for (const name of ["web-canary-1", "web-canary-2"]) dark.pod(name);
    const proxy = await openLocalProxy(
      await canaryEndpoints({ api: dark.cluster, namespace: "dora-apps", service: "web" }),
    );
    try {
      for (let i = 0; i < 4; i++) assert.equal((await fetch(proxy.url)).status, 200);
      dark.world.api.objects.delete("/api/v1/namespaces/dora-apps/pods/web-canary-2");
      const statuses = [await fetch(proxy.url), await fetch(proxy.url)].map(({ status }) => status);
      // A deleted pod sends no answer; the API server answers 404 in its place.
      assert.deepEqual(statuses.sort(), [200, 502]);
      assert.match(proxy.failure()?.message ?? "", /not found \(pods\/proxy of web-canary-2: 404\)/);
    } finally {
      await proxy.end();
      await dark.stop();
    }
  });
});
