import assert from "node:assert/strict";
import { Evidence, type Question } from "../../analysis/evidence.ts";
import { type Cluster, connect } from "../../kubernetes/cluster.ts";
import { findAccess } from "../../kubernetes/kubeconfig.ts";
import { forgetAll } from "../../record/config-map-store.ts";
import { keptEvidence, Store } from "../../record/evidence-store.ts";
import { canary, stable, tick } from "../analysis/ticks.ts";
import { World } from "../fake/world.ts";

describe("the evidence that the cluster keeps", () => {
  const question: Question = { canary, stable: [stable] };
  let world: World;
  let api: Cluster;
  beforeEach(async () => {
    world = await World.start("shop");
    api = connect(findAccess({ kubeconfig: world.kubeconfig }));
  });
  afterEach(() => world.stop());

  const seen = (seconds: number, about = question) => {
    const evidence = new Evidence(about);
    for (let second = 1; second <= seconds; second++)
      evidence.observe(tick(second, { failed: 1 }, { slower: { 1: 0 } }));
    return evidence;
  };
  const notes: string[] = [];
  const store = () => new Store({ api, namespace: "shop", service: "web" }, (sentence) => void notes.push(sentence));
  const keep = (evidence: Evidence) => store().keep(evidence, Infinity);
  const kept = (about = question) => keptEvidence(api, "shop", "web", about);
  const plain = (evidence: Evidence | undefined) => evidence && JSON.parse(JSON.stringify(evidence));

  it("is what was seen, and can be gone on with", async () => {
    await keep(seen(3));
    assert.deepEqual(plain(await kept()), plain(seen(3)));
    await keep(seen(9));
    const found = await kept();
    assert.ok(found?.conviction);
  });

  it("is nothing where there is none, or after it was forgotten", async () => {
    assert.equal(await kept(), undefined);
    await keep(seen(3));
    await forgetAll(api, "shop", "web");
    assert.equal(await kept(), undefined);
  });

  it("is nothing for other releases, or other pairs", async () => {
    await keep(seen(3));
    assert.equal(await kept({ canary, stable: ["cccccccccccc"] }), undefined);
    assert.equal(await kept({ canary: "cccccccccccc", stable: [stable] }), undefined);
    assert.equal(await kept({ ...question, pairs: ["orders"] }), undefined);
  });

  it("is nothing where it cannot be understood", async () => {
    await keep(seen(3));
    const object = world.api.objects.get("/api/v1/namespaces/shop/configmaps/web-evidence");
    for (const evidence of ["", "{}", '{"version":4}']) {
      if (object) object.data = { evidence };
      assert.equal(await kept(), undefined);
    }
  });

  it("is nothing, so that evidence begins anew, where it was kept on a finer grid of ratios", async () => {
    await keep(seen(3));
    const object = world.api.objects.get("/api/v1/namespaces/shop/configmaps/web-evidence");
    const now = JSON.parse(object?.data.evidence);
    const finer = structuredClone(now);
    for (const streams of Object.values<Record<string, { known: number[] }>>(finer.streams)) {
      for (const stream of Object.values(streams)) stream.known = Array.from({ length: 83 }, () => 0);
    }
    for (const evidence of [{ ...finer, version: 1 }, finer, { ...now, version: 1 }]) {
      if (object) object.data = { evidence: JSON.stringify(evidence) };
      assert.equal(await kept(), undefined);
    }
  });

  it("is written now and then, and at the end, but not before anything was seen", async () => {
    const writes = () => world.api.requests.filter(({ method }) => method === "POST" || method === "PUT").length;
    const one = store();
    await one.keep(seen(3), 0);
    await one.keep(seen(3), 29_000);
    assert.equal(writes(), 0);
    await one.keep(seen(3), 30_000);
    await one.keep(seen(3), 31_000);
    assert.equal(writes(), 1);
    await one.keep(seen(3), Infinity);
    assert.equal(writes(), 2);
    await store().keep(new Evidence(question), Infinity);
    assert.equal(writes(), 2);
  });

  it("is done without where the cluster refuses it, and says so once", async () => {
    world.api.intercept = ({ method }) => (method === "POST" ? { status: 403, body: { message: "no" } } : undefined);
    const one = store();
    notes.length = 0;
    await one.keep(seen(3), Infinity);
    await one.keep(seen(3), Infinity);
    assert.equal(notes.length, 1);
    assert.match(notes[0] ?? "", /^The evidence could not be kept in the cluster \(no /);
  });
});
