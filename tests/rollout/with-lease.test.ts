import assert from "node:assert/strict";
import { setImmediate } from "node:timers/promises";
import type { Lease } from "../../rollout/lease.ts";
import { driveWithLease } from "../../rollout/with-lease.ts";
import { bad, quickCluster, Trial, undecided } from "../fake/driven.ts";

describe("a driver whose lease has expired", () => {
  let cluster: Awaited<ReturnType<typeof quickCluster>>;
  let trial: Trial;
  before(async () => {
    cluster = await quickCluster();
    trial = new Trial(cluster.api);
  });
  after(() => cluster.end());

  it("moves users off a release that turns bad while it waits for the lease", async () => {
    const losing = new AbortController();
    let isBad = false;
    const next = { lost: new AbortController().signal };
    const again = async () => {
      isBad = true;
      while (!trial.tracks.done.includes("cut")) await setImmediate();
      return next;
    };
    const held = { lease: { lost: losing.signal, again } as unknown as Lease };
    trial.judgment = ({ stepStartedAt, step }) => {
      if (isBad) return bad;
      if (step === 1 && stepStartedAt) losing.abort();
      return undecided;
    };
    const context = trial.contextOf(await trial.begin());
    assert.deepEqual(await driveWithLease(context, held), { kind: "undone", reason: bad.reason });
    assert.equal(held.lease, next);
  });
});
