import assert from "node:assert/strict";
import { mock } from "node:test";
import { Evidence } from "../../analysis/evidence.ts";
import type { Question } from "../../analysis/question.ts";
import type { MetricSource } from "../../analysis/reading.ts";
import { assess, type Evaluation, evidenceOn } from "../../evaluation/assess.ts";
import type { Cluster } from "../../kubernetes/cluster.ts";
import type { DeploymentObject } from "../../kubernetes/objects/deployment.ts";
import type { ApiServer } from "../fake/api-server.ts";
import { direct } from "../fake/direct.ts";
import { a, b, quickCluster, recordPath } from "../fake/driven.ts";
import { verdict } from "../fake/world.ts";

const home = "/api/v1/namespaces/dora-apps";
const gateway = "/apis/gateway.networking.k8s.io/v1";
const route = `${gateway}/namespaces/dora-apps/httproutes/web`;
const question: Question = { canary: b, stable: [a], first: false, perRequest: false, pairs: [] };

describe("the evidence of an assessment", () => {
  let api: ApiServer;
  let cluster: Cluster;
  let end: () => Promise<void>;
  let notes: string[];
  let evidence: Evidence;
  beforeEach(async () => {
    ({ api, end } = await quickCluster());
    cluster = direct(api);
    notes = [];
    evidence = new Evidence(question);
    api.put(`${home}/services/web`, {
      metadata: { name: "web", namespace: "dora-apps" },
      spec: { selector: { app: "web" } },
    });
    for (let i = 1; i <= 3; i++) podOf(`web-${i}`, "stable", a);
    podOf("web-canary-1", "canary", b);
  });
  afterEach(() => end());

  const podOf = (name: string, track: string, release: string, ready = true) =>
    api.put(`${home}/pods/${name}`, {
      metadata: { name, uid: name, labels: { app: "web", track, release } },
      spec: { containers: [{ name: "web" }] },
      status: { phase: "Running", conditions: [{ type: "Ready", status: ready ? "True" : "False" }] },
    });
  const weight = (canary: number) => {
    api.put(gateway, { metadata: { name: "v1" } });
    const backend = (track: string, each: number) => ({ name: `web-${track}`, port: 80, weight: each });
    api.put(route, {
      metadata: { name: "web", namespace: "dora-apps", labels: { "gray-release/service": "web" } },
      spec: { rules: [{ matches: [{}], backendRefs: [backend("stable", 100 - canary), backend("canary", canary)] }] },
    });
  };
  const deployments = Object.fromEntries(
    [
      ["stable", a],
      ["canary", b],
    ].map(([track, release]) => [
      track,
      {
        metadata: { name: track, namespace: "dora-apps", uid: track },
        spec: { template: { metadata: { labels: { release } } } },
      },
    ]),
  ) as Record<"stable" | "canary", DeploymentObject>;
  const of = () => ({ api: cluster, cluster: "cluster-uid", namespace: "dora-apps", service: "web", deployments });

  /** Polls so many times, a second apart; `each` runs before each poll and may make it fail. */
  const look = async (times: number, each: (look: number) => void = () => {}) => {
    const stopping = new AbortController();
    let polls = 0;
    const source: MetricSource = {
      describe: () => "made up",
      read: async (pods) => {
        mock.timers.setTime(Date.now() + 1000);
        each(++polls);
        return pods.map(({ name, release }) => ({
          target: name,
          release,
          samples: [
            { id: "200", counter: { kind: "requests", code: "200" }, value: 100 * polls },
            { id: "jobs", counter: { kind: "pair", name: "failed", of: "total" }, value: 100 * polls },
          ],
        }));
      },
    };
    const evaluations: Evaluation[] = [];
    const note = (sentence: string) => void notes.push(sentence);
    for await (const evaluation of assess({ of: of(), source, evidence, epoch: 0, signal: stopping.signal, note })) {
      evaluations.push(evaluation);
      if (evaluations.length === times) stopping.abort();
    }
    return evaluations;
  };
  const kept = () => JSON.parse(api.objects.get(`${home}/configmaps/web-evidence`)?.data.evidence ?? "{}");

  it("takes in each poll, reports canary's share, and is stored at the end", async () => {
    const evaluations = await look(5);
    assert.deepEqual(
      evaluations.map(({ share, assessment }) => [share, assessment.verdict]),
      Array(5).fill([0.25, "undecided"]),
    );
    assert.equal(evidence.answers.canary.requests, 400);
    assert.equal(evidence.answers.stable.requests, 1200);
    assert.deepEqual(kept(), JSON.parse(JSON.stringify(evidence)));
    assert.deepEqual(notes, []);
  });

  it("stays undecided while there is no data, and gives the reason", async () => {
    const evaluations = await look(40, (at) => {
      if (at > 5) throw new Error("Prometheus does not answer");
    });
    const last = evaluations.at(-1);
    assert.deepEqual([last?.assessment.verdict, last?.assessment.guard], ["undecided", "no data"]);
    assert.match(last?.assessment.reason ?? "", /no data for .*Prometheus does not answer/);
    assert.equal(evidence.answers.canary.requests, 400);
  });

  it("leads to no cutoff after a moment without a ready pod, nor while the pods cannot be listed", async () => {
    weight(10);
    const evaluations = await look(20, (at) => {
      if (at === 3 || at === 8) podOf("web-canary-1", "canary", b, false);
      if (at === 6) podOf("web-canary-1", "canary", b);
      if (at === 10) api.intercept = ({ path }) => (path.endsWith("/pods") ? { status: 500, body: {} } : undefined);
    });
    assert.deepEqual(
      evaluations.filter(({ cutoff }) => cutoff !== undefined),
      [],
    );
  });

  describe("of a worker", () => {
    const annotations = { "gray-release/worker": "true" };
    const worker = () => {
      const marked = Object.entries(deployments).map(([track, { metadata, ...rest }]) => [
        track,
        { ...rest, metadata: { ...metadata, annotations } },
      ]);
      return { ...of(), deployments: Object.fromEntries(marked) as typeof deployments };
    };
    const canaryPods = (replicas: number) =>
      api.put("/apis/apps/v1/namespaces/dora-apps/deployments/web-canary", {
        metadata: { name: "web-canary", namespace: "dora-apps", annotations },
        spec: { replicas },
      });
    const counts = (...pairs: string[]) => ({ pairs, atGateway: false });
    beforeEach(() => {
      api.objects.delete(`${home}/services/web`);
    });

    it("counts the first of its pairs in place of requests", async () => {
      const { question, unit } = await evidenceOn(worker(), counts("failed", "late"));
      assert.deepEqual([question.items, unit.noun], ["failed", "item"]);
      assert.equal((await evidenceOn(of(), counts("failed"))).question.items, undefined);
    });

    it("begins anew if requests were counted before", async () => {
      evidence = new Evidence({ ...question, pairs: ["failed"] });
      await look(5);
      assert.equal((await evidenceOn(worker(), counts("failed"))).answers.canary.requests, 0);
    });

    it("is refused without a pair, because nothing would show how its release does", async () => {
      await assert.rejects(evidenceOn(worker(), counts()), {
        name: "UserError",
        message:
          "web is a worker and answers no requests, so its own counters must show whether a release is healthy: name them with --pair, as in --pair failed=jobs_failed_total/jobs_total.",
      });
    });

    it("counts a canary that is not ready, which takes work all the same, and does not cut it off for that", async () => {
      evidence = new Evidence({ ...question, pairs: ["failed"], items: "failed" });
      canaryPods(1);
      podOf("web-canary-1", "canary", b, false);
      const evaluations = await look(12);
      const last = evaluations.at(-1);
      assert.deepEqual([last?.share, last?.closed, last?.cutoff], [0.25, false, undefined]);
      assert.equal(evidence.answers.canary.requests, 1100);
    });

    it("counts nothing while canary has no pods", async () => {
      canaryPods(0);
      api.objects.delete(`${home}/pods/web-canary-1`);
      const evaluations = await look(3);
      assert.equal(evaluations.at(-1)?.closed, true);
      assert.match(evaluations.at(-1)?.assessment.reason ?? "", /canary has no pods, so it takes no work/);
    });
  });

  describe("continues", () => {
    const counts = { pairs: [], atGateway: false };
    const record = (verdicts: object) =>
      api.put(recordPath, {
        metadata: { name: "web-rollout" },
        data: {
          record: JSON.stringify({ version: 2, cluster: "cluster-uid", sequence: 0, verdicts, stableHistory: [a] }),
        },
      });

    it("with the stored evidence on these releases", async () => {
      await look(5);
      for (const verdicts of [{}, { [b]: verdict("undecided", "evidence") }]) {
        record(verdicts);
        assert.equal((await evidenceOn(of(), counts)).answers.canary.requests, 400);
      }
    });

    it("with no stored evidence after a person has judged, or on another question", async () => {
      await look(5);
      assert.equal((await evidenceOn(of(), { ...counts, pairs: ["orders"] })).answers.canary.requests, 0);
      record({ [b]: verdict("good", "alice") });
      assert.equal((await evidenceOn(of(), counts)).answers.canary.requests, 0);
    });

    it("with nothing if the record cannot be read, because it is unknown whether there ever was a baseline", async () => {
      api.put(recordPath, { metadata: { name: "web-rollout" }, data: { record: "{" } });
      await assert.rejects(evidenceOn(of(), counts), /^UserError: The record web-rollout .* cannot be read/);
    });
  });
});
