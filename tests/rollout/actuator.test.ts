import assert from "node:assert/strict";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { mock } from "node:test";
import { setImmediate as turn } from "node:timers/promises";
import { UserError } from "../../components/user-error.ts";
import type { Cluster } from "../../kubernetes/cluster.ts";
import type { DeploymentObject } from "../../kubernetes/objects/deployment.ts";
import { hashedTemplate } from "../../live/hashed-template.ts";
import { Superseded } from "../../record/epoch.ts";
import { storeTemplate } from "../../record/template-store.ts";
import { actuatorOf } from "../../rollout/actuator.ts";
import type { Rollout } from "../../rollout/rollout.ts";
import type { ApiServer } from "../fake/api-server.ts";
import { DarkCanary } from "../fake/dark-canary.ts";
import { direct } from "../fake/direct.ts";
import { a, b, quickCluster } from "../fake/driven.ts";

const namespace = "dora-apps";
const apps = `/apis/apps/v1/namespaces/${namespace}/deployments`;
const pods = `/api/v1/namespaces/${namespace}/pods`;
const { signal } = new AbortController();

function acting(
  api: Cluster,
  folder = "nowhere",
  meanwhile: (ending: AbortSignal, progressed: () => void) => Promise<void> = async () => {},
  assertHeld = () => {},
) {
  const ups: string[] = [];
  const notes: string[] = [];
  const lines: string[] = [];
  const actuator = actuatorOf({
    ...{ api, cluster: "cluster-uid", namespace, service: "web", folder },
    stacks: { canary: "org/web/canary", stable: "org/web/prod" },
    async up(stack, epoch, ending, progressed) {
      ups.push(`${stack} ${epoch}`);
      await meanwhile(ending, progressed);
    },
    assertHeld,
    evidence: () => undefined,
    endpoint: {},
    note: (sentence) => notes.push(sentence),
    progress: (line) => lines.push(line),
  });
  return { actuator, ups, notes, lines };
}

