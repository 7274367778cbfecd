import assert from "node:assert/strict";
import { Evidence, type Question } from "../../analysis/evidence.ts";
import { type Cluster, connect } from "../../rollout/cluster.ts";
import { forgetEvidence, keepEvidence, keptEvidence } from "../../rollout/kept-evidence.ts";
import { findAccess } from "../../rollout/kubeconfig.ts";
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
  const kept = (about = question) => keptEvidence(api, "shop", "web", about);
  const plain = (evidence: Evidence | undefined) => evidence && JSON.parse(JSON.stringify(evidence));

  it("is what was seen, and can be gone on with", async () => {
    await keepEvidence(api, "shop", "web", seen(3));
    assert.deepEqual(plain(await kept()), plain(seen(3)));
    await keepEvidence(api, "shop", "web", seen(9));
    const found = await kept();
    assert.ok(found?.conviction);
  });

  it("is nothing where there is none, or after it was forgotten", async () => {
    assert.equal(await kept(), undefined);
    await keepEvidence(api, "shop", "web", seen(3));
    await forgetEvidence(api, "shop", "web");
    assert.equal(await kept(), undefined);
  });

  it("is nothing for other releases, or other pairs", async () => {
    await keepEvidence(api, "shop", "web", seen(3));
    assert.equal(await kept({ canary, stable: ["cccccccccccc"] }), undefined);
    assert.equal(await kept({ canary: "cccccccccccc", stable: [stable] }), undefined);
    assert.equal(await kept({ ...question, pairs: ["orders"] }), undefined);
  });

  it("is nothing where it cannot be understood", async () => {
    await keepEvidence(api, "shop", "web", seen(3));
    const object = world.api.objects.get("/api/v1/namespaces/shop/configmaps/web-evidence");
    for (const evidence of ["", "{}", '{"version":2}']) {
      if (object) object.data = { evidence };
      assert.equal(await kept(), undefined);
    }
  });
});
