import assert from "node:assert/strict";
import fc from "fast-check";
import { resolveStep } from "../../components/step.ts";
import { connect } from "../../kubernetes/client.ts";
import { findAccess } from "../../kubernetes/kubeconfig.ts";
import { parseRecord, raised } from "../../record/record.ts";
import { changeRecord, readAdopted } from "../../record/record-store.ts";
import { fromVersion1 } from "../../record/version-1.ts";
import { rolloutIn } from "../../rollout/rollout.ts";
import { ApiServer } from "../fake/api-server.ts";
import { direct } from "../fake/direct.ts";
import { recordIn } from "../fake/stored-record.ts";
import { twoStacks } from "../fake/two-stacks.ts";
import { canary, prod } from "../fake/web.ts";
import { World } from "../fake/world.ts";

const [a, b, c] = ["aaaaaaaaaaaa", "bbbbbbbbbbbb", "cccccccccccc"] as const;
const at = "2026-01-01T00:00:00.000Z";
const steps = [resolveStep({ stage: "dark" }, []), resolveStep({ stage: "full" }, [])];
const old = (by: string, because: string) => ({ by, because, at });
const now = (by: string, reason: string) => ({ by, reason, at });

/** Every field that version 1 had, and one that a newer version may have added. */
const version1 = {
  version: 1,
  cluster: "cluster-uid",
  sequence: 7,
  epoch: 4,
  completed: [a],
  instead: { [c]: a },
  adopted: { release: a, front: { app: "web" } },
  verdicts: {
    [b]: {
      verdict: "good",
      ...old("alice", "looks fine"),
      evidence: { verdict: "good", because: "4 streams", requests: 12 },
    },
  },
  open: {
    ...{
      epoch: 4,
      release: b,
      from: a,
      weight: 0,
      runs: { canary: b, stable: a },
      by: "alice",
      began: at,
      steps,
      step: 0,
    },
    ...{ entered: at, checked: true, urgent: true, effect: { name: "dark", at } },
    ...{
      approved: old("bob", "go"),
      paused: old("carol", "lunch"),
      left: old("gray", "no pods"),
      ending: old("evidence", "5xx"),
    },
  },
  ended: [{ release: c, from: a, began: at, ended: at, by: "alice", outcome: "undone", because: "5xx" }],
  mood: "sunny",
};

const version2 = {
  version: 2,
  cluster: "cluster-uid",
  sequence: 7,
  epoch: 4,
  stableHistory: [a],
  replacedBy: { [c]: a },
  adopted: { release: a, front: { app: "web" } },
  verdicts: {
    [b]: {
      verdict: "good",
      ...now("alice", "looks fine"),
      evidence: { verdict: "good", reason: "4 streams", requests: 12 },
    },
  },
  open: {
    ...{
      epoch: 4,
      release: b,
      from: a,
      weight: 0,
      runs: { canary: b, stable: a },
      by: "alice",
      began: at,
      steps,
      step: 0,
    },
    ...{ stepStartedAt: at, checked: true, fastRollback: true, effect: { name: "dark", at } },
    ...{ approved: now("bob", "go"), paused: now("carol", "lunch") },
    ...{ stoppedReason: now("gray", "no pods"), rollbackRequested: now("evidence", "5xx") },
  },
  ended: [{ release: c, from: a, began: at, ended: at, by: "alice", outcome: "undone", reason: "5xx" }],
  mood: "sunny",
};

describe("a record of version 1", () => {
  it("is read field by field, open rollout, undone release and unknown fields included", () => {
    assert.deepEqual(parseRecord(JSON.stringify(version1), "cluster-uid"), { kind: "read", record: version2 });
  });

  it("has an open rollout that a driver can continue", () => {
    const reading = parseRecord(JSON.stringify(version1), "cluster-uid");
    assert.equal(reading.kind, "read");
    if (reading.kind === "read") assert.deepEqual(rolloutIn("web", reading.record), version2.open);
  });

  it("is written as version 2 with the next change, which an older binary refuses to read", async () => {
    const api = await ApiServer.start();
    try {
      const path = "/api/v1/namespaces/shop/configmaps/web-rollout";
      api.put(path, { metadata: { name: "web-rollout" }, data: { record: JSON.stringify(version1) } });
      const cluster = connect(findAccess({ kubeconfig: api.kubeconfig }));
      const web = { api: cluster, namespace: "shop", service: "web", cluster: "cluster-uid" };
      assert.deepEqual(await readAdopted(web), version1.adopted);
      await changeRecord(web, (before) => ({
        ...before,
        sequence: 8,
      }));
      const { decisions, revision, ...record } = recordIn(api, path);
      assert.deepEqual(record, { ...version2, sequence: 8 });
      const { verdicts } = JSON.parse(api.objects.get(path)?.data.record);
      assert.match(verdicts[b], /^web-decision-[0-9a-f]{16}$/);
      assert.deepEqual([decisions, revision], [[verdicts[b]], 1]);
    } finally {
      await api.stop();
    }
  });

  it("gets no field that it did not have, and keeps a value that is of another form", () => {
    assert.deepEqual(fromVersion1({ version: 1 }), { version: 2 });
    const plain = { verdict: "good", by: "alice", at };
    const held = { verdicts: { [a]: plain, [b]: "good" }, open: "b", ended: ["b"] };
    assert.deepEqual(fromVersion1({ version: 1, ...held }), { version: 2, ...held });
  });

  it("is unreadable if a field is invalid, and no other value is changed", () => {
    const broken = { ...version1, completed: "all" };
    assert.equal(parseRecord(JSON.stringify(broken), "cluster-uid").kind, "unreadable");
    assert.equal(fromVersion1(version2), version2);
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        assert.equal(fromVersion1(value), value);
        assert.equal(
          parseRecord(JSON.stringify({ version: 1, open: value, verdicts: value, ended: value }), "x").kind,
          "unreadable",
        );
      }),
    );
  });

  it("keeps an undone release undone on both tracks", async () => {
    const world = await World.start();
    try {
      const { install, tryNext } = twoStacks(() => world);
      const first = await install();
      const second = await tryNext("b");
      const bad = { verdict: "bad", by: "evidence", because: "5xx", at };
      const record = { ...version1, verdicts: { [second]: bad }, completed: [first], instead: { [second]: first } };
      const { open: _, adopted: __, ...ended } = record;
      world.writeRecordText(JSON.stringify(ended), "web");
      await world.up("canary", canary("b"));
      assert.equal(world.runs("web-canary"), first);
      await world.up("prod", prod("b"));
      assert.equal(world.runs("web"), first);
      const web = { api: direct(world.api), namespace: "dora-apps", service: "web", cluster: "cluster-uid" };
      await changeRecord(web, raised);
      const { version, record: text } = world.api.objects.get(world.recordPath("web"))?.data ?? {};
      assert.deepEqual([version, typeof JSON.parse(text).verdicts[second]], ["2", "string"]);
      await world.up("prod", prod("b"));
      assert.equal(world.runs("web"), first, "the verdict in a ConfigMap of its own keeps it out too");
    } finally {
      await world.stop();
    }
  });
});
