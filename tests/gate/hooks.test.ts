import assert from "node:assert/strict";
import { mock } from "node:test";
import type { ResourceHookArgs } from "@pulumi/pulumi";
import * as pulumi from "@pulumi/pulumi";
import { UserError } from "../../components/user-error.ts";
import type { Guarded } from "../../gate/guarded.ts";
import { hooksOf, recordComplete } from "../../gate/hooks.ts";
import { connect } from "../../kubernetes/client.ts";
import { findAccess } from "../../kubernetes/kubeconfig.ts";
import type { RolloutRecord } from "../../record/record.ts";
import { ApiServer } from "../fake/api-server.ts";
import { withoutSleep } from "../fake/sleep.ts";
import { verdict } from "../fake/world.ts";

const a = "aaaaaaaaaaaa";
const b = "bbbbbbbbbbbb";

type Hook = (change: ResourceHookArgs) => Promise<void>;

describe("the gate's hooks", () => {
  let api: ApiServer;
  let restore: () => void;
  beforeEach(async () => {
    restore = withoutSleep();
    api = await ApiServer.start();
  });
  afterEach(async () => {
    restore();
    await api.stop();
  });

  const guarded = (changes: Partial<Guarded> = {}): Guarded => ({
    api: connect(findAccess({ kubeconfig: api.kubeconfig })),
    cluster: "cluster-uid",
    namespace: "dora-apps",
    service: "web",
    own: undefined,
    stableHasHistory: true,
    breakGlass: undefined,
    epoch: undefined,
    rollSeconds: { stable: 60, canary: 60 },
    ...changes,
  });
  const writeRecord = (changes: Partial<RolloutRecord>) => {
    const record = { version: 2, cluster: "cluster-uid", sequence: 0, verdicts: {}, stableHistory: [], ...changes };
    api.put("/api/v1/namespaces/dora-apps/configmaps/web-rollout", {
      metadata: { name: "web-rollout" },
      data: { record: JSON.stringify(record) },
    });
  };
  const stableHistory = () =>
    JSON.parse(api.objects.get("/api/v1/namespaces/dora-apps/configmaps/web-rollout")?.data.record ?? "{}")
      .stableHistory;
  const live = (name: string, release: string, available = 1) => {
    const template = { metadata: { labels: { release } }, spec: {} };
    const stored = api.put(`/apis/apps/v1/namespaces/dora-apps/deployments/${name}`, {
      metadata: { name, namespace: "dora-apps" },
      spec: { replicas: 1, template },
    });
    stored.status = {
      observedGeneration: stored.metadata.generation,
      replicas: 1,
      updatedReplicas: 1,
      availableReplicas: available,
    };
  };
  const give = (name: string, reason: string) => {
    const found = api.objects.get(`/apis/apps/v1/namespaces/dora-apps/deployments/${name}`);
    Object.assign(found?.status, { conditions: [{ type: "Progressing", status: "False", reason }] });
  };
  const events = () =>
    [...api.objects.values()]
      .filter(({ kind }) => kind === "Event")
      .map(({ reason, involvedObject }) => `${reason} ${involvedObject.name}`);
  const change = (release?: string, replicas?: number): ResourceHookArgs => ({
    urn: "urn",
    id: "id",
    name: "web",
    type: "kubernetes:apps/v1:Deployment",
    newInputs: { spec: { replicas, template: { metadata: { labels: release === undefined ? {} : { release } } } } },
  });
  const call = (
    part: "stable" | "canary" | "front",
    moment: string,
    of: Guarded,
    release?: string,
    replicas?: number,
  ) => {
    const [hook] = (hooksOf(of)[part] as Record<string, Hook[]>)[moment] ?? [];
    assert.ok(hook, `no hook ${part} ${moment}`);
    return hook(change(release, replicas));
  };

  for (const moment of ["beforeCreate", "beforeUpdate"]) {
    it(`refuse a release without a verdict, ${moment}`, async () => {
      writeRecord({});
      live("web", a);
      await assert.rejects(call("stable", moment, guarded(), b), /has not been judged good yet/);
    });

    it(`admit an approved release, ${moment}`, async () => {
      writeRecord({ verdicts: { [b]: verdict("good") } });
      await call("stable", moment, guarded(), b);
    });

    it(`keep the front while another driver's rollout is open, ${moment}`, async () => {
      writeRecord({ open: { epoch: 3, release: b, weight: 10 } });
      await assert.rejects(
        call("front", moment, guarded()),
        /the weight and the number of canary pods stay as they are while the rollout of bbbbbbbbbbbb is open/,
      );
      await assert.rejects(call("front", moment, guarded({ epoch: 2 })), /is open/);
      await call("front", moment, guarded({ epoch: 3 }));
      await call("front", moment, guarded({ breakGlass: "fire" }));
    });
  }

  it("read the cluster as it is now, not as the program read it", async () => {
    writeRecord({ verdicts: { [b]: verdict("good") } });
    const early = guarded();
    writeRecord({ verdicts: { [b]: verdict("bad") } });
    await assert.rejects(call("stable", "beforeUpdate", early, b), /judged bad/);
  });

  it("warn of a route that its gateways do not apply after a change, and not of a Service", async () => {
    const path = "/apis/gateway.networking.k8s.io/v1/namespaces/dora-apps/httproutes/web";
    api.put("/apis/gateway.networking.k8s.io/v1", { metadata: { name: "v1" } });
    api.put(path, { metadata: { name: "web" }, spec: { parentRefs: [{ name: "public" }] }, status: { parents: [] } });
    const warnings: string[] = [];
    const log = pulumi.log as { warn: unknown };
    const { warn } = log;
    log.warn = async (message: string) => void warnings.push(message);
    mock.timers.enable({ apis: ["Date"], now: Date.now() });
    const [hook] = (hooksOf(guarded()).front as Record<string, Hook[]>).afterUpdate ?? [];
    api.intercept = () => void mock.timers.tick(5000);
    try {
      const newInputs = { metadata: { name: "web" } };
      await hook?.({ ...change(), newInputs, type: "kubernetes:gateway.networking.k8s.io/v1:HTTPRoute" });
      await hook?.({ ...change(), newInputs, type: "kubernetes:core/v1:Service" });
    } finally {
      Object.assign(log, { warn });
      mock.timers.reset();
      api.intercept = () => undefined;
    }
    assert.equal(warnings.length, 1);
    assert.match(warnings[0] ?? "", /^web: HTTPRoute web is not applied.*Gateway public: it reports no status/);
  });

  for (const track of ["stable", "canary"] as const) {
    it(`report the state if ^C interrupts the wait for the roll of ${track}, and keep the program alive for that`, async () => {
      const name = track === "stable" ? "web" : "web-canary";
      writeRecord({});
      live(name, b, 0);
      const listeners = process.listenerCount("SIGINT");
      let looks = 0;
      api.intercept = ({ path }) => {
        if (path.endsWith(`/deployments/${name}`) && ++looks === 3) assert.ok(process.emit("SIGINT"));
        return undefined;
      };
      await assert.rejects(
        call(track, "afterUpdate", guarded(), b),
        new UserError(
          `This run was interrupted before Deployment ${name} in namespace dora-apps ran release ${b} completely: Kubernetes goes on with the roll, and the next pulumi up records the result.`,
        ),
      );
      assert.deepEqual(stableHistory(), []);
      assert.equal(process.listenerCount("SIGINT"), listeners);
    });
  }

  it("record a roll that is complete at the moment of ^C", async () => {
    writeRecord({});
    live("web", b);
    api.intercept = ({ path }) => {
      if (path.endsWith("/deployments/web")) process.emit("SIGINT");
      return undefined;
    };
    await call("stable", "afterUpdate", guarded(), b);
    assert.deepEqual(stableHistory(), [b]);
  });

  const stackState = { namespace: "dora-apps", cluster: "cluster-uid", current: {}, history: [] };

  it("admit a rollback to the release in the stack's own state", async () => {
    await call("stable", "beforeUpdate", guarded({ own: { ...stackState, current: { stable: b } } }), b);
    await call("canary", "beforeUpdate", guarded({ own: { ...stackState, current: { canary: b } } }), b);
  });

  it("check that canary is healthy at the moment of the first install", async () => {
    live("web-canary", b, 0);
    await assert.rejects(
      call("stable", "beforeCreate", guarded({ stableHasHistory: false }), b),
      /with all its pods available/,
    );
    live("web-canary", b);
    await call("stable", "beforeCreate", guarded({ stableHasHistory: false }), b);
  });

  it("own the number of stable's pods if the program leaves it to an autoscaler, so that it stays", async () => {
    writeRecord({ verdicts: { [b]: verdict("good") } });
    live("web", a);
    const applied = () =>
      api.requests
        .filter(({ method, query }) => method === "PATCH" && !query.has("dryRun"))
        .map(({ body }) => body?.spec);
    await call("stable", "beforeUpdate", guarded(), b, 3);
    assert.deepEqual(applied(), []);
    await call("stable", "beforeUpdate", guarded(), b);
    assert.deepEqual(applied(), [{ replicas: 1 }]);
    api.intercept = ({ method }) => (method === "PATCH" ? { status: 409, body: { message: "conflict" } } : undefined);
    await call("stable", "beforeUpdate", guarded(), b);
    api.intercept = ({ method }) => (method === "PATCH" ? { status: 403, body: { message: "no right" } } : undefined);
    await assert.rejects(call("stable", "beforeUpdate", guarded(), b), /no right/);
    api.intercept = () => undefined;
  });

  it("write an Event for a break-glass override on the Deployment", async () => {
    writeRecord({});
    live("web", a);
    await call("stable", "beforeUpdate", guarded({ breakGlass: "fire" }), b);
    assert.deepEqual(events(), ["BreakGlass web"]);
  });

  for (const part of ["stable", "canary"] as const) {
    it(`refuse pods of ${part} without the label release, even with a break-glass override`, async () => {
      for (const each of [guarded(), guarded({ breakGlass: "fire" })]) {
        await assert.rejects(
          call(part, "beforeUpdate", each),
          new RegExp(
            `^UserError: web ${part}: the pod template has lost the label release, so the release cannot be judged: remove the transform that takes the label away\\.$`,
          ),
        );
      }
    });
  }

  it("keep the number of canary's pods while another driver's rollout is open", async () => {
    writeRecord({ open: { epoch: 3, release: b, weight: 10 } });
    live("web-canary", b);
    const change = (replicas: number, by: Partial<Guarded> = {}) =>
      call("canary", "beforeUpdate", guarded(by), b, replicas);
    await assert.rejects(
      change(2),
      /^UserError: web: the weight and the number of canary pods stay as they are while the rollout of bbbbbbbbbbbb is open/,
    );
    await assert.rejects(change(2, { epoch: 2 }), /is open/);
    await change(1);
    await change(2, { epoch: 3 });
    await change(2, { breakGlass: "fire" });
  });

  it("admit any number of canary's pods while no rollout is open", async () => {
    writeRecord({});
    live("web-canary", b);
    await call("canary", "beforeUpdate", guarded(), b, 2);
  });

  describe("without the permission to write Events", () => {
    const { warn } = console;
    let told: string[];
    beforeEach(() => {
      told = [];
      console.warn = (message: string) => void told.push(message);
      api.intercept = ({ path }) =>
        path.endsWith("/events") ? { status: 403, body: { message: "events is forbidden" } } : undefined;
    });
    afterEach(() => {
      console.warn = warn;
    });

    it("record a complete roll all the same, and warn", async () => {
      live("web", b);
      await call("stable", "afterUpdate", guarded(), b);
      assert.deepEqual(stableHistory(), [b]);
      assert.match(
        told.join(),
        /^The Event ReleaseComplete on Deployment web could not be written: events is forbidden/,
      );
    });

    it("admit a break-glass override all the same, and warn", async () => {
      live("web", a);
      await call("stable", "beforeUpdate", guarded({ breakGlass: "fire" }), b);
      assert.match(told.join(), /^The Event BreakGlass on Deployment web could not be written: events is forbidden/);
    });
  });

  it("stop the change if the record cannot be read", async () => {
    api.intercept = ({ path }) =>
      path.endsWith("web-rollout") ? { status: 500, body: { message: "etcd is down" } } : undefined;
    await assert.rejects(call("stable", "beforeUpdate", guarded(), b), /etcd is down/);
    await assert.rejects(call("front", "beforeUpdate", guarded()), /etcd is down/);
  });

  for (const part of ["stable", "canary"] as const) {
    it(`fail an up if another up changes its ${part} to another release meanwhile, and record nothing`, async () => {
      const name = part === "stable" ? "web" : "web-canary";
      for (const available of [1, 0]) {
        live(name, "c", available);
        await assert.rejects(
          call(part, "afterUpdate", guarded(), "b"),
          new RegExp(
            `Deployment ${name} in namespace dora-apps was changed to c while this up changed it to b: another up runs at the same time, so let it end, then run pulumi up again\\.$`,
          ),
        );
      }
      assert.equal(stableHistory(), undefined);
    });
  }

  for (const moment of ["afterCreate", "afterUpdate"]) {
    it(`record a complete roll of stable, ${moment}`, async () => {
      live("web", b);
      await call("stable", moment, guarded(), b);
      assert.deepEqual(stableHistory(), [b]);
      assert.deepEqual(events(), ["ReleaseComplete web"]);
    });
  }

  for (const [part, name] of [
    ["stable", "web"],
    ["canary", "web-canary"],
  ] as const) {
    it(`wait until the roll of ${part} is complete`, async () => {
      live(name, b, 0);
      let looks = 0;
      api.intercept = ({ path }) => {
        if (path.endsWith(`/deployments/${name}`) && ++looks === 2) live(name, b);
        return undefined;
      };
      await call(part, "afterUpdate", guarded(), b);
      assert.ok(looks >= 2);
    });

    it(`fail if Kubernetes gives up the roll of ${part}`, async () => {
      live(name, b, 0);
      give(name, "ProgressDeadlineExceeded");
      await assert.rejects(
        call(part, "afterUpdate", guarded(), b),
        new RegExp(
          `^UserError: Deployment ${name} in namespace dora-apps did not complete its roll to ${b} \\(its progress deadline`,
        ),
      );
      assert.equal(stableHistory(), undefined);
    });

    it(`fail if the roll of ${part} takes too long`, async () => {
      live(name, b, 0);
      await assert.rejects(
        call(part, "afterUpdate", guarded({ rollSeconds: { stable: -1, canary: -1 } }), b),
        /roll to \w+ \(within -1 s\)/,
      );
    });
  }

  it("do not mistake the end of an earlier roll for the end of this one", async () => {
    live("web", b, 0);
    give("web", "ProgressDeadlineExceeded");
    const path = "/apis/apps/v1/namespaces/dora-apps/deployments/web";
    Object.assign(api.objects.get(path)?.status, { observedGeneration: 0 });
    let looks = 0;
    api.intercept = (request) => {
      if (request.path === path && ++looks === 2) live("web", b);
      return undefined;
    };
    await call("stable", "afterUpdate", guarded(), b);
    assert.deepEqual(stableHistory(), [b]);
  });

  it("record a complete roll once", async () => {
    live("web", b);
    await recordComplete(guarded());
    await recordComplete(guarded());
    assert.deepEqual(stableHistory(), [b]);
    assert.deepEqual(events(), ["ReleaseComplete web"]);
  });

  it("record no roll that is not complete", async () => {
    live("web", b, 0);
    await recordComplete(guarded());
    assert.equal(stableHistory(), undefined);
  });

  it("do not write to a record that cannot be read", async () => {
    live("web", b);
    api.put("/api/v1/namespaces/dora-apps/configmaps/web-rollout", {
      metadata: { name: "web-rollout" },
      data: { record: "{" },
    });
    await recordComplete(guarded());
    assert.equal(api.objects.get("/api/v1/namespaces/dora-apps/configmaps/web-rollout")?.data.record, "{");
  });
});
