import assert from "node:assert/strict";
import fc from "fast-check";
import { UserError } from "../../components/user-error.ts";
import { ApiError } from "../../kubernetes/api-error.ts";
import type { EndpointArgs } from "../../probe/endpoints.ts";
import { type CheckResult, fault, probe } from "../../probe/probe.ts";
import { DarkCanary, host, token } from "../fake/dark-canary.ts";

describe("the check of an answer", () => {
  const ok = { status: 200 } as const;

  it("gives a pattern no more time than the driver can spare", () => {
    const text = `${"a".repeat(200_000)}\n`;
    assert.equal(
      fault({ status: 200, body: { pattern: "(a+)+$x" } }, { status: 200, text }),
      "the body could not be matched against /(a+)+$x/ in time",
    );
  });

  it("passes an answer with the expected status and body, and no other", () => {
    const status = fc.integer({ min: 200, max: 599 });
    const near = fc.constantFrom("", "a", "ab", "ba", "aba", "b");
    fc.assert(
      fc.property(status, status, near, near, (expected, found, what, text) => {
        const tokenRoutes = found === expected && text.includes(what);
        const answer = { status: found, text };
        assert.equal(fault({ status: expected, body: { contains: what } }, answer) === undefined, tokenRoutes);
        assert.equal(fault({ status: expected, body: { pattern: what } }, answer) === undefined, tokenRoutes);
        assert.equal(fault({ status: expected }, answer) === undefined, found === expected);
      }),
    );
  });

  it("reports what is wrong, and how the body begins", () => {
    assert.equal(fault(ok, { status: 503, text: "" }), "the status is 503, not 200");
    const body = { contains: "healthy" };
    assert.equal(fault({ ...ok, body }, { status: 200 }), 'the body does not contain "healthy": it is empty');
    assert.equal(
      fault({ ...ok, body: { pattern: "^ok$" } }, { status: 200, text: "\nnot ok\nat all" }),
      'the body does not match /^ok$/: it begins with "not ok"',
    );
    for (const text of ["\u001b[31mred\u0007", "a\u2028b\u202e", `\u009b2J${"x".repeat(5000)}`]) {
      const said = fault({ ...ok, body }, { status: 200, text }) ?? "";
      assert.doesNotMatch(said, /[\p{Cc}\u2028\u202e]/u);
      assert.ok(said.length < 300, said);
    }
    const long = fault({ ...ok, body }, { status: 200, text: "x".repeat(1000) });
    assert.ok((long ?? "").length < 150, long);
  });
});

