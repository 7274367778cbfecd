import assert from "node:assert/strict";
import { mock } from "node:test";
import { awaitComplete, warnStuck } from "../../live/roll.ts";
import { ApiServer } from "../fake/api-server.ts";
import { direct } from "../fake/direct.ts";
import { withoutSleep } from "../fake/sleep.ts";

const namespace = "dora-apps";
const release = "bbbbbbbbbbbb";
const forbidden = (why: string) => `pods "web-canary-5d4-" is forbidden: ${why}`;
const quota = forbidden("exceeded quota: few, requested: pods=1, used: pods=4, limited: pods=4");
const account = forbidden('error looking up service account dora-apps/\u001b[31mgone: serviceaccount "gone" not found');

describe("a roll whose pods cannot be created", () => {
  let api: ApiServer;
  let restore: () => void;
  let slept: number;
  beforeEach(async () => {
    api = await ApiServer.start();
    mock.timers.enable({ apis: ["Date"], now: Date.now() });
    slept = 0;
    restore = withoutSleep((milliseconds) => {
      slept += milliseconds;
      mock.timers.setTime(Date.now() + milliseconds);
    });
  });
  afterEach(async () => {
    mock.timers.reset();
    restore();
    await api.stop();
  });

  const of = (seconds = 600) => ({
    api: direct(api),
    namespace,
    service: "web",
    rollSeconds: { canary: seconds, stable: seconds },
  });
  const deploy = (message: string | undefined, available = 0) => {
    const stored = api.put(`/apis/apps/v1/namespaces/${namespace}/deployments/web-canary`, {
      metadata: { name: "web-canary", namespace },
      spec: { replicas: 1, template: { metadata: { labels: { release } } } },
    });
    const conditions = [{ type: "ReplicaFailure", status: "True", reason: "FailedCreate", message }];
    stored.status = {
      observedGeneration: stored.metadata.generation,
      replicas: available,
      updatedReplicas: available,
      availableReplicas: available,
      ...(message !== undefined && { conditions }),
    };
  };
  const pod = (deletionTimestamp?: string) =>
    api.put(`/api/v1/namespaces/${namespace}/pods/web-1`, {
      metadata: { name: "web-1", labels: { app: "web" }, ...(deletionTimestamp && { deletionTimestamp }) },
    });

  it("fails within 20 s with the API server's message, in one line", async () => {
    deploy(account);
    await assert.rejects(
      awaitComplete(of(), "canary"),
      /^UserError: Deployment web-canary in namespace dora-apps did not complete its roll to bbbbbbbbbbbb \(pods "web-canary-5d4-" is forbidden: error looking up service account dora-apps\/gone: serviceaccount "gone" not found\): see kubectl/,
    );
    assert.ok(slept >= 15_000 && slept < 20_000, `${slept} ms`);
  });

  it("is judged by the ReplicaSet of the current template, not by the one that the Deployment rolls away from", async () => {
    const set = (name: string, revision: string, message?: string) => {
      const owner = api.objects.get(`/apis/apps/v1/namespaces/${namespace}/deployments/web-canary`);
      const stored = api.put(`/apis/apps/v1/namespaces/${namespace}/replicasets/${name}`, {
        metadata: {
          ...{ name, namespace, annotations: { "deployment.kubernetes.io/revision": revision } },
          ownerReferences: [{ uid: owner?.metadata.uid }],
        },
      });
      stored.status = message ? { conditions: [{ type: "ReplicaFailure", status: "True", message }] } : {};
    };
    deploy(account);
    const deployment = api.objects.get(`/apis/apps/v1/namespaces/${namespace}/deployments/web-canary`);
    if (deployment) deployment.metadata.annotations = { "deployment.kubernetes.io/revision": "7" };
    set("web-canary-5d4", "6", account);
    set("web-canary-8f2", "7");
    await assert.rejects(awaitComplete(of(60), "canary"), /did not complete its roll to bbbbbbbbbbbb \(within 60 s\)/);
    assert.ok(slept >= 60_000, `${slept} ms`);
    slept = 0;
    set("web-canary-8f2", "7", "exceeded nothing");
    await assert.rejects(awaitComplete(of(60), "canary"), /roll to bbbbbbbbbbbb \(exceeded nothing\)/);
    assert.ok(slept < 20_000, `${slept} ms`);
  });

  it("goes on if they can be created in time", async () => {
    deploy(account);
    let looks = 0;
    api.intercept = ({ path }) => {
      if (path.endsWith("/web-canary") && ++looks === 40) deploy(undefined, 1);
      return undefined;
    };
    await awaitComplete(of(), "canary");
    assert.ok(slept > 9000, `${slept} ms`);
  });

  it("goes on despite a quota while terminating pods make room", async () => {
    deploy(quota);
    pod("2026-01-01T00:00:00Z");
    let looks = 0;
    api.intercept = ({ path }) => {
      if (path.endsWith("/web-canary") && ++looks === 80) pod();
      return undefined;
    };
    await assert.rejects(awaitComplete(of(), "canary"), /\(pods .* exceeded quota: few/);
    assert.ok(slept > 80 * 250 + 119_000 && slept < 80 * 250 + 125_000, `${slept} ms`);
  });

  /** What is reported of the Deployment while Pulumi waits for at most 20 s. */
  const reported = async () => {
    mock.timers.reset();
    mock.timers.enable({ apis: ["Date", "setTimeout"], now: Date.now() });
    const said: string[] = [];
    const over = new AbortController();
    let ended = false;
    const told = { ...of(), report: (line: string) => void said.push(line) };
    const telling = warnStuck(told, "canary", release, over.signal).then(() => {
      ended = true;
    });
    for (let second = 0; second < 20 && !ended; second++) {
      const looks = api.requests.length;
      mock.timers.tick(1000);
      while (!ended && api.requests.length === looks) await new Promise(setImmediate);
      for (let i = 0; i < 20; i++) await new Promise(setImmediate);
    }
    over.abort();
    mock.timers.tick(1000);
    await telling;
    return said;
  };
  const until = /Pulumi waits until its timeout, at \d\d:\d\d UTC; \^C ends it sooner\.$/;

  it("is reported once while Pulumi waits", async () => {
    deploy(account);
    const said = await reported();
    assert.equal(said.length, 1);
    assert.match(said[0] ?? "", /^web: no pod of Deployment web-canary can be created, so remove the cause or release/);
    assert.match(said[0] ?? "", /"gone" not found\. Pulumi/);
    assert.match(said[0] ?? "", until);
  });

  it("is reported once if Kubernetes says that it is stuck, and not if it progresses", async () => {
    deploy(undefined);
    assert.deepEqual(await reported(), []);
    const found = api.objects.get(`/apis/apps/v1/namespaces/${namespace}/deployments/web-canary`);
    Object.assign(found?.status, {
      conditions: [{ type: "Progressing", status: "False", reason: "ProgressDeadlineExceeded" }],
    });
    const said = await reported();
    assert.equal(said.length, 1);
    assert.match(said[0] ?? "", /^web: the roll of Deployment web-canary is stuck, no pod became available within its/);
    assert.match(said[0] ?? "", until);
  });

  it("is reported within 20 s, with the cause, if no node has room for its pod, and if its end is awaited", async () => {
    deploy(undefined);
    const message = "0/1 nodes are available: 1 Insufficient cpu.";
    const conditions = [{ type: "PodScheduled", status: "False", reason: "Unschedulable", message }];
    const labels = { app: "web", track: "canary", release };
    api.put(`/api/v1/namespaces/${namespace}/pods/web-canary-1`, {
      metadata: { name: "web-canary-1", labels },
      spec: { containers: [] },
      status: { phase: "Pending", conditions },
    });
    const said = await reported();
    assert.equal(said.length, 1);
    assert.match(
      said[0] ?? "",
      /^web: pod web-canary-1 cannot be scheduled: 0\/1 nodes .* 1 Insufficient cpu\. Pulumi/,
    );
    assert.match(said[0] ?? "", until);
    mock.timers.reset();
    mock.timers.enable({ apis: ["Date"], now: Date.now() });
    await assert.rejects(
      awaitComplete(of(30), "canary"),
      /roll to bbbbbbbbbbbb \(within 30 s, pod web-canary-1 cannot be scheduled: .* Insufficient cpu\): see kubectl/,
    );
  });
});
