import assert from "node:assert/strict";
import { Evidence } from "../../analysis/evidence.ts";
import type { Question } from "../../analysis/question.ts";
import { connect } from "../../kubernetes/client.ts";
import type { Cluster } from "../../kubernetes/cluster.ts";
import { findAccess } from "../../kubernetes/kubeconfig.ts";
import { EvidenceStore, storedEvidence } from "../../record/evidence-store.ts";
import { forgetAll } from "../../record/forget.ts";
import { canary, stable, tick } from "../analysis/ticks.ts";
import { World } from "../fake/world.ts";

describe("the stored evidence", () => {
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
  const web = () => ({ api, namespace: "shop", service: "web" });
  const notes: string[] = [];
  const store = () => new EvidenceStore(web(), (sentence) => void notes.push(sentence));
  const save = (evidence: Evidence) => store().save(evidence, Infinity);
  const kept = (about = question) => storedEvidence(web(), about);
  const plain = (evidence: Evidence | undefined) => evidence && JSON.parse(JSON.stringify(evidence));

  it("is the evidence so far, and can be continued", async () => {
    await save(seen(3));
    assert.deepEqual(plain(await kept()), plain(seen(3)));
    await save(seen(9));
    const found = await kept();
    assert.ok(found?.conviction);
  });

  it("is undefined if none is stored, or after it was deleted", async () => {
    assert.equal(await kept(), undefined);
    await save(seen(3));
    await forgetAll(web());
    assert.equal(await kept(), undefined);
  });

  it("is undefined for other releases or other pairs", async () => {
    await save(seen(3));
    assert.equal(await kept({ canary, stable: ["cccccccccccc"] }), undefined);
    assert.equal(await kept({ canary: "cccccccccccc", stable: [stable] }), undefined);
    assert.equal(await kept({ ...question, pairs: ["orders"] }), undefined);
  });

  it("is undefined if it cannot be parsed", async () => {
    await save(seen(3));
    const object = world.api.objects.get("/api/v1/namespaces/shop/configmaps/web-evidence");
    for (const evidence of ["", "{}", '{"version":4}']) {
      if (object) object.data = { evidence };
      assert.equal(await kept(), undefined);
    }
  });

  it("is undefined, so that evidence begins anew, if it was stored with a finer grid of ratios", async () => {
    await save(seen(3));
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

  it("is written at intervals and at the end, but not before the first poll", async () => {
    const writes = () => world.api.requests.filter(({ method }) => method === "POST" || method === "PUT").length;
    const one = store();
    await one.save(seen(3), 0);
    await one.save(seen(3), 29_000);
    assert.equal(writes(), 0);
    await one.save(seen(3), 30_000);
    await one.save(seen(3), 31_000);
    assert.equal(writes(), 1);
    await one.save(seen(3), Infinity);
    assert.equal(writes(), 2);
    await store().save(new Evidence(question), Infinity);
    assert.equal(writes(), 2);
  });

  it("is not needed to go on: a write that the cluster refuses is reported once", async () => {
    world.api.intercept = ({ method }) => (method === "POST" ? { status: 403, body: { message: "no" } } : undefined);
    const one = store();
    notes.length = 0;
    await one.save(seen(3), Infinity);
    await one.save(seen(3), Infinity);
    assert.equal(notes.length, 1);
    assert.match(notes[0] ?? "", /^The evidence could not be stored in the cluster \(no /);
  });
});
