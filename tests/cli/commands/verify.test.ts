import assert from "node:assert/strict";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { Readable } from "node:stream";
import { verifyCommand } from "../../../cli/commands/verify.ts";
import { UserError } from "../../../components/user-error.ts";
import type { ApiRequest } from "../../fake/api-server.ts";
import type { Shell } from "../../fake/gray.ts";
import { withoutSleep } from "../../fake/sleep.ts";
import { recordIn } from "../../fake/stored-record.ts";
import { verdict, type World } from "../../fake/world.ts";
import { trial } from "../trial.ts";

/** Simulated seconds between two polls. */
const step = 5;

/** The last line of `gray verify --json`. */
interface Final {
  readonly final: true;
  readonly verdict: string;
  readonly reason: string;
  readonly guard?: string;
  readonly basis?: string;
  readonly observed?: { readonly verdict: string; readonly reason: string };
}

describe("gray verify", () => {
  let world: World;
  let shell: Shell;
  let a: string;
  let b: string;
  let end: () => Promise<void>;
  let sleepAgain: () => void;
  let polls: number;
  /** Messages beside the numbers. */
  let notes: string[];
  const { now } = Date;
  const { error, warn } = console;

  beforeEach(async () => {
    ({ world, shell, a, b, end } = await trial());
    for (let at = 1; at <= 3; at++) pod(`web-${at}`, "stable", a);
    pod("web-canary-1", "canary", b);
    polls = 0;
    notes = [];
    const began = now();
    Date.now = () => began + polls * step * 1000;
    console.error = (line: string) => void notes.push(line);
    console.warn = (line: string) => void notes.push(line);
    sleepAgain = withoutSleep();
  });
  afterEach(async () => {
    sleepAgain();
    Object.assign(Date, { now });
    Object.assign(console, { error, warn });
    process.exitCode = undefined;
    await end();
  });

  const pod = (name: string, track: string, release: string, container: object = {}) =>
    world.api.put(`/api/v1/namespaces/dora-apps/pods/${name}`, {
      metadata: { name, labels: { app: "web", track, release } },
      spec: { containers: [{ name: "web", ports: [{ containerPort: 80 }], ...container }] },
      status: { phase: "Running", conditions: [{ type: "Ready", status: "True" }] },
    });
  /**
   * Each pod answers a hundred requests per poll, canary some of them with 500.
   *
   * @param more answers instead of the server
   * @param ofStable how many of stable's fail
   */
  const traffic = (failed: number, more: typeof world.api.intercept = () => undefined, ofStable = 0) => {
    world.api.intercept = (request) => {
      const answer = more(request);
      if (answer) return answer;
      if (request.path.endsWith("/pods")) polls++;
      const [, name] = /\/pods\/([^:]+):80\/proxy\/metrics$/.exec(request.path) ?? [];
      if (name === undefined) return undefined;
      const bad = name.includes("canary") ? failed : ofStable;
      const text = [`{code="200"} ${(100 - bad) * polls}`, `{code="500"} ${bad * polls}`].map(
        (series) => `http_requests_total${series}\n`,
      );
      return { status: 200, stream: Readable.from(["# TYPE http_requests_total counter\n", ...text]) };
    };
  };
  const verify = async (...args: string[]) => {
    const lines = (await shell.run(verifyCommand(), "--json", "--latency", "none", ...args)).split("\n");
    const last = JSON.parse(lines.at(-1) ?? "") as Final;
    assert.ok(last.final);
    return { last, code: process.exitCode };
  };
  const record = () => world.api.objects.get(world.recordPath("web"));
  const recorded = () => recordIn(world.api, world.recordPath("web")).verdicts[b];
  const isWrite = ({ method, path }: ApiRequest) =>
    method === "PUT" ? path === world.recordPath("web") : method === "POST" && path.endsWith("/configmaps");
  const unavailable = { status: 503, body: { message: "the server is starting" } };
  /** A connection that breaks. */
  const broken = () => ({ status: 200, stream: new Readable({ read: () => {} }).destroy(new Error("broken")) });

  it("writes good into the record and into Events, and ends with 0", async () => {
    traffic(0);
    const { last, code } = await verify();
    assert.deepEqual([code, last.verdict, recorded()?.verdict], [0, "good", "good"]);
    const judged = [...world.api.objects.values()].filter(({ reason }) => reason === "ReleaseJudgedGood");
    assert.deepEqual(judged.map(({ involvedObject }) => involvedObject.name).sort(), ["web", "web-canary"]);
    assert.deepEqual(notes, []);
  });

  it("ends with 4 as soon as stable is broken and canary is good by its own rates, and tells the option", async () => {
    traffic(0, undefined, 100);
    const { last, code } = await verify();
    assert.deepEqual([code, last.verdict, last.basis, recorded()?.verdict], [4, "undecided", "own rates", "undecided"]);
    assert.match(last.reason, /^stable is broken \(.*; let them decide with gray verify --stable-is-broken$/);
    assert.ok(polls * step < 120, `${polls} polls`);
  });

  it("lets canary's own rates decide with --stable-is-broken", async () => {
    traffic(0, undefined, 100);
    const { last, code } = await verify("--stable-is-broken");
    assert.deepEqual([code, last.verdict, recorded()?.verdict], [0, "good", "good"]);
    assert.match(
      last.reason,
      /^by canary's own rates, since stable is broken \(.*\), as alice decided: canary answers/,
    );
  });

  it("ends with 3 with --stable-is-broken if canary fails by its own rates", async () => {
    traffic(30, undefined, 100);
    const { code } = await verify("--stable-is-broken");
    assert.deepEqual([code, recorded()?.verdict], [3, "bad"]);
  });

  for (const [what, method, path] of [
    ["a bad verdict", "POST", "/api/v1/namespaces/dora-apps/configmaps"],
    ["the record of a bad verdict", "PUT", "/api/v1/namespaces/dora-apps/configmaps/web-rollout"],
  ] as const) {
    it(`retries ${what} that cannot be written at first, and keeps polling meanwhile`, async () => {
      let refused = 0;
      let since = 0;
      traffic(30, (request) => {
        if (request.method !== method || request.path !== path || refused === 3) return undefined;
        refused++;
        since ||= polls;
        return unavailable;
      });
      const { last, code } = await verify();
      assert.deepEqual([code, last.verdict, recorded()?.verdict], [3, "bad", "bad"]);
      assert.equal(polls - since, 3);
      assert.deepEqual(notes, [
        `The verdict bad could not be written into the record (the server is starting (${method} ${path}: 503)): trying again.`,
        "The verdict is in the record now.",
      ]);
    });
  }

  it("ends with 3 when a bad verdict cannot be written for a minute, and reports that last", async () => {
    traffic(30, (request) => (isWrite(request) ? unavailable : undefined));
    const { last, code } = await verify();
    assert.deepEqual([code, last.verdict, recorded()], [3, "bad", undefined]);
    assert.match(last.reason, /could not be written into the record \(the server is starting/);
    assert.ok(polls * step < 120, `${polls} polls`);
  });

  it("ends with 4 when a good verdict cannot be written, because the gate does not have it", async () => {
    traffic(0, (request) => (isWrite(request) ? unavailable : undefined));
    const { last, code } = await verify();
    assert.deepEqual([code, last.verdict, last.observed?.verdict], [4, "undecided", "good"]);
    assert.match(last.reason, /^judged good, .*could not be written/);
  });

  it("keeps its exit code when an Event cannot be written, whatever the reason", async () => {
    for (const [answer, why] of [
      [broken, /does not answer/],
      [() => unavailable, /the server is starting/],
    ] as const) {
      notes = [];
      traffic(30, ({ path }) => (path.endsWith("/events") ? answer() : undefined));
      assert.equal((await verify()).code, 3);
      assert.equal(recorded()?.verdict, "bad");
      assert.equal(notes.length, 2);
      assert.match(notes[0] ?? "", /^The Event ReleaseJudgedBad on Deployment web\S* could not be written: /);
      assert.match(notes[0] ?? "", why);
      world.writeRecord({ verdicts: {} }, "web");
    }
  });

  it("ends with 3 when the record has a bad verdict, although the evidence is good, and writes nothing", async () => {
    world.writeRecord({ verdicts: { [b]: verdict("bad", "evidence", "5xx") } }, "web");
    const before = record()?.metadata.resourceVersion;
    traffic(0);
    const { last, code } = await verify();
    assert.deepEqual([code, last.verdict, last.observed?.verdict], [3, "bad", "good"]);
    assert.match(last.reason, /^the verdict in the record \(evidence: 5xx\) is not overruled by good evidence/);
    assert.equal(record()?.metadata.resourceVersion, before);
    assert.deepEqual(notes, [
      "The verdict in the record stays bad (evidence: 5xx): only a person can overrule it, with gray approve.",
    ]);
  });

  it("leaves a person's good verdict unchanged when the evidence is good too", async () => {
    world.writeRecord({ verdicts: { [b]: verdict("good") } }, "web");
    const before = record()?.metadata.resourceVersion;
    traffic(0);
    const { last, code } = await verify();
    assert.deepEqual([code, last.verdict, recorded()], [0, "good", verdict("good")]);
    assert.equal(record()?.metadata.resourceVersion, before);
  });

  it("ends a watch with the verdict of the record, not with that of its last poll", async () => {
    let after = 0;
    traffic(0, ({ path }) => {
      if (!path.endsWith("/proxy/metrics") || recorded()?.verdict !== "good") return undefined;
      if (++after === 12) process.emit("SIGINT");
      return { status: 500, body: "out of order" };
    });
    const { last, code } = await verify("--watch");
    assert.deepEqual([code, last.verdict, last.observed?.verdict], [0, "good", "undecided"]);
    assert.match(last.reason, /^the verdict in the record \(evidence: .*\) stays; the evidence now is undecided: /);
  });

  it("does not overwrite a person's good verdict with bad again during a watch", async () => {
    let after = 0;
    traffic(30, ({ path }) => {
      if (!path.endsWith("/pods") || recorded()?.verdict === undefined) return undefined;
      if (++after === 1) world.writeRecord({ verdicts: { [b]: verdict("good") } }, "web");
      if (after === 4) process.emit("SIGINT");
      return undefined;
    });
    const { code } = await verify("--watch");
    assert.deepEqual([code, recorded()?.verdict], [3, "good"]);
  });

  it("ends at once when interrupted, although the API server does not answer", async () => {
    const silent = new Readable({ read: () => {} });
    let asked = 0;
    traffic(0, ({ path }) => {
      if (!path.endsWith("/pods") || ++asked < 3) return undefined;
      setImmediate(() => process.emit("SIGINT"));
      return { status: 200, stream: silent };
    });
    const { last, code } = await verify();
    assert.deepEqual([code, last.verdict, recorded()?.verdict], [4, "undecided", "undecided"]);
  }).timeout(3000);

  it("writes its verdict when its terminal closes", async () => {
    let asked = 0;
    traffic(0, ({ path }) => {
      if (!path.endsWith("/pods") || ++asked !== 3) return undefined;
      // As the kernel and the shell do.
      for (const _ of [1, 2]) assert.ok(process.emit("SIGHUP"));
      return undefined;
    });
    const { code } = await verify("--watch");
    assert.deepEqual([code, recorded()?.verdict], [4, "undecided"]);
  }).timeout(3000);

  describe("is never good from what is no user's request, and says why", () => {
    /** The page of each pod at each poll: requests that were answered with 200, and how many of them within a second. */
    const pages = (requests: (name: string) => number, within?: (name: string) => number) => {
      world.api.intercept = ({ path }) => {
        // Ten minutes by the clock of the test.
        if (path.endsWith("/pods") && ++polls === 120) setImmediate(() => process.emit("SIGINT"));
        const [, name] = /\/pods\/([^:]+):80\/proxy\/metrics$/.exec(path) ?? [];
        if (name === undefined) return undefined;
        const fast = [within?.(name), requests(name)];
        const edges = ["1", "+Inf"].map(
          (edge, at) => `http_request_duration_seconds_bucket{le="${edge}"} ${fast[at]}\n`,
        );
        const text = [`http_requests_total{code="200"} ${requests(name)}\n`, ...(within ? edges : [])];
        return { status: 200, stream: Readable.from(text) };
      };
    };
    const ended = async () => {
      const lines = (await shell.run(verifyCommand(), "--json")).split("\n");
      return { code: process.exitCode, reason: (JSON.parse(lines.at(-1) ?? "") as Final).reason };
    };
    const answered = () => 100 * polls;

    it("if the latency is not known", async () => {
      pages(answered);
      const { code, reason } = await ended();
      assert.equal(code, 4);
      assert.match(reason, /has no http_request_duration_seconds, so its latency is not known: /);
    });

    it("unless it is good: the same with latency", async () => {
      pages(answered, answered);
      assert.equal((await ended()).code, 0);
    });

    it("if two processes of a pod answer in turn, although no request came", async () => {
      const inTurn = () => (polls % 2 === 0 ? 4900 : 5000);
      pages(inTurn, inTurn);
      const { code, reason } = await ended();
      assert.equal(code, 4);
      assert.match(reason, /web-canary-1 counts less than before, and none of its containers restarted/);
    });

    it("if only the kubelet asks", async () => {
      pod("web-canary-1", "canary", b, { readinessProbe: { httpGet: {}, periodSeconds: 2 } });
      const probed = () => Math.floor((polls * step) / 2);
      pages(probed, probed);
      const { code, reason } = await ended();
      assert.equal(code, 4);
      assert.match(reason, /^canary's \d+ requests came at the rate of kubelet's probes/);
    });
  });

  it("is refused if the record cannot be read, because there may have been other releases", async () => {
    world.writeRecordText("{", "web");
    await assert.rejects(verify(), (error) => {
      assert.ok(error instanceof UserError);
      assert.match(error.message, /^The record web-rollout in namespace dora-apps cannot be read/);
      return true;
    });
  });

  /** A taken port of 127.0.0.1, and a function that frees it. */
  const takePort = async () => {
    const server = createServer();
    await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening));
    const { port } = server.address() as AddressInfo;
    return { port: String(port), free: () => new Promise<unknown>((freed) => server.close(freed)) };
  };

  it("leaves no timer behind when the metrics port is taken", async () => {
    const { port, free } = await takePort();
    const timers = () => process.getActiveResourcesInfo().filter((each) => each === "Timeout").length;
    const before = timers();
    await assert.rejects(verify("--metrics-port", port), /cannot be used for metrics \(EADDRINUSE\)/);
    assert.equal(timers(), before);
    await free();
  });

  it("exposes canary's share of the traffic, and lists the pods once per poll", async () => {
    const { port, free } = await takePort();
    await free();
    traffic(30);
    const verifying = shell.run(verifyCommand(), "--json", "--watch", "--metrics-port", port);
    let exposed = "";
    while (!/gray_weight\{/.test(exposed)) {
      const answer = await fetch(`http://127.0.0.1:${port}/metrics`).catch(() => undefined);
      exposed = (await answer?.text()) ?? "";
    }
    process.emit("SIGINT");
    const shown = (await verifying).split("\n").length - 1;
    assert.match(exposed, /gray_weight\{[^}]*\} 25\n/);
    // One more to find the releases to compare, and one more for an interrupted poll.
    assert.ok(polls <= shown + 2, `${polls} for ${shown} polls`);
  });
});
