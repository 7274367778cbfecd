import assert from "node:assert/strict";
import { Evidence } from "../../analysis/evidence.ts";
import { isCounting } from "../../evaluation/counting.ts";
import { EvidenceStore } from "../../record/evidence-store.ts";
import { canary, stable, tick } from "../analysis/ticks.ts";
import { DarkCanary } from "../fake/dark-canary.ts";

describe("requests to canary", () => {
  /** When the evidence was stored, in milliseconds. */
  const at = 3000;
  const minute = 60_000;
  let dark: DarkCanary;
  beforeEach(async () => {
    dark = await DarkCanary.start();
  });
  afterEach(() => dark.stop());
  const start = async (weight: number, { release = canary } = {}) => {
    await dark.up({ weight }, {});
    dark.pod("web-canary-1", { release });
    const evidence = new Evidence({ canary, stable: [stable] });
    evidence.observe(tick(at / 1000, {}));
    const of = { api: dark.cluster, namespace: "dora-apps", service: "web" };
    await new EvidenceStore(of, assert.fail).save(evidence, Number.POSITIVE_INFINITY);
  };
  const counts = (now: number) => isCounting({ api: dark.cluster, namespace: "dora-apps", service: "web" }, now);

  it("count if evidence on its release was stored less than a minute ago, and users reach it", async () => {
    await start(10);
    assert.deepEqual([await counts(at), await counts(at + minute - 1), await counts(at + minute)], [true, true, false]);
  });

  it("do not count while no user reaches it", async () => {
    await start(0);
    assert.equal(await counts(at), false);
  });

  it("do not count if the evidence is on another release, is not stored, or cannot be parsed", async () => {
    await start(10, { release: "cccccccccccc" });
    assert.equal(await counts(at), false);
    dark.world.api.put("/api/v1/namespaces/dora-apps/configmaps/web-evidence", {
      metadata: { name: "web-evidence", namespace: "dora-apps" },
      data: { evidence: '{"version":1}' },
    });
    assert.equal(await counts(at), false);
    dark.world.api.objects.delete("/api/v1/namespaces/dora-apps/configmaps/web-evidence");
    assert.equal(await counts(at), false);
  });
});
