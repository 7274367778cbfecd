import assert from "node:assert/strict";
import { followingAnnotations } from "../../components/following.ts";
import type { ServiceArgs } from "../../components/service-args.ts";
import { UserError } from "../../components/user-error.ts";
import { Superseded } from "../../record/epoch.ts";
import { followStable } from "../../rollout/following.ts";
import type { Rollout } from "../../rollout/rollout.ts";
import type { ApiServer } from "../fake/api-server.ts";
import { direct } from "../fake/direct.ts";
import { a, b, quickCluster, recordPath } from "../fake/driven.ts";
import { recordIn } from "../fake/stored-record.ts";

const namespace = "dora-apps";
const path = (name: string) => `/apis/apps/v1/namespaces/${namespace}/deployments/${name}`;
const byPods = followingAnnotations({ autoscaling: { maxReplicas: 40 } });
const byGateway = followingAnnotations({
  autoscaling: { maxReplicas: 40 },
  gateway: { routes: [] },
} as Partial<ServiceArgs>);

describe("canary after a stable that is scaled", () => {
  let api: ApiServer;
  let end: () => Promise<void>;
  beforeEach(async () => {
    ({ api, end } = await quickCluster());
    const record = { version: 2, cluster: "cluster-uid", sequence: 4, verdicts: {}, stableHistory: [a], epoch: 3 };
    api.put(recordPath, { metadata: { name: "web-rollout" }, data: { record: JSON.stringify(record) } });
  });
  afterEach(() => end());

  const rollout = { epoch: 3, release: b, from: a, runs: { canary: b, stable: a }, weight: 10 } as Rollout;
  const put = (name: string, release: string, replicas: number, annotations = {}, availableReplicas = replicas) =>
    api.put(path(name), {
      metadata: { name, annotations },
      spec: { replicas, template: { metadata: { labels: { release } }, spec: {} } },
      status: { availableReplicas },
    });
  const tracks = (stable: number, canary: number, annotations = byPods, available = stable) => {
    put("web", a, stable, {}, available);
    put("web-canary", b, canary, annotations);
  };
  const of = (assertHeld = () => {}) => ({
    ...{ api: direct(api), cluster: "cluster-uid", namespace, service: "web" },
    assertHeld,
  });
  const follow = (changes: Partial<Rollout> = {}, assertHeld?: () => void) =>
    followStable(of(assertHeld), { ...rollout, ...changes } as Rollout, new AbortController().signal);
  const pods = () => api.objects.get(path("web-canary"))?.spec.replicas;
  const writes = () => api.requests.filter(({ method }) => method !== "GET");

  it("gets the pods of its weight, and the record's number is raised first", async () => {
    tracks(27, 1);
    assert.equal(await follow(), "Canary has 3 pods now, because stable was scaled to 27.");
    assert.equal(pods(), 3);
    assert.equal(recordIn(api, recordPath).sequence, 5);
    assert.deepEqual(
      writes().map(({ path: each }) => each),
      [recordPath, path("web-canary")],
    );
  });

  it("grows only with the pods of stable that serve, and does not shrink meanwhile", async () => {
    tracks(36, 2, byPods, 27);
    await follow();
    assert.equal(pods(), 3);
    tracks(36, 3, byPods, 9);
    await follow();
    assert.equal(pods(), 3);
  });

  it("shrinks too", async () => {
    tracks(9, 3);
    assert.equal(await follow(), "Canary has 1 pod now, because stable was scaled to 9.");
    assert.equal(pods(), 1);
  });

  it("has the capacity for its weight behind a gateway", async () => {
    tracks(12, 5, byGateway);
    await follow({ weight: 50 });
    assert.equal(pods(), 12);
  });

  for (const [sentence, prepare, changes] of [
    ["stable has changed a little", () => tracks(14, 1), {}],
    ["its pods fit", () => tracks(9, 1), {}],
    ["no user reaches it", () => tracks(90, 1), { weight: 0 }],
    ["its weight is not that of a rollout", () => tracks(90, 1), { weight: undefined }],
    ["it must run another release", () => tracks(90, 1), { runs: { canary: a, stable: a } }],
    ["it was scaled to zero", () => tracks(90, 0), {}],
    ["the program sets stable's number", () => tracks(90, 1, {}), {}],
    ["it runs another release", () => [put("web", a, 90), put("web-canary", a, 1, byPods)], {}],
    ["stable does not exist", () => put("web-canary", b, 1, byPods), {}],
    ["it does not exist", () => put("web", a, 90), {}],
  ] as const) {
    it(`is left as it is if ${sentence}`, async () => {
      prepare();
      api.requests.length = 0;
      assert.equal(await follow(changes as Partial<Rollout>), undefined);
      assert.deepEqual(writes(), []);
    });
  }

  it("says if its share is far from the weight because stable has so few pods", async () => {
    tracks(1, 1);
    api.requests.length = 0;
    const sentence = "Canary gets 50 % of the requests in place of 10 %, because stable has only 1 pod now.";
    assert.equal(await follow(), sentence);
    assert.deepEqual(writes(), []);
    tracks(1, 3);
    assert.equal(await follow(), sentence);
    assert.equal(pods(), 1);
  });

  it("is not scaled by a driver that another one has replaced", async () => {
    tracks(27, 1);
    await assert.rejects(follow({ epoch: 2 }), Superseded);
    assert.equal(pods(), 1);
  });

  it("is not scaled by a driver without its lease", async () => {
    tracks(27, 1);
    const expired = new UserError("The lease has expired.");
    await assert.rejects(
      follow({}, () => {
        throw expired;
      }),
      expired,
    );
    assert.deepEqual([pods(), recordIn(api, recordPath).sequence], [1, 4]);
  });

  it("keeps what another writer sets meanwhile, such as the zero of a cutoff", async () => {
    tracks(27, 1);
    api.intercept = ({ method, path: asked }) => {
      if (method === "PUT" && asked === recordPath) put("web-canary", b, 0, byPods);
      return undefined;
    };
    assert.equal(await follow(), undefined);
    assert.equal(pods(), 0);
  });

  it("is not scaled once the driver has been told to do something else", async () => {
    tracks(27, 1);
    const over = new AbortController();
    api.intercept = ({ method, path: asked }) => {
      if (method === "PUT" && asked === recordPath) over.abort(new Error("the evidence is bad"));
      return undefined;
    };
    await assert.rejects(followStable(of(), rollout, over.signal), /the evidence is bad/);
    assert.equal(pods(), 1);
  });

  it("is reported if the cluster refuses it", async () => {
    tracks(27, 1);
    api.intercept = ({ method, path: asked }) =>
      method === "PATCH" && asked === path("web-canary") ? { status: 403, body: { message: "quota" } } : undefined;
    await assert.rejects(follow(), /quota/);
  });
});