describe("the actuator", () => {
  let api: ApiServer;
  let end: () => Promise<void>;
  beforeEach(async () => {
    ({ api, end } = await quickCluster());
  });
  afterEach(() => end());

  const rollout = { epoch: 3, release: b, from: a, runs: { canary: b, stable: a } } as Rollout;
  const deploy = (name: string, release: string, status: object = {}) => {
    const stored = api.put(`${apps}/${name}`, {
      metadata: { name, namespace },
      spec: { replicas: 2, template: { metadata: { labels: { release } } } },
    });
    const { generation: observedGeneration } = stored.metadata;
    stored.status = { observedGeneration, replicas: 2, updatedReplicas: 2, availableReplicas: 1, ...status };
  };
  const podOf = (name: string, track: string, release: string, waiting?: string) =>
    api.put(`${pods}/${name}`, {
      metadata: { name, uid: name, labels: { app: "web", track, release } },
      spec: { containers: [{ name: "web" }] },
      status: {
        phase: "Running",
        conditions: [{ type: "Ready", status: waiting ? "False" : "True" }],
        containerStatuses: [{ name: "web", state: waiting ? { waiting: { reason: waiting } } : { running: {} } }],
      },
    });
  const seconds = (count: number) => mock.timers.setTime(Date.now() + count * 1000);

  it("brings each track with an up of the stack that owns it, as its driver", async () => {
    const { actuator, ups } = acting(direct(api));
    await actuator.bringCanary(rollout, signal);
    await actuator.bringStable(rollout, signal);
    assert.deepEqual(ups, ["org/web/canary 3", "org/web/prod 3"]);
  });

  it("reports each pod of stable that comes to run the release, and not the pods that ran it before", async () => {
    const roll = async () => {
      for (const status of [
        { replicas: 3, updatedReplicas: 1, availableReplicas: 2 },
        { replicas: 3, updatedReplicas: 1, availableReplicas: 3 },
        { replicas: 3, updatedReplicas: 2, availableReplicas: 2 },
        { replicas: 3, updatedReplicas: 2, availableReplicas: 1 },
        { replicas: 2, updatedReplicas: 2, availableReplicas: 2 },
      ]) {
        deploy("web", b, status);
        const polls = api.requests.length;
        while (api.requests.length < polls + 2) await turn();
      }
    };
    deploy("web", a, { availableReplicas: 2 });
    const { actuator, lines } = acting(direct(api), "nowhere", roll);
    const full = { ...rollout, runs: { canary: b, stable: b } };
    await actuator.bringStable(full, signal);
    await actuator.bringStable(full, signal);
    assert.deepEqual(lines, [`1 of 2 pods of stable run ${b}`, `2 of 2 pods of stable run ${b}`]);
  });

  it("ends an up that neither reports anything nor brings a pod for longer than the Deployment's progress deadline", async () => {
    const hangs = (ending: AbortSignal) =>
      new Promise<void>((_, fail) => ending.addEventListener("abort", () => fail(new UserError("interrupted"))));
    const { actuator } = acting(direct(api), "nowhere", hangs);
    for (const [seconds, minutes] of [
      [180, 5],
      [undefined, 12],
    ]) {
      deploy("web", a);
      Object.assign(api.objects.get(`${apps}/web`)?.spec, { progressDeadlineSeconds: seconds });
      await assert.rejects(actuator.bringStable(rollout, signal), {
        message: `pulumi up --stack org/web/prod made no progress for ${minutes} min and was ended, since a request to the cluster may hang: check the network between this machine and the cluster.`,
      });
    }
  });

  it("lets an up go on that reports something, or whose pods arrive", async () => {
    const slow = async (ending: AbortSignal, progressed: () => void) => {
      for (let available = 0; available < 3; available++) {
        deploy("web", a, { replicas: 3, updatedReplicas: 3, availableReplicas: available });
        Object.assign(api.objects.get(`${apps}/web`)?.spec, { progressDeadlineSeconds: 60 });
        for (let turns = 0; turns < 150; turns++) await turn();
      }
      progressed();
      for (let turns = 0; turns < 150; turns++) await turn();
      assert.equal(ending.aborted, false);
    };
    await acting(direct(api), "nowhere", slow).actuator.bringStable(rollout, signal);
  });

  it("reports that stable runs a release only if every pod does", async () => {
    const { actuator } = acting(direct(api));
    assert.equal(await actuator.stableRuns(a), false);
    deploy("web", a);
    assert.equal(await actuator.stableRuns(a), false);
    assert.deepEqual([await actuator.stableRuns(a, false), await actuator.stableRuns(b, false)], [true, false]);
    deploy("web", a, { availableReplicas: 2 });
    assert.deepEqual([await actuator.stableRuns(a), await actuator.stableRuns(b)], [true, false]);
  });

  it("reports that stable does not run a release if its pod template has known drift", async () => {
    const { actuator } = acting(direct(api));
    deploy("web", a, { availableReplicas: 2 });
    const deployment = api.objects.get(`${apps}/web`) as unknown as DeploymentObject;
    const { template } = deployment.spec;
    const compare = (release: string, described: object) =>
      storeTemplate(
        { api: direct(api), namespace, service: "web" },
        "stable",
        hashedTemplate(deployment, release, described),
      );
    await compare(a, template);
    assert.equal(await actuator.stableRuns(a), true);
    await compare(a, { ...template, spec: { serviceAccountName: "a" } });
    assert.equal(await actuator.stableRuns(a), false);
    await compare(b, { ...template, spec: { serviceAccountName: "a" } });
    assert.equal(await actuator.stableRuns(a), true);
  });

  it("reports drift of the track after each up", async () => {
    const { actuator, notes } = acting(direct(api));
    for (const [track, name, release] of [
      ["canary", "web-canary", b],
      ["stable", "web", a],
    ] as const) {
      deploy(name, release, { availableReplicas: 2 });
      const deployment = api.objects.get(`${apps}/${name}`) as unknown as DeploymentObject;
      const described = hashedTemplate(deployment, release, deployment.spec.template);
      await storeTemplate({ api: direct(api), namespace, service: "web" }, track, described);
    }
    await actuator.bringCanary(rollout, signal);
    await actuator.bringStable(rollout, signal);
    assert.deepEqual(notes, []);
    for (const name of ["web-canary", "web"]) {
      Object.assign(api.objects.get(`${apps}/${name}`)?.spec.template, { spec: { serviceAccountName: "x" } });
    }
    await actuator.bringCanary(rollout, signal);
    await actuator.bringStable(rollout, signal);
    const field = "spec.template.spec is set and not in the release";
    const advice = "The next pulumi up of its stack repairs it.";
    assert.deepEqual(notes, [
      `canary differs from release ${b}: ${field}. ${advice}`,
      `stable differs from release ${a}: ${field}. ${advice}`,
    ]);
    api.intercept = () => ({ status: 500, body: { message: "etcd is down" } });
    await actuator.bringCanary(rollout, signal);
    assert.equal(notes.length, 2);
  });

  describe("a track that cannot come to run its release", () => {
    let cannotSucceed: (track?: "canary" | "stable") => Promise<string | undefined>;
    beforeEach(() => {
      const of = acting(direct(api)).actuator;
      cannotSucceed = (track = "canary") => of.cannotSucceed(track, rollout);
      deploy("web-canary", b);
    });
    const reason = "container web of pod web-canary-1 does not start: ImagePullBackOff";
    const stuck = { conditions: [{ type: "Progressing", status: "False", reason: "ProgressDeadlineExceeded" }] };

    it("is given up when a container has not started for 20 s for a reason that seldom disappears", async () => {
      podOf("web-canary-1", "canary", b, "ImagePullBackOff");
      assert.equal(await cannotSucceed(), undefined);
      seconds(19);
      assert.equal(await cannotSucceed(), undefined);
      seconds(1);
      assert.equal(await cannotSucceed(), reason);
    });

    it("is given up when an init container does not complete", async () => {
      const init = {
        name: "migrate",
        ready: false,
        restartCount: 2,
        state: { waiting: { reason: "CrashLoopBackOff" } },
      };
      const pod = podOf("web-canary-1", "canary", b, "PodInitializing");
      Object.assign(pod.status, { initContainerStatuses: [init] });
      assert.equal(await cannotSucceed(), undefined);
      seconds(20);
      assert.equal(await cannotSucceed(), "container migrate of pod web-canary-1 does not start: CrashLoopBackOff");
    });

    it("has its 20 s again if it started in between, or does not have the release yet", async () => {
      for (const inBetween of [
        () => void podOf("web-canary-1", "canary", b),
        () => deploy("web-canary", a),
        () => deploy("web-canary", b, { availableReplicas: 2 }),
      ]) {
        deploy("web-canary", b);
        podOf("web-canary-1", "canary", b, "CrashLoopBackOff");
        assert.equal(await cannotSucceed(), undefined);
        inBetween();
        seconds(10);
        assert.equal(await cannotSucceed(), undefined);
        deploy("web-canary", b);
        podOf("web-canary-1", "canary", b, "CrashLoopBackOff");
        seconds(15);
        assert.equal(await cannotSucceed(), undefined);
      }
    });

    it("is told within 20 s and not given up while no node has room, because nodes may be added", async () => {
      const { actuator, notes } = acting(direct(api));
      const message = "0/1 nodes are available: 1 Insufficient cpu.";
      const pod = podOf("web-canary-1", "canary", b, "Pending");
      const conditions = [{ type: "PodScheduled", status: "False", reason: "Unschedulable", message }];
      Object.assign(pod.status, { phase: "Pending", conditions, containerStatuses: [] });
      for (let second = 0; second < 600; second++) {
        assert.equal(await actuator.cannotSucceed("canary", rollout), undefined);
        if (second === 20) {
          assert.deepEqual(notes, [
            'The roll of canary does not go on: pod web-canary-1 cannot be scheduled: 0/1 nodes are available: 1 Insufficient cpu. Kubernetes tries again until the progress deadline; gray abort --reason "…" -n dora-apps --service web rolls back at once.',
          ]);
        }
        seconds(1);
      }
      assert.equal(notes.length, 1);
      deploy("web-canary", b, stuck);
      await actuator.cannotSucceed("canary", rollout);
      seconds(20);
      assert.equal(
        await actuator.cannotSucceed("canary", rollout),
        "Deployment web-canary is stuck: its progress deadline is exceeded (pod web-canary-1 cannot be scheduled: 0/1 nodes are available: 1 Insufficient cpu)",
      );
    });

    describe("whose pods cannot be created", () => {
      const refused = (why: string) => ({
        updatedReplicas: 0,
        availableReplicas: 0,
        conditions: [
          { type: "Progressing", status: "True", reason: "ReplicaSetUpdated" },
          { type: "ReplicaFailure", status: "True", reason: "FailedCreate", message: why },
        ],
      });
      const account = `pods "web-canary-5d4-" is forbidden: serviceaccount "gone"\n\u001b[31mnot found`;
      const quota = `pods "web-canary-5d4-x" is forbidden: exceeded quota: few, requested: pods=1, limited: pods=4`;
      const expected = "no pod of Deployment web-canary can be created, so remove the cause or release another one: ";

      it("is given up within 20 s, with the API server's message in one line", async () => {
        for (const why of [account, quota]) {
          deploy("web-canary", b, refused(why));
          assert.equal(await cannotSucceed(), undefined);
          seconds(10);
          assert.equal(await cannotSucceed(), undefined);
          seconds(9);
          const reason = (await cannotSucceed()) ?? "";
          assert.equal(reason, expected + why.replace("\n\u001b[31m", " "));
          assert.ok(reason.length <= 300);
          deploy("web-canary", a);
          assert.equal(await cannotSucceed(), undefined);
        }
      });

      it("is given up during a rollback as well, so that the rollback can end", async () => {
        const { actuator } = acting(direct(api));
        const back = { ...rollout, runs: { canary: a, stable: a } };
        deploy("web-canary", a, refused(account));
        assert.equal(await actuator.cannotSucceed("canary", back), undefined);
        seconds(19);
        assert.match(
          (await actuator.cannotSucceed("canary", back)) ?? "",
          /^no pod of Deployment web-canary can be created/,
        );
      });

      it("is not given up for a condition from before the release, or one that has passed", async () => {
        for (const status of [
          { ...refused(account), observedGeneration: 0 },
          { conditions: [{ type: "ReplicaFailure", status: "False", reason: "FailedCreate", message: account }] },
        ]) {
          deploy("web-canary", b, status);
          assert.equal(await cannotSucceed(), undefined);
          seconds(60);
          assert.equal(await cannotSucceed(), undefined);
        }
      });

      it("is not given up for a quota while terminating pods make room", async () => {
        deploy("web-canary", b, refused(quota));
        const { metadata } = podOf("web-1", "stable", a);
        Object.assign(metadata, { deletionTimestamp: "2026-01-01T00:00:00Z" });
        for (let polls = 0; polls < 4; polls++) {
          assert.equal(await cannotSucceed(), undefined);
          seconds(20);
        }
        podOf("web-1", "stable", a);
        assert.equal(await cannotSucceed(), undefined);
        // The ReplicaSet retries at growing intervals.
        seconds(90);
        assert.equal(await cannotSucceed(), undefined);
        seconds(30);
        assert.equal(await cannotSucceed(), expected + quota);
      });
    });

    it("is given up when a container is in a crash loop, although it runs for a moment each time", async () => {
      const crashing = "container web of pod web-canary-1 does not start: CrashLoopBackOff";
      for (const [crashes, expected] of [undefined, undefined, crashing].entries()) {
        podOf("web-canary-1", "canary", b, "CrashLoopBackOff");
        assert.equal(await cannotSucceed(), expected);
        seconds(10);
        const { status } = podOf("web-canary-1", "canary", b);
        Object.assign(status, {
          containerStatuses: [{ name: "web", restartCount: crashes + 1, state: { running: {} } }],
        });
        assert.equal(await cannotSucceed(), undefined);
        seconds(1);
      }
    });

    it("is not given up for temporary reasons, for pods of another release, or for the other track", async () => {
      podOf("web-canary-1", "canary", b, "ContainerCreating");
      podOf("web-canary-2", "canary", a, "ImagePullBackOff");
      podOf("web-1", "stable", a, "ImagePullBackOff");
      await cannotSucceed();
      seconds(60);
      assert.equal(await cannotSucceed(), undefined);
      assert.equal(await cannotSucceed("stable"), undefined);
    });

    it("is given up for its refused pods, not for the progress deadline that they exceed", async () => {
      const message = "exceeded quota: few";
      const conditions = [...stuck.conditions, { type: "ReplicaFailure", status: "True", message }];
      deploy("web-canary", b, { conditions });
      Object.assign(podOf("web-1", "stable", a).metadata, { deletionTimestamp: "2026-01-01T00:00:00Z" });
      assert.equal(await cannotSucceed(), undefined);
      seconds(20);
      assert.match(
        (await cannotSucceed()) ?? "",
        /^no pod of Deployment web-canary can be created, .*: exceeded quota/,
      );
    });

    it("is not given up for its progress deadline while stable is rolled back, since pods of the release may make room", async () => {
      const { actuator } = acting(direct(api));
      const back = { ...rollout, fastRollback: true } as Rollout;
      deploy("web", a, stuck);
      for (let polls = 0; polls < 5; polls++) {
        assert.equal(await actuator.cannotSucceed("stable", back), undefined);
        seconds(20);
      }
    });

    it("is given up when Kubernetes keeps reporting that its roll is stuck", async () => {
      deploy("web-canary", b, stuck);
      assert.equal(await cannotSucceed(), undefined);
      seconds(20);
      assert.equal(await cannotSucceed(), "Deployment web-canary is stuck: its progress deadline is exceeded");
    });

    it("is not given up for a condition that describes the previous roll", async () => {
      deploy("web-canary", b, stuck);
      assert.equal(await cannotSucceed(), undefined);
      seconds(5);
      deploy("web-canary", b);
      assert.equal(await cannotSucceed(), undefined);
      seconds(20);
      assert.equal(await cannotSucceed(), undefined);
    });
  });

  describe("scaling canary to zero", () => {
    let folder: string;
    beforeEach(() => {
      folder = mkdtempSync(join(tmpdir(), "gray-silence-"));
      deploy("web", a, { availableReplicas: 2 });
    });
    afterEach(() => rmSync(folder, { recursive: true }));
    const canary = () => api.objects.get(`${apps}/web-canary`)?.spec.replicas;

    it("saves diagnostics of its pods, then removes them", async () => {
      deploy("web-canary", b);
      podOf("web-canary-1", "canary", b);
      let kept: string[] = [];
      api.intercept = ({ method, path }) => {
        if (method === "PATCH" && path === `${apps}/web-canary`) kept = readdirSync(join(folder, "web", b));
        return undefined;
      };
      const { actuator, notes } = acting(direct(api), folder);
      await actuator.drainCanary(rollout);
      assert.deepEqual([kept.length, canary(), notes.length], [1, 0, 1]);
      await actuator.drainCanary(rollout);
      assert.equal(api.requests.filter(({ method }) => method === "PATCH").length, 1);
    });

    it("does not touch the pods of another release", async () => {
      deploy("web-canary", a);
      await acting(direct(api), folder).actuator.drainCanary(rollout);
      assert.equal(canary(), 2);
    });

    it("keeps the pods if only canary serves", async () => {
      deploy("web", a, { availableReplicas: 0 });
      deploy("web-canary", b);
      await acting(direct(api), folder).actuator.drainCanary(rollout);
      assert.equal(canary(), 2);
    });
  });

  it("goes on with the rollback, and reports it, if a cutoff would leave users without any ready pod", async () => {
    const { actuator, notes } = acting(direct(api));
    await actuator.cutOff(1);
    assert.match(notes[0] ?? "", /^Canary of web is not cut off, because no pod of stable is ready/);
  });

  it("does nothing once its lease has expired", async () => {
    const { actuator, ups } = acting(direct(api), "nowhere", undefined, () => {
      throw new UserError("The lease has run out.");
    });
    await assert.rejects(actuator.bringCanary(rollout, signal), /The lease has run out/);
    await assert.rejects(actuator.bringStable(rollout, signal), /The lease has run out/);
    assert.deepEqual(ups, []);
  });

  it("cuts off nothing and removes no pods once the record names another driver", async () => {
    const service = `/api/v1/namespaces/${namespace}/services/web`;
    api.put(service, {
      metadata: { name: "web", namespace, labels: { "gray-release/service": "web" } },
      spec: { selector: { app: "web" } },
    });
    const record = { version: 2, cluster: "cluster-uid", sequence: 0, verdicts: {}, stableHistory: [], epoch: 4 };
    const data = { record: JSON.stringify(record) };
    api.put(`/api/v1/namespaces/${namespace}/configmaps/web-rollout`, { metadata: { name: "web-rollout" }, data });
    podOf("web-1", "stable", a);
    deploy("web", a, { availableReplicas: 2 });
    deploy("web-canary", b);
    const folder = mkdtempSync(join(tmpdir(), "gray-silence-"));
    const { actuator } = acting(direct(api), folder);
    await assert.rejects(actuator.cutOff(3), Superseded);
    await assert.rejects(actuator.drainCanary({ ...rollout, epoch: 3 }), Superseded);
    rmSync(folder, { recursive: true });
    assert.deepEqual(api.objects.get(service)?.spec.selector, { app: "web" });
    assert.equal(api.objects.get(`${apps}/web-canary`)?.spec.replicas, 2);
  });

  it("creates no record for a cutoff if the rollout's record was deleted, and reports it", async () => {
    podOf("web-1", "stable", a);
    const service = `/api/v1/namespaces/${namespace}/services/web`;
    api.put(service, {
      metadata: { name: "web", namespace, labels: { "gray-release/service": "web" } },
      spec: { selector: { app: "web" } },
    });
    const { actuator, notes } = acting(direct(api));
    assert.equal(await actuator.cutOff(1), true);
    assert.deepEqual(notes, [
      "Canary of web is cut off, but that could not be written into the record (The record does not exist any more): the next pulumi up of the stack that owns canary sets the weight again.",
    ]);
    assert.deepEqual(api.objects.get(service)?.spec.selector, { app: "web", track: "stable" });
    assert.equal(api.objects.has(`/api/v1/namespaces/${namespace}/configmaps/web-rollout`), false);
  });

  it("reports why a cutoff is not in the record, and cuts off all the same", async () => {
    podOf("web-1", "stable", a);
    const service = `/api/v1/namespaces/${namespace}/services/web`;
    api.put(service, {
      metadata: { name: "web", namespace, labels: { "gray-release/service": "web" } },
      spec: { selector: { app: "web" } },
    });
    api.put(`/api/v1/namespaces/${namespace}/configmaps/web-rollout`, { metadata: { name: "web-rollout" } });
    const { actuator, notes } = acting(direct(api));
    await actuator.cutOff(1);
    assert.match(notes[0] ?? "", /^Canary of web is cut off, but that could not be written into the record \(/);
    assert.deepEqual(api.objects.get(service)?.spec.selector, { app: "web", track: "stable" });
  });
});

describe("the checks of a step", () => {
  let dark: DarkCanary;
  beforeEach(async () => {
    dark = await DarkCanary.start();
    await dark.up({ plan: { checks: [{ path: "/healthz" }, { path: "/version" }] } });
  });
  afterEach(() => dark.stop());

  const check = (...names: string[]) => acting(dark.cluster).actuator.check(names, signal);

  it("pass, or report which failed and why; checks of other steps do not matter", async () => {
    dark.pod("web-canary-1");
    assert.equal(await check("GET /healthz", "GET /version"), undefined);
    dark.answer = ({ url }, response) => void response.writeHead(url === "/version" ? 503 : 200).end();
    assert.equal(
      await check("GET /healthz", "GET /version"),
      "1 of 2 checks failed: GET /version via web-canary-1: the status is 503, not 200",
    );
    assert.equal(await check("GET /healthz"), undefined);
    assert.equal(await check("GET /smoke"), "none of the checks GET /smoke could be made");
  });

  it("have failed if canary cannot be reached: it may be between two pods", async () => {
    assert.match((await check("GET /healthz")) ?? "", /^Canary of web in namespace dora-apps has no ready pod.*[^.]$/);
  });

  it("have failed if the cluster does not answer", async () => {
    dark.world.api.intercept = () => ({ status: 503, body: { message: "the server is starting" } });
    assert.match((await check("GET /healthz")) ?? "", /^the server is starting /);
  });

  it("have failed if a pod imitates an error of the API server", async () => {
    dark.pod("web-canary-1");
    dark.answer = (_, response) => {
      response.writeHead(503, { "content-type": "application/json" });
      response.end(
        JSON.stringify({ kind: "Status", apiVersion: "v1", status: "Failure", message: "etcd is away", code: 503 }),
      );
    };
    assert.match((await check("GET /healthz")) ?? "", /^etcd is away /);
  });

  it("end when their signal aborts", async () => {
    dark.pod("web-canary-1");
    const stopping = new AbortController();
    dark.answer = () => stopping.abort(new Error("enough"));
    await assert.rejects(acting(dark.cluster).actuator.check(["GET /healthz"], stopping.signal), /^Error: enough$/);
  });
});
