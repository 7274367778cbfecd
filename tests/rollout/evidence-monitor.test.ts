import assert from "node:assert/strict";
import { mock } from "node:test";
import { setImmediate as turn } from "node:timers/promises";
import type { MetricSource } from "../../analysis/reading.ts";
import { workerAnnotation } from "../../components/names.ts";
import type { Verdict } from "../../record/record.ts";
import { EvidenceMonitor, type MonitorArgs } from "../../rollout/evidence-monitor.ts";
import type { ApiServer } from "../fake/api-server.ts";
import { a, b, quickCluster, recordPath, Trial } from "../fake/driven.ts";

const apps = "/apis/apps/v1/namespaces/dora-apps/deployments";

describe("the evidence monitor", () => {
  let api: ApiServer;
  let end: () => Promise<void>;
  let trial: Trial;
  let stopping: AbortController;
  let of: MonitorArgs;
  let monitor: EvidenceMonitor;
  let notes: string[];
  /** Polls so far, and how many of canary's hundred requests fail between two. */
  let polls: number;
  let failing: number;
  /** How many of the hundred requests of each pod of stable fail between two polls. */
  let stableFailing: number;
  /** Runs at each poll, and may make it fail. */
  let atLook: () => void;

  beforeEach(async () => {
    ({ api, end } = await quickCluster());
    trial = new Trial(api);
    for (const [name, release] of [
      ["web", a],
      ["web-canary", b],
    ] as const) {
      api.put(`${apps}/${name}`, {
        metadata: { name, namespace: "dora-apps" },
        spec: { replicas: 1, template: { metadata: { labels: { release } } } },
      });
    }
    const front = { metadata: { name: "web", namespace: "dora-apps" }, spec: { selector: { app: "web" } } };
    api.put("/api/v1/namespaces/dora-apps/services/web", front);
    for (let i = 1; i <= 3; i++) podOf(`web-${i}`, "stable", a);
    podOf("web-canary-1", "canary", b);
    stableFailing = 0;
    [polls, failing, atLook, notes, stopping] = [0, 0, () => {}, [], new AbortController()];
    const source: MetricSource = {
      describe: () => "made up",
      async read(pods) {
        polls++;
        mock.timers.setTime(Date.now() + 5000);
        atLook();
        return pods.map(({ name, release }) => {
          const bad = release === b ? failing : stableFailing;
          const samples = [
            { id: "200", counter: { kind: "requests" as const, code: "200" }, value: (100 - bad) * polls },
            { id: "500", counter: { kind: "requests" as const, code: "500" }, value: bad * polls },
            {
              id: "total",
              counter: { kind: "pair" as const, name: "failed", of: "total" as const },
              value: 100 * polls,
            },
            { id: "bad", counter: { kind: "pair" as const, name: "failed", of: "bad" as const }, value: bad * polls },
          ];
          return { target: name, release, samples };
        });
      },
    };
    of = {
      ...trial.of,
      source,
      counts: { pairs: [], atGateway: false },
      note: (sentence) => notes.push(sentence),
      seen: () => {},
      signal: stopping.signal,
    };
    monitor = new EvidenceMonitor(of);
  });
  afterEach(async () => {
    stopping.abort();
    await monitor.end();
    await end();
  });

  const podOf = (name: string, track: string, release: string, ready = true) =>
    api.put(`/api/v1/namespaces/dora-apps/pods/${name}`, {
      metadata: { name, labels: { app: "web", track, release } },
      spec: { containers: [{ name: "web", ports: [{ containerPort: 80 }] }] },
      status: { phase: "Running", conditions: [{ type: "Ready", status: ready ? "True" : "False" }] },
    });
  const entry = () => ({ rollout: trial.open, verdict: trial.record.verdicts[b] });
  const judgment = () => monitor.judgment(entry());
  /** Reads the record until a condition holds. */
  const until = async (known: () => boolean) => {
    for (let i = 0; !known(); i++) {
      if (i > 5000) assert.fail(`never: ${JSON.stringify(judgment())}`);
      judgment();
      await turn();
    }
  };
  const verdictIs = (verdict: Verdict["verdict"]) => () => judgment().verdict === verdict;
  const inCanary = { step: 1, stepStartedAt: "2026-01-01T00:00:00Z", checked: true };
  const judged = (verdict: Verdict["verdict"], by: string, at: string) => {
    const verdicts = { [b]: { verdict, by, reason: "looked at it", at } };
    api.put(recordPath, {
      metadata: { name: "web-rollout" },
      data: { record: JSON.stringify({ ...trial.record, verdicts }) },
    });
  };

  it("starts when users reach canary, and reports until then that no user does", async () => {
    await trial.begin();
    for (const position of [{}, { step: 1 }, { step: 0, stepStartedAt: inCanary.stepStartedAt, checked: true }]) {
      await trial.recordDecision((rollout) => ({ ...rollout, ...position }));
      assert.deepEqual(judgment(), { verdict: "undecided", reason: "no user has reached it yet" });
      for (let i = 0; i < 5; i++) await turn();
    }
    assert.equal(polls, 0);
    await trial.recordDecision((rollout) => ({ ...rollout, ...inCanary }));
    await until(() => polls > 1);
    assert.ok(monitor.evidence);
  });

  describe("of a worker", () => {
    const canaryOf = (release: string, isWorker = true) =>
      api.put(`${apps}/web-canary`, {
        metadata: {
          name: "web-canary",
          namespace: "dora-apps",
          ...(isWorker && { annotations: { [workerAnnotation]: "true" } }),
        },
        spec: { replicas: 1, template: { metadata: { labels: { release } } } },
      });
    beforeEach(() => {
      api.objects.delete("/api/v1/namespaces/dora-apps/services/web");
      of = { ...of, counts: { pairs: ["failed"], atGateway: false } };
      monitor = new EvidenceMonitor(of);
    });

    it("observes while canary rolls, because its pods take work already, and judges bad then", async () => {
      canaryOf(b);
      failing = 100;
      await trial.begin();
      for (let i = 0; i < 5; i++, await turn()) judgment();
      assert.equal(polls, 0, "while canary is dark");
      await trial.recordDecision((rollout) => ({ ...rollout, step: 1, weight: 10 }));
      await until(verdictIs("bad"));
      assert.equal(trial.open.stepStartedAt, undefined);
    });

    it("waits until canary's Deployment has the release", async () => {
      canaryOf(a);
      await trial.begin(undefined, { step: 1, weight: 10 });
      for (let i = 0; i < 20; i++, await turn()) judgment();
      assert.deepEqual(judgment(), { verdict: "undecided", reason: "no user has reached it yet" });
      canaryOf(b);
      await until(() => polls > 1);
    });

    it("does not observe early if only the former release was one", async () => {
      canaryOf(b, false);
      await trial.begin(undefined, { step: 1, weight: 10 });
      for (let i = 0; i < 20; i++, await turn()) judgment();
      assert.equal(polls, 0);
    });
  });

  it("observes while stable rolls too, also if no user reached canary before", async () => {
    await trial.begin(undefined, { step: 2 });
    await until(() => polls > 1);
  });

  it("asks for a decision while stable is broken, and judges by canary's own rates from then on", async () => {
    stableFailing = 100;
    await trial.begin(undefined, inCanary);
    await until(() => judgment().needsDecision === true);
    assert.match(judgment().reason, /^stable is broken \(it answers 5xx in 100 % of its requests, for \d+ s\)/);
    assert.equal(trial.record.verdicts[b], undefined);
    const stableIsBroken = { by: "alice", reason: "--stable-is-broken", at: "2026-01-01T00:10:00Z" };
    await trial.recordDecision((rollout) => ({ ...rollout, stableIsBroken }));
    await until(verdictIs("good"));
    const { by, reason, evidence } = trial.record.verdicts[b] as Verdict;
    assert.deepEqual([by, evidence?.basis], ["evidence", "own rates"]);
    assert.match(
      reason,
      /^by canary's own rates, since stable is broken \(.*\), as alice decided: canary answers 5xx in 0 %/,
    );
    failing = 1;
    await until(verdictIs("undecided"));
    assert.equal(trial.record.verdicts[b]?.verdict, "good");
  });

  it("judges bad in spite of that decision if canary fails by its own rates", async () => {
    [stableFailing, failing] = [100, 30];
    const stableIsBroken = { by: "alice", reason: "--stable-is-broken", at: "2026-01-01T00:10:00Z" };
    await trial.begin(undefined, { ...inCanary, stableIsBroken });
    await until(() => trial.record.verdicts[b]?.verdict === "bad");
    assert.equal(judgment().verdict, "bad");
  });

  it("notes once that all users are on canary's pods, because no pod of stable is ready", async () => {
    for (let i = 1; i <= 3; i++) podOf(`web-${i}`, "stable", a, false);
    await trial.begin(undefined, inCanary);
    await until(() => polls > 5);
    assert.deepEqual(notes, [
      "No pod of stable is ready, so all users are on 1 pod of canary, whatever its weight: watch their load until stable has pods again.",
    ]);
  });

  it("judges good once that is in the record, which the gate reads", async () => {
    await trial.begin(undefined, inCanary);
    let refused = 0;
    api.intercept = ({ method, path }) =>
      method === "PUT" && path === recordPath && ++refused < 5
        ? { status: 503, body: { message: "starting" } }
        : undefined;
    await until(() => judgment().reason.endsWith("which is not in the record yet"));
    assert.equal(judgment().verdict, "undecided");
    await until(verdictIs("good"));
    assert.deepEqual([trial.record.verdicts[b]?.verdict, trial.record.verdicts[b]?.by], ["good", "evidence"]);
    assert.equal(refused, 5);
  });

  it("judges bad at once, although it cannot be written", async () => {
    await trial.begin(undefined, inCanary);
    failing = 30;
    api.intercept = ({ method, path }) =>
      method === "PUT" && path === recordPath ? { status: 503, body: { message: "starting" } } : undefined;
    await until(verdictIs("bad"));
    assert.match(judgment().reason, /5xx/);
    api.intercept = () => undefined;
    await until(() => trial.record.verdicts[b]?.verdict === "bad");
  });

  it("stays at bad, whatever evidence or decision follows", async () => {
    await trial.begin(undefined, inCanary);
    failing = 30;
    await until(verdictIs("bad"));
    failing = 0;
    judged("good", "alice", "2026-01-01T01:00:00Z");
    const then = polls;
    await until(() => polls > then + 20);
    assert.equal(judgment().verdict, "bad");
  });

  it("counts a person's verdict, whatever its age", async () => {
    await trial.begin();
    judged("good", "alice", "2025-01-01T00:00:00Z");
    assert.deepEqual(judgment(), { verdict: "good", reason: "alice: looked at it" });
    judged("bad", "alice", "2025-01-01T00:00:00Z");
    assert.deepEqual(judgment(), { verdict: "bad", reason: "alice: looked at it" });
  });

  it("counts verdicts by evidence of this rollout, from any of its drivers, and no earlier ones", async () => {
    await trial.begin();
    for (const verdict of ["good", "bad"] as const) {
      judged(verdict, "evidence", "2025-12-31T23:59:59Z");
      assert.deepEqual(judgment(), { verdict: "undecided", reason: "no user has reached it yet" });
      judged(verdict, "evidence", trial.open.began);
      assert.deepEqual(judgment(), { verdict, reason: "evidence: looked at it" });
    }
  });

  it("judges good once the current evidence agrees with the earlier verdict in the record", async () => {
    await trial.begin(undefined, inCanary);
    judged("good", "evidence", "2025-12-01T00:00:00Z");
    assert.equal(judgment().verdict, "undecided");
    await until(verdictIs("good"));
    assert.equal(trial.record.verdicts[b]?.at, "2025-12-01T00:00:00Z");
  });

  it("decides nothing from a source without data", async () => {
    await trial.begin(undefined, inCanary);
    atLook = () => {
      throw new Error("Prometheus does not answer.");
    };
    await until(() => polls > 100);
    assert.equal(judgment().verdict, "undecided");
    assert.match(judgment().reason, /Prometheus does not answer/);
    assert.deepEqual(trial.record.verdicts, {});
  });

  it("reports why it cannot observe, and tries again", async () => {
    await trial.begin(undefined, inCanary);
    const canary = api.objects.get(`${apps}/web-canary`);
    api.objects.delete(`${apps}/web-canary`);
    await until(() => judgment().reason === `nothing can be observed: canary does not run ${b}`);
    const stable = api.objects.get(`${apps}/web`);
    api.objects.delete(`${apps}/web`);
    api.put(`${apps}/web-canary`, canary as never);
    judged("undecided", "evidence", "2026-01-01T00:00:00Z");
    api.intercept = ({ path }) => (path.endsWith("/pods") ? { status: 500, body: { message: "away" } } : undefined);
    await until(() => judgment().reason.startsWith("nothing can be observed: away"));
    api.intercept = () => undefined;
    api.put(`${apps}/web`, stable as never);
    await until(verdictIs("good"));
    assert.deepEqual(notes, []);
  });

  it("reports that canary is cut off although its step is in force, for example after a driver died during a cutoff", async () => {
    await trial.begin(undefined, { ...inCanary, weight: 10 });
    await until(() => polls > 2);
    assert.equal(monitor.takeCutoff(entry()), undefined);
    const front = {
      metadata: { name: "web", namespace: "dora-apps" },
      spec: { selector: { app: "web", track: "stable" } },
    };
    api.put("/api/v1/namespaces/dora-apps/services/web", front);
    const reported = () => monitor.takeCutoff(entry());
    await until(
      () => reported() === "canary was cut off by a person, or by a driver that has ended since, so no user reaches it",
    );
    await trial.recordDecision((rollout) => ({
      ...rollout,
      effect: { name: "canary at 20 %", at: "2026-01-01T00:00:00Z" },
    }));
    assert.equal(reported(), undefined, "while an effect is in progress");
    await trial.recordDecision(({ effect: _, ...rollout }) => ({ ...rollout, weight: 0 }));
    assert.equal(reported(), undefined, "if the record has no weight either");
  });

  it("reports once that it cut off a canary that had users but no ready pod", async () => {
    await trial.begin(undefined, inCanary);
    const route = "/apis/gateway.networking.k8s.io/v1";
    api.put(route, { metadata: { name: "v1" } });
    const backend = (track: string, weight: number) => ({ name: `web-${track}`, port: 80, weight });
    api.put(`${route}/namespaces/dora-apps/httproutes/web`, {
      metadata: { name: "web", namespace: "dora-apps", labels: { "gray-release/service": "web" } },
      spec: { rules: [{ matches: [{}], backendRefs: [backend("stable", 90), backend("canary", 10)] }] },
    });
    await until(() => polls > 2);
    assert.equal(monitor.takeCutoff(entry()), undefined);
    podOf("web-canary-1", "canary", b, false);
    let cut: string | undefined;
    await until(() => {
      cut ??= monitor.takeCutoff(entry());
      return cut !== undefined;
    });
    assert.match(cut ?? "", /no ready pod/);
    assert.equal(monitor.takeCutoff(entry()), undefined);
    const [rule] = api.objects.get(`${route}/namespaces/dora-apps/httproutes/web`)?.spec.rules ?? [];
    assert.deepEqual(
      rule.backendRefs.map(({ name }: { name: string }) => name),
      ["web-stable"],
    );
  });

  it("ends when its signal aborts, and stores its evidence", async () => {
    await trial.begin(undefined, inCanary);
    await until(verdictIs("good"));
    stopping.abort();
    await monitor.end();
    const seen = polls;
    judgment();
    for (let i = 0; i < 5; i++) await turn();
    assert.equal(polls, seen);
    assert.ok(api.objects.get("/api/v1/namespaces/dora-apps/configmaps/web-evidence")?.data.evidence);
  });
});