describe("probing a dark canary", () => {
  let dark: DarkCanary;
  beforeEach(async () => {
    dark = await DarkCanary.start();
  });
  afterEach(() => dark.stop());

  const ask = (args: Partial<EndpointArgs> = {}) =>
    probe({ api: dark.cluster, namespace: "dora-apps", service: "web", ...args });
  const refused = (sentence: string | RegExp, args?: Partial<EndpointArgs>) =>
    assert.rejects(ask(args), (error) => {
      assert.ok(error instanceof UserError, String(error));
      if (typeof sentence === "string") assert.equal(error.message, sentence);
      else assert.match(error.message, sentence);
      return true;
    });
  const short = (results: readonly CheckResult[]) =>
    results.map(({ check, endpoint, reason }) => [check, endpoint, reason ?? "passed"]);
  const canaryAlone = { path: "/", name: "who", body: { contains: '"track":"canary"' } };

  for (const by of ["token", "pods"] as const) {
    describe(`by ${by}`, () => {
      const endpoint = by === "token" ? "token" : "web-canary-1";
      const up = async (
        ...checks: NonNullable<NonNullable<Parameters<DarkCanary["up"]>[0]>["plan"]>["checks"] & {}
      ) => {
        await dark.up({ plan: { checks } }, by === "token" ? {} : undefined);
        dark.pod("web-canary-1");
      };

      it("sends the declared requests, and passes each check with the expected answer", async () => {
        await up(canaryAlone, { path: "/a?b=c%20d", method: "HEAD", headers: { "x-user": "probe" } });
        const { release, results, ...found } = await ask({ via: by });
        assert.deepEqual([found.by, release], [by, dark.release]);
        assert.deepEqual(short(results), [
          ["who", endpoint, "passed"],
          ["HEAD /a?b=c%20d", endpoint, "passed"],
        ]);
        assert.ok(results.every(({ passed, status, seconds }) => passed && status === 200 && seconds >= 0));
        assert.deepEqual(
          dark.got.map(({ method, url, headers }) => [method, url, headers["x-user"]]),
          [
            ["GET", "/", undefined],
            ["HEAD", "/a?b=c%20d", "probe"],
          ],
        );
      });

      it("reports for each check why it did not pass", async () => {
        const slow = { path: "/slow", atMost: 0.05 };
        await up(canaryAlone, { path: "/broken" }, { path: "/error" }, { path: "/half", atMost: 0.05 }, slow);
        dark.answer = ({ url }, response) => {
          if (url === "/broken") response.writeHead(200, { "content-length": 9 }).write("half");
          if (url === "/broken") setImmediate(() => response.destroy());
          if (url === "/error") response.writeHead(500).end();
          if (url === "/half") response.write("half");
          if (url === "/") response.end('{"track":"stable"}');
        };
        const { results } = await ask({ via: by });
        assert.deepEqual(short(results), [
          [
            "who",
            endpoint,
            `the body does not contain "\\"track\\":\\"canary\\"": it begins with "{\\"track\\":\\"stable\\"}"`,
          ],
          ["GET /broken", endpoint, "the answer broke off: aborted"],
          ["GET /error", endpoint, "the status is 500, not 200"],
          ["GET /half", endpoint, "the answer was not complete within 0.05 s"],
          ["GET /slow", endpoint, "the answer was not complete within 0.05 s"],
        ]);
        assert.ok(results.every(({ passed }) => !passed));
        assert.deepEqual(
          results.map(({ status }) => status).filter((_, i) => i !== 3),
          [200, 200, 500, undefined],
        );
      });

      it("does not follow a redirect", async () => {
        await up({ path: "/old", status: 302 });
        dark.answer = (_, response) => response.writeHead(302, { location: "/new" }).end();
        assert.deepEqual(short((await ask({ via: by })).results), [["GET /old", endpoint, "passed"]]);
        assert.equal(dark.got.length, 1);
      });

      it("reads the first MiB of a body and does not wait for the rest", async () => {
        await up({ path: "/", body: { contains: "xx" } }, { path: "/b", body: { contains: "end" } });
        dark.answer = (_, response) => response.write(`${"x".repeat(1024 * 1024)}end`);
        const [found, beyond] = (await ask({ via: by })).results;
        assert.equal(found?.reason, undefined);
        assert.match(beyond?.reason ?? "", /^the body does not contain "end": it begins with "xxx/);
      });

      it("is refused while canary has no ready pod, or pods of two releases", async () => {
        await up(canaryAlone);
        dark.pod("web-canary-1", { ready: false });
        dark.pod("web-canary-2", { terminating: true });
        await refused(
          "Canary of web in namespace dora-apps has no ready pod, so no request was sent: see gray status, and start canary with pulumi up of the stack that owns canary.",
        );
        dark.pod("web-canary-1");
        dark.pod("web-canary-2", { release: "aaaaaaaaaaaa" });
        await refused(/ has ready pods of two releases, .*aaaaaaaaaaaa.*: wait until its roll is complete/, {
          via: by,
        });
        assert.equal(dark.got.length, 0);
      });
    });
  }

  it("is refused if no check is declared", async () => {
    await dark.up();
    dark.pod("web-canary-1");
    const sentence =
      'web in namespace dora-apps declares no checks: give CanaryService plan: { checks: [{ path: "/healthz" }] } and run pulumi up of the stack that owns canary, or name a command, as in gray probe -- npm run smoke.';
    await refused(sentence);
    await dark.up({ plan: {} });
    await refused(sentence);
  });

  it("is refused if the plan cannot be read", async () => {
    await dark.up({ plan: { checks: [canaryAlone] } });
    const path = "/api/v1/namespaces/dora-apps/configmaps/web-plan";
    dark.world.api.put(path, { metadata: { name: "web-plan" }, data: { plan: '{"version":2,"checks":[]}' } });
    await refused(/^The plan web-plan in namespace dora-apps cannot be read \(version: must be 1\): run pulumi up/);
    dark.world.api.put(path, { metadata: { name: "web-plan" } });
    await refused(/^The plan web-plan in namespace dora-apps cannot be read \(.*JSON.*\): run pulumi up/);
  });

  describe("through the gateway", () => {
    const up = (route = {}) => dark.up({ plan: { checks: [canaryAlone] } }, route);
    const by = "token";
    beforeEach(async () => {
      await up();
      dark.pod("web-canary-1");
    });

    it("requests the route's host with the token, and masks the token if canary echoes it", async () => {
      for (const [before, shown] of [
        [0, "******"],
        [77, "***"],
      ] as const) {
        dark.answer = ({ headers }, response) => response.end("x".repeat(before) + headers["x-gray-token"]);
        const [result] = (await ask({ via: by })).results;
        assert.ok(result?.reason?.endsWith(`begins with "${"x".repeat(before)}${shown}"`), result?.reason);
      }
      const headers = dark.got[0]?.headers;
      assert.deepEqual([headers?.host, headers?.["x-gray-token"]], [host, token]);
    });

    it("sends requests to the given gateway", async () => {
      const url = new URL(dark.gateway.url);
      dark.world.api.objects.delete("/apis/gateway.networking.k8s.io/v1/namespaces/infra/gateways/public");
      await refused(/^HTTPRoute web in namespace dora-apps is attached to no Gateway .* \(public\): name the gateway/);
      assert.deepEqual(short((await ask({ via: by, url })).results), [["who", "token", "passed"]]);
    });

    it("is refused if the gateway cannot be reached, because canary is not the cause", async () => {
      const url = new URL("http://127.0.0.1:1");
      await refused(
        /^The gateway of web at http:\/\/127\.0\.0\.1:1 cannot be reached \(.*ECONNREFUSED.*\): name another address with --url, or probe with --via pods\.$/,
        { via: by, url },
      );
    });

    it("fails a check whose connection ended without an answer", async () => {
      dark.answer = (_, response) => response.destroy();
      const [result] = (await ask({ via: by })).results;
      assert.equal(result?.reason, "no answer: the connection to the gateway ended (socket hang up)");
    });

    it("does not attribute an answer without canary's header to canary", async () => {
      await up({ canaryHeader: { name: "X-Canary", value: "yes" } });
      const [result] = (await ask({ via: by })).results;
      assert.match(result?.reason ?? "", /^the answer lacks the header X-Canary: yes, so it is not canary's;/);
      dark.answer = (_, response) => response.setHeader("x-canary", "yes").end('"track":"canary"');
      assert.ok((await ask({ via: by })).results.every(({ passed }) => passed));
    });

    it("probes the pods as well if the answers cannot be attributed to canary", async () => {
      dark.gateway.answer = (_, response) => response.end('{"track":"canary"}');
      dark.answer = (_, response) => response.writeHead(500).end();
      const { by: both, doubt, results } = await ask();
      assert.deepEqual([both, doubt], ["both", undefined]);
      assert.deepEqual(short(results), [
        ["who", "token", "passed"],
        ["who", "web-canary-1", "the status is 500, not 200"],
      ]);
    });

    it("reports the doubt if only the token was requested, and no doubt with canary's header", async () => {
      assert.equal(
        (await ask({ via: by })).doubt,
        "Nothing shows that these answers are canary's, because its route has no canaryHeader: stable, or another service behind the gateway, may have given them.",
      );
      await up({ canaryHeader: { name: "X-Canary", value: "yes" } });
      dark.answer = (_, response) => response.setHeader("x-canary", "yes").end('"track":"canary"');
      const { doubt, ...found } = await ask();
      assert.deepEqual([found.by, doubt, short(found.results)], ["token", undefined, [["who", "token", "passed"]]]);
    });

    for (const [what, conditions, why] of [
      ["does not report it as accepted", [], "it does not report Accepted"],
      [
        "does not accept it",
        [["Accepted", "False", "NoMatchingListenerHostname"]],
        "Accepted is False, NoMatchingListenerHostname",
      ],
      [
        "misses a backend",
        [
          ["Accepted", "True", "Accepted"],
          ["ResolvedRefs", "False", "BackendNotFound"],
        ],
        "ResolvedRefs is False, BackendNotFound",
      ],
      [
        "has accepted an earlier generation",
        [
          ["Accepted", "True", "Accepted", 0],
          ["ResolvedRefs", "True", "ResolvedRefs", 0],
        ],
        "it has not read the last change yet",
      ],
    ] as const) {
      it(`is refused while the Gateway of its route ${what}`, async () => {
        dark.say(...conditions);
        const sentence = `No Gateway has accepted HTTPRoute web in namespace dora-apps yet (public: ${why}), so requests with the token may reach the wrong pods: try again in a moment, correct the route, or probe with --via pods.`;
        await refused(sentence);
        await refused(sentence, { url: new URL(dark.gateway.url) });
        assert.equal(dark.got.length, 0);
      });
    }

    it("probes only the pods on request", async () => {
      const { by, results } = await ask({ via: "pods" });
      assert.deepEqual([by, short(results)], ["pods", [["who", "web-canary-1", "passed"]]]);
    });

    it("is refused for a port that no route leads to", async () => {
      const ports = [
        { name: "http", port: 80, targetPort: 8080 },
        { name: "admin", port: 81, targetPort: 8080 },
      ];
      await dark.up({ ports, plan: { checks: [{ path: "/", port: 81 }] } }, {});
      await refused(
        /^No HTTPRoute of web in namespace dora-apps accepts the token for port 81 \(they go to web to 80\): /,
      );
      assert.deepEqual(short((await ask({ via: "pods" })).results), [["GET /", "web-canary-1", "passed"]]);
    });
  });

  describe("by its pods", () => {
    it("runs each check on each ready pod", async () => {
      await dark.up({ plan: { checks: [canaryAlone, { path: "/b" }] } });
      for (const name of ["web-canary-1", "web-canary-2"]) dark.pod(name);
      dark.pod("web-canary-3", { ready: false });
      assert.deepEqual(short((await ask()).results), [
        ["who", "web-canary-1", "passed"],
        ["who", "web-canary-2", "passed"],
        ["GET /b", "web-canary-1", "passed"],
        ["GET /b", "web-canary-2", "passed"],
      ]);
    });

    it("is refused by token if traffic is split by number of pods", async () => {
      await dark.up({ plan: { checks: [canaryAlone] } });
      dark.pod("web-canary-1");
      await refused(/ accepts the token for port 80 \(the service has none\): probe the pods with --via pods, /, {
        via: "token",
      });
    });

    it("is refused for a port that the pods do not have", async () => {
      await dark.up({ plan: { checks: [canaryAlone] } });
      const path = "/api/v1/namespaces/dora-apps/services/web-canary";
      dark.world.api.objects.get(path)?.spec.ports.splice(0, 1, { port: 80, targetPort: "metrics" });
      dark.pod("web-canary-1");
      await refused(
        "Port 80 of the Service leads to no port of web-canary-1: correct ports and containers, or the check that names it.",
      );
    });

    for (const method of ["GET", "HEAD"] as const) {
      it(`does not attribute the API server's own answer to ${method} to canary`, async () => {
        const checks = [403, 404, 503].map((status) => ({ path: `/${status}`, method, status }));
        await dark.up({ plan: { checks } });
        dark.pod("web-canary-1");
        const json = { "content-type": "application/json" };
        dark.answer = ({ url }, response) => response.writeHead(Number(url.slice(1)), json).end('{"kind":"Page"}');
        assert.ok((await ask()).results.every(({ passed }) => passed));
        let own = [503, "error trying to reach service: connection refused"] as [code: number, message: string];
        dark.answer = (_, response) => {
          const [code, message] = own;
          const status = { kind: "Status", apiVersion: "v1", status: "Failure", code, message };
          response.writeHead(code, json).end(JSON.stringify(status));
        };
        assert.deepEqual(
          [...new Set((await ask()).results.map(({ reason }) => reason))],
          ["no answer: the API server reports: error trying to reach service: connection refused"],
        );
        for (own of [
          [403, 'pods "web-canary-1" is forbidden'],
          [404, 'pods "web-canary-1" not found'],
          [503, "etcdserver: leader changed"],
        ] as [code: number, message: string][]) {
          const [code, message] = own;
          await assert.rejects(
            ask(),
            (error) => error instanceof ApiError && error.status === code && error.message.startsWith(message),
          );
        }
      });
    }

    it("does not send a header that the API server would not forward", async () => {
      const names = ["Authorization", "Impersonate-User"];
      await dark.up({ plan: { checks: names.map((name) => ({ name, path: "/", headers: { [name]: "x" } })) } });
      dark.pod("web-canary-1");
      assert.deepEqual(
        (await ask()).results.map(({ reason }) => reason),
        names.map(
          (name) =>
            `no answer: the API server does not forward the header ${name}, so it cannot be sent to a pod: probe with --via token`,
        ),
      );
      assert.equal(dark.got.length, 0);
    });
  });
});
