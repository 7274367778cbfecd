import assert from "node:assert/strict";
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PassThrough } from "node:stream";
import { Evidence } from "../../../analysis/evidence.ts";
import { connect } from "../../../kubernetes/client.ts";
import type { Cluster } from "../../../kubernetes/cluster.ts";
import { findAccess } from "../../../kubernetes/kubeconfig.ts";
import { type DiagnosticsArgs, saveDiagnostics } from "../../../rollout/diagnostics/diagnostics.ts";
import { canary as release, stable, tick } from "../../analysis/ticks.ts";
import type { ApiRequest } from "../../fake/api-server.ts";
import { World } from "../../fake/world.ts";

const here = "/api/v1/namespaces/shop";
const running = { running: { startedAt: "2026-01-01T00:00:00Z" } };
const ended = { terminated: { exitCode: 1 } };

describe("the diagnostics of a release", () => {
  let world: World;
  let api: Cluster;
  let folder: string;
  let stopping: AbortController;
  /** The log of each container, by `<pod>.<container>` and `.previous`; a stream is sent piece by piece. */
  let logs: Map<string, string | PassThrough>;
  beforeEach(async () => {
    world = await World.start("shop");
    api = connect(findAccess({ kubeconfig: world.kubeconfig }));
    folder = mkdtempSync(join(tmpdir(), "gray-words-"));
    stopping = new AbortController();
    logs = new Map();
    world.api.intercept = answer;
    put("replicasets", "web-canary-5d", { labels: { app: "web", track: "canary", release } });
    put("replicasets", "web-canary-4c", { labels: { app: "web", track: "canary", release: stable } });
    startPod("web-canary-5d-1");
    logs.set("web-canary-5d-1.web", "one\ntwo\n");
  });
  afterEach(async () => {
    rmSync(folder, { recursive: true });
    await world.stop();
  });

  const answer = ({ path, query }: ApiRequest): ReturnType<World["api"]["intercept"]> => {
    const [, pod] = /\/pods\/([^/]+)\/log$/.exec(path) ?? [];
    if (pod === undefined) return undefined;
    const name = `${pod}.${query.get("container")}${query.get("previous") ? ".previous" : ""}`;
    const log = logs.get(name);
    if (log === undefined) return { status: 400, body: { message: `no log ${name}` } };
    return typeof log === "string" ? { status: 200, body: log } : { status: 200, stream: log };
  };
  function put(
    kind: string,
    name: string,
    { labels, minute = 0, ...fields }: { labels?: Record<string, string>; minute?: number; [field: string]: unknown },
  ) {
    const path = kind === "replicasets" ? `/apis/apps/v1/namespaces/shop/${kind}` : `${here}/${kind}`;
    world.api.put(`${path}/${name}`, {
      metadata: { name, ...(labels && { labels }), creationTimestamp: `2026-01-01T00:0${minute}:00Z` } as {
        name: string;
      },
      ...fields,
    });
  }
  function startPod(
    name: string,
    {
      track = "canary",
      of = release,
      minute = 0,
      status = {},
    }: { track?: string; of?: string; minute?: number; status?: object } = {},
  ) {
    put("pods", name, {
      minute,
      labels: { app: "web", track, release: of },
      spec: { nodeName: "node-1", containers: [{ name: "web", env: [{ name: "PASSWORD", value: "hunter2" }] }] },
      status: { phase: "Running", containerStatuses: [{ name: "web", state: running }], ...status },
    });
  }
  const event = (name: string, kind: string, of: string, at: string, fields: object = {}) =>
    put("events", name, {
      involvedObject: { kind, name: of },
      type: "Warning",
      reason: "Trouble",
      message: `of ${of}`,
      lastTimestamp: `2026-01-01T00:00:${at}Z`,
      ...fields,
    });
  const save = (changes: Partial<DiagnosticsArgs> = {}) =>
    saveDiagnostics({ api, namespace: "shop", service: "web", release, folder, signal: stopping.signal, ...changes });
  const folders = () => readdirSync(join(folder, "web", release)).sort();
  const inFolder = (at = 0) => {
    const path = join(folder, "web", release, folders()[at] ?? "");
    return Object.fromEntries(readdirSync(path).map((name) => [name, readFileSync(join(path, name), "utf8")]));
  };
  /** As the API, but saving is stopped after the first line of a log. */
  const stoppingAfterALine = (api: Cluster): Cluster => ({
    ...api,
    until: (signal) => ({
      ...api.until(signal),
      async *lines(path, ended) {
        for await (const line of api.lines(path, ended)) {
          yield line;
          stopping.abort();
        }
      },
    }),
  });
  const inCluster = (): Record<string, string> => {
    const data: Record<string, string> = world.api.objects.get(`${here}/configmaps/web-diagnostics`)?.data ?? {};
    return Object.fromEntries(Object.entries(data).map(([key, text]) => [key.replace(/^[^.]+\.[^.]+\./, ""), text]));
  };

  it("are saved in a folder and in the cluster, and both places are reported", async () => {
    const evidence = new Evidence({ canary: release, stable: [stable] });
    evidence.observe(tick(1, { failed: 1 }));
    const report = await save({ evidence });
    const path = join(folder, "web", release, folders()[0] ?? "");
    assert.equal(
      report,
      `The diagnostics of ${release} of web are in ${path} and in ConfigMap web-diagnostics of shop.`,
    );
    assert.deepEqual(Object.keys(inFolder()).sort(), [
      "events.txt",
      "evidence.json",
      "pods.json",
      "web-canary-5d-1.web.log",
    ]);
    assert.equal(inFolder()["web-canary-5d-1.web.log"], "one\ntwo\n");
    assert.deepEqual(JSON.parse(inFolder()["evidence.json"] ?? ""), JSON.parse(JSON.stringify(evidence)));
    assert.deepEqual(inCluster(), inFolder());
  });

  it("stay in their folder, whatever release id a record has", async () => {
    for (const id of ["../../../elsewhere", "..", "a/b", ""]) {
      const report = await save({ release: id });
      assert.match(report, /They could not be saved in a folder \(".*" cannot be part of a path\)/, report);
    }
    assert.deepEqual(readdirSync(folder), []);
  });

  it("leave out the log of a container whose name is no valid file name, and report it in one line", async () => {
    startPod("web-canary-5d-2", { status: { containerStatuses: [{ name: "../../x\u001b[31m", state: running }] } });
    const report = await save();
    assert.doesNotMatch(report, /\p{Cc}/u);
    assert.match(report, /Missing: web-canary-5d-2\.\.\.\/\.\.\/x\.log \(".*" cannot be part of a path\)\./);
    assert.ok("web-canary-5d-1.web.log" in inFolder());
    assert.ok(!world.api.requests.some(({ path }) => path.includes("5d-2")));
  });

  it("have each Event in one line, without terminal control characters", async () => {
    event("e", "Pod", "web-canary-5d-1", "01", {
      message: `\u001b[2Jone\u2028\u0007two\n::error::${"x".repeat(5000)}`,
    });
    await save();
    const [line = "", ...more] = (inFolder()["events.txt"] ?? "").split("\n");
    assert.match(line, /Pod web-canary-5d-1: one two \| ::error::x+…$/);
    assert.ok(line.length < 1200);
    assert.deepEqual(more, [""]);
  });

  it("can be read by their owner only", async () => {
    await save();
    const path = join(folder, "web", release, folders()[0] ?? "");
    const modes = [path, join(folder, "web"), join(path, "pods.json"), join(path, "web-canary-5d-1.web.log")];
    assert.deepEqual(
      modes.map((each) => (statSync(each).mode & 0o777).toString(8)),
      ["700", "700", "600", "600"],
    );
  });

  it("are saved beside existing ones, even those of the same moment", async () => {
    const { toISOString } = Date.prototype;
    Date.prototype.toISOString = () => "2026-01-01T00:00:00.000Z";
    try {
      await save();
      logs.set("web-canary-5d-1.web", "three\n");
      await save();
    } finally {
      Date.prototype.toISOString = toISOString;
    }
    assert.deepEqual(folders(), ["2026-01-01T00-00-00-000Z", "2026-01-01T00-00-00-000Z-2"]);
    assert.equal(inFolder(0)["web-canary-5d-1.web.log"], "one\ntwo\n");
    assert.equal(inFolder(1)["web-canary-5d-1.web.log"], "three\n");
  });

  it("are of the release's pods on either track, and of no other pods", async () => {
    startPod("web-7f-1", { track: "stable" });
    startPod("web-7f-2", { track: "stable", of: stable });
    logs.set("web-7f-1.web", "of stable\n").set("web-7f-2.web", "of the old one\n");
    await save();
    assert.deepEqual(
      Object.keys(inFolder()).filter((name) => name.endsWith(".log")),
      ["web-7f-1.web.log", "web-canary-5d-1.web.log"],
    );
  });

  it("include the log of every container that started, and of the previous one if it restarted", async () => {
    startPod("web-canary-5d-2", {
      status: {
        containerStatuses: [
          { name: "web", state: { waiting: { reason: "CrashLoopBackOff" } }, lastState: ended },
          { name: "side", state: running, lastState: ended },
          { name: "late", state: { waiting: { reason: "ContainerCreating" } } },
        ],
        initContainerStatuses: [{ name: "init", state: ended }],
      },
    });
    for (const name of ["web.previous", "side", "side.previous", "init"])
      logs.set(`web-canary-5d-2.${name}`, `${name}\n`);
    const report = await save();
    assert.doesNotMatch(report, /Missing/);
    assert.deepEqual(
      Object.keys(inFolder()).filter((name) => name.startsWith("web-canary-5d-2")),
      ["init.log", "side.log", "side.previous.log", "web.previous.log"].map((name) => `web-canary-5d-2.${name}`),
    );
  });

  it("lack a log that the node removed, whatever the node answers instead", async () => {
    logs.set("web-canary-5d-1.web", "unable to retrieve container logs for containerd://0123");
    assert.match(await save(), /Missing: web-canary-5d-1\.web\.log \(the node no longer has it\)\.$/);
    assert.equal(inFolder()["web-canary-5d-1.web.log"], undefined);
  });

  it("lack the log of the previous container, without reporting it, if the current one has ended too", async () => {
    startPod("web-canary-5d-1", { status: { containerStatuses: [{ name: "web", state: ended, lastState: ended }] } });
    logs.set("web-canary-5d-1.web.previous", "unable to retrieve container logs for containerd://0123");
    assert.doesNotMatch(await save(), /Missing/);
    assert.deepEqual(Object.keys(inFolder()), ["events.txt", "pods.json", "web-canary-5d-1.web.log"]);
  });

  it("include the newest 2000 lines of a log, with their times", async () => {
    await save();
    const asked = world.api.requests.find(({ path }) => path.endsWith("/log"))?.query.toString();
    assert.equal(asked, "container=web&timestamps=true&tailLines=2000&limitBytes=16777216");
  });

  it("include the newest of very long lines", async () => {
    const lines = Array.from({ length: 40 }, (_, at) => `${at}${"x".repeat(15_000)}\n`);
    logs.set("web-canary-5d-1.web", lines.join(""));
    await save();
    // The number that fits into 512 KiB.
    assert.ok(inFolder()["web-canary-5d-1.web.log"] === lines.slice(-34).join(""));
  });

  it("include the beginning of an endless line", async () => {
    logs.set("web-canary-5d-1.web", `${"x".repeat(1 << 20)}\nthe end\n`);
    await save();
    assert.ok(inFolder()["web-canary-5d-1.web.log"] === `${"x".repeat(16_384)}\nthe end\n`);
  });

  it("include the status of the pods, and nothing of their environment or spec", async () => {
    await save();
    const [pod] = JSON.parse(inFolder()["pods.json"] ?? "");
    assert.deepEqual(
      [pod.name, pod.track, pod.node, pod.status.phase],
      ["web-canary-5d-1", "canary", "node-1", "Running"],
    );
    assert.doesNotMatch(JSON.stringify([inFolder(), inCluster()]), /hunter2|PASSWORD/);
  });

  it("include the Events of pods (also of removed ones), ReplicaSets and Deployments, oldest first", async () => {
    event("1", "Pod", "web-canary-5d-1", "05");
    event("2", "Pod", "web-canary-5d-gone", "04", { count: 3, message: "back-off\n  restarting\n" });
    event("3", "ReplicaSet", "web-canary-5d", "03", { lastTimestamp: null, eventTime: "2026-01-01T00:00:03.5Z" });
    event("4", "Deployment", "web-canary", "02", { lastTimestamp: null });
    for (const [kind, of] of [
      ["Pod", "web-canary-4c-1"],
      ["ReplicaSet", "web-canary-4c"],
      ["Deployment", "web"],
      ["Node", "web-canary-5d-1"],
    ] as const) {
      event(`${kind}-other`, kind, of, "06");
    }
    await save();
    assert.deepEqual(inFolder()["events.txt"]?.split("\n"), [
      "2026-01-01T00:00:00Z Warning Trouble Deployment web-canary: of web-canary",
      "2026-01-01T00:00:03.5Z Warning Trouble ReplicaSet web-canary-5d: of web-canary-5d",
      "2026-01-01T00:00:04Z Warning Trouble (3 times) Pod web-canary-5d-gone: back-off | restarting",
      "2026-01-01T00:00:05Z Warning Trouble Pod web-canary-5d-1: of web-canary-5d-1",
      "",
    ]);
  });

  it("include stable's Deployment if its pods run the release", async () => {
    event("1", "Deployment", "web", "01");
    startPod("web-7f-1", { track: "stable" });
    await save();
    assert.match(inFolder()["events.txt"] ?? "", /Deployment web:/);
  });

  it("include at most 40 logs, first those of canary's pods and of newer pods, and report the number of the others", async () => {
    for (let pod = 10; pod < 55; pod++) startPod(`web-7f-${pod}`, { track: "stable" });
    startPod("web-7f-new", { track: "stable", minute: 1 });
    startPod("web-canary-5d-2");
    for (const path of world.api.objects.keys()) logs.set(`${path.split("/").at(-1)}.web`, "line\n");
    assert.match(await save(), /Missing: the logs of 8 more containers \(40 logs are read\)\.$/);
    const names = Object.keys(inFolder()).filter((name) => name.endsWith(".log"));
    assert.equal(names.length, 40);
    for (const pod of ["web-canary-5d-1", "web-canary-5d-2", "web-7f-new"]) assert.ok(names.includes(`${pod}.web.log`));
  });

  for (const [what, path, missing] of [
    ["Events", `${here}/events`, "the Events"],
    ["pods", `${here}/pods`, "the pods and their logs"],
    ["ReplicaSets", "/apis/apps/v1/namespaces/shop/replicasets", "the ReplicaSets"],
    ["a log", `${here}/pods/web-canary-5d-1/log`, "web-canary-5d-1.web.log"],
  ] as const) {
    it(`are saved without ${what} if reading it is forbidden, which is reported and noted`, async () => {
      world.api.intercept = (request) =>
        request.path === path ? { status: 403, body: { message: "forbidden" } } : answer(request);
      const why = `forbidden (GET ${path}: 403): docs/reference/rbac.md of gray-release says what is needed`;
      const report = await save();
      assert.ok(report.endsWith(`Missing: ${missing} (${why}).`), report);
      assert.equal(inFolder()["missing.txt"], `${missing}: ${why}\n`);
      assert.deepEqual(inCluster(), inFolder());
      assert.ok(Object.keys(inFolder()).length > 1);
    });
  }

  it("are reported as missing in a few words, even if much is missing", async () => {
    world.api.intercept = ({ method }) => (method === "GET" ? { status: 500, body: { message: "no" } } : undefined);
    const report = await save();
    assert.match(report, /Missing: the (pods and their logs|ReplicaSets|Events) \(no \(GET .*: 500\)\), and 2 more\.$/);
  });

  it("are the part that was read, in the folder only, if saving is stopped", async () => {
    const stream = new PassThrough();
    stream.write("one\n");
    logs.set("web-canary-5d-1.web", stream);
    const report = await save({ api: stoppingAfterALine(api) });
    assert.match(report, /They could not be stored in the cluster \(it was stopped\)\. Missing: /);
    assert.equal(inFolder()["web-canary-5d-1.web.log"], "one\n");
    assert.match(inFolder()["missing.txt"] ?? "", /^web-canary-5d-1\.web\.log: it was stopped$/m);
    assert.deepEqual(inCluster(), {});
  });

  it("do not wait for a log that never comes", async () => {
    logs.set("web-canary-5d-1.web", new PassThrough());
    assert.match(await save({ seconds: 0.3 }), /Missing: .*web-canary-5d-1\.web\.log/);
    assert.match(inFolder()["missing.txt"] ?? "", /^web-canary-5d-1\.web\.log: the time limit was reached$/m);
  });

  it("do not wait for a credential plugin that hangs", async () => {
    const exec = { apiVersion: "v1", command: process.execPath, args: ["-e", "setInterval(() => {}, 1000)"] };
    const kubeconfig = world.api.kubeconfig.replace("{ token: secret-token }", JSON.stringify({ exec }));
    assert.match(kubeconfig, /setInterval/);
    const hanging = connect(findAccess({ kubeconfig }));
    const report = await save({ api: hanging, seconds: 0.05 });
    assert.match(
      report,
      /They could not be stored in the cluster \(the time limit was reached\)\. Missing: .*, and 2 more\.$/,
    );
  });

  it("are in the cluster only if the folder cannot be written", async () => {
    const file = join(folder, "file");
    writeFileSync(file, "");
    const report = await save({ folder: file });
    assert.match(
      report,
      /^The diagnostics of b{12} of web are in ConfigMap web-diagnostics of shop\. They could not be saved in a folder \(ENOTDIR/,
    );
    assert.equal(inCluster()["web-canary-5d-1.web.log"], "one\ntwo\n");
  });

  it("are in the folder only if the cluster refuses them", async () => {
    world.api.intercept = (request) =>
      request.method === "POST" ? { status: 403, body: { message: "forbidden" } } : answer(request);
    assert.match(await save(), /They could not be stored in the cluster \(forbidden/);
    assert.equal(inFolder()["web-canary-5d-1.web.log"], "one\ntwo\n");
  });

  it("never throw, whatever the cluster answers", async () => {
    world.api.intercept = ({ path }) =>
      path === `${here}/pods`
        ? { status: 200, body: { metadata: {}, items: [{ metadata: { labels: { release } } }] } }
        : undefined;
    assert.match(await save(), /^The diagnostics of b{12} of web could not be saved \(/);
  });

  it("never throw if nothing answers", async () => {
    await world.api.stop();
    assert.match(await save(), /They could not be stored in the cluster \(The cluster at .*\. Missing: /);
    assert.deepEqual(Object.keys(inFolder()), ["missing.txt"]);
    await world.api.stop().catch(() => {});
  });
});
