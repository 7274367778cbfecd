import assert from "node:assert/strict";
import { UserError } from "../../components/user-error.ts";
import { ApiError } from "../../kubernetes/api-error.ts";
import { connect } from "../../kubernetes/client.ts";
import { findAccess } from "../../kubernetes/kubeconfig.ts";
import { forgetAll } from "../../record/forget.ts";
import { type RolloutRecord, withStableHistory } from "../../record/record.ts";
import { changeRecord, readRecord } from "../../record/record-store.ts";
import { ApiServer } from "../fake/api-server.ts";
import { direct } from "../fake/direct.ts";
import { idOf } from "../fake/release-id.ts";
import { sleepForever, withoutSleep } from "../fake/sleep.ts";
import { putVerdict } from "../fake/stored-record.ts";
import { wholeRecord as whole } from "../fake/whole-record.ts";
import { verdict } from "../fake/world.ts";

const [a, b, d] = ["aaaaaaaaaaaa", "bbbbbbbbbbbb", "dddddddddddd"];

describe("changing a record", () => {
  let api: ApiServer;
  const path = "/api/v1/namespaces/dora-apps/configmaps/web-rollout";
  const cluster = () => connect(findAccess({ kubeconfig: api.kubeconfig }));
  const web = (by = cluster()) => ({ api: by, namespace: "dora-apps", service: "web", cluster: "uid" });
  const change = (f: (before: RolloutRecord) => RolloutRecord) => changeRecord(web(), f);
  const read = () => readRecord(web());

  beforeEach(async () => {
    api = await ApiServer.start();
  });
  afterEach(() => api.stop());

  it("creates one if there is none", async () => {
    assert.deepEqual(await read(), { kind: "absent" });
    const written = await change((before) => withStableHistory(before, a));
    assert.deepEqual(written, { version: 2, cluster: "uid", sequence: 0, verdicts: {}, stableHistory: [a] });
    assert.deepEqual(await read(), { kind: "read", record: written });
    assert.equal(api.objects.get(path)?.metadata.labels?.["gray-release/service"], "web");
  });

  it("loses neither of two simultaneous changes to an existing record", async () => {
    await change((before) => before);
    await Promise.all([a, b].map((id) => change((before) => withStableHistory(before, id))));
    const after = await read();
    assert.deepEqual(after.kind === "read" && after.record.stableHistory.toSorted(), [a, b]);
  });

  it("loses neither of two simultaneous changes that both create it", async () => {
    await Promise.all([a, b].map((id) => change((before) => withStableHistory(before, id))));
    const after = await read();
    assert.deepEqual(after.kind === "read" && after.record.stableHistory.toSorted(), [a, b]);
  });

  it("loses none of twenty simultaneous changes", async () => {
    const all = Array.from({ length: 20 }, (_, i) => idOf(i));
    await Promise.all(all.map((id) => change((before) => withStableHistory(before, id))));
    const after = await read();
    assert.deepEqual(after.kind === "read" && new Set(after.record.stableHistory), new Set(all));
  });

  it("creates it again if it is deleted in between", async () => {
    await change((before) => withStableHistory(before, a));
    let deleted = false;
    api.intercept = ({ method }) => {
      if (method === "PUT" && !deleted) {
        deleted = true;
        api.objects.delete(path);
      }
      return undefined;
    };
    const after = await change((before) => withStableHistory(before, b));
    assert.deepEqual(after.stableHistory, [b]);
  });

  it("preserves data, labels and annotations of other writers", async () => {
    api.put(path, {
      metadata: {
        name: "web-rollout",
        labels: { "example.com/kept": "yes", app: "web" },
        annotations: { "example.com/note": "do not delete" },
      },
      data: { record: JSON.stringify(whole), notes: "of a person" },
    });
    await change((before) => withStableHistory(before, d));
    const after = api.objects.get(path);
    assert.deepEqual(after?.metadata.labels, {
      "example.com/kept": "yes",
      app: "web",
      "gray-release/service": "web",
    });
    assert.deepEqual(after?.metadata.annotations, { "example.com/note": "do not delete" });
    assert.equal(after?.data.notes, "of a person");
  });

  it("preserves the fields of a newer version at every level", async () => {
    const later = {
      ...whole,
      mood: true,
      verdicts: { bbbbbbbbbbbb: putVerdict(api, "bbbbbbbbbbbb", { ...verdict("good"), signature: "AAAA" }) },
      open: { ...whole.open, colour: 2 },
    };
    api.put(path, { metadata: { name: "web-rollout" }, data: { record: JSON.stringify(later) } });
    const { verdicts } = await change((before) => ({ ...before, sequence: 4 }));
    assert.deepEqual(JSON.parse(api.objects.get(path)?.data.record), { ...later, sequence: 4 });
    assert.deepEqual(verdicts.bbbbbbbbbbbb, { ...verdict("good"), signature: "AAAA" });
  });

  it("never overwrites one that it cannot read", async () => {
    api.put(path, { metadata: { name: "web-rollout" }, data: { record: "{" } });
    await assert.rejects(
      change((before) => before),
      (error) =>
        error instanceof UserError &&
        /^The record web-rollout in namespace dora-apps cannot be read/.test(error.message),
    );
    assert.equal(api.objects.get(path)?.data.record, "{");
  });

  it("writes nothing if nothing changes", async () => {
    await change((before) => withStableHistory(before, a));
    const writes = () => api.requests.filter(({ method }) => method !== "GET").length;
    const before = writes();
    assert.deepEqual((await change((same) => same)).stableHistory, [a]);
    assert.equal(writes(), before);
  });

  it("stays small after any number of verdicts", async () => {
    const evidence = { verdict: "good", reason: "x".repeat(1000) };
    for (let at = 0; at < 120; at++) {
      const one = { ...verdict("good"), at: new Date(at * 1000).toISOString(), evidence };
      await changeRecord(web(direct(api)), (before) => ({
        ...before,
        verdicts: { ...before.verdicts, [idOf(at)]: one },
      }));
    }
    assert.ok((api.objects.get(path)?.data.record.length ?? Infinity) < 40_000);
  });

  it("tries ten times in the first second while the server answers 409, less often later, and then gives up", async () => {
    await change((before) => before);
    const from = api.requests.length;
    api.intercept = ({ method }) => (method === "PUT" ? { status: 409, body: { message: "modified" } } : undefined);
    const waits: number[] = [];
    const restore = withoutSleep((milliseconds) => waits.push(milliseconds));
    try {
      await assert.rejects(
        change((before) => withStableHistory(before, a)),
        (error) => error instanceof ApiError && error.status === 409,
      );
    } finally {
      restore();
    }
    let at = 0;
    const when = [0, ...waits].map((wait) => {
      at += wait;
      return at;
    });
    assert.equal(api.requests.length - from, 2 * when.length);
    for (const start of when) {
      const inOneSecond = when.filter((each) => each >= start && each < start + 1000);
      assert.ok(inOneSecond.length <= 5, `${inOneSecond.length * 2} requests`);
    }
    assert.ok(at > 3000, `${at} ms: longer than a busy moment lasts`);
    assert.ok((when[1] ?? 0) <= 80, "the first time soon");
  });

  it("stops waiting for other writers when its signal aborts", async () => {
    await change((before) => before);
    const stopping = new AbortController();
    api.intercept = ({ method }) => {
      if (method === "PUT") setImmediate(() => stopping.abort(new Error("enough")));
      return method === "PUT" ? { status: 409, body: { message: "modified" } } : undefined;
    };
    const restore = sleepForever();
    try {
      await assert.rejects(
        changeRecord(web(cluster().until(stopping.signal)), (before) => withStableHistory(before, a)),
        /enough/,
      );
    } finally {
      restore();
    }
    assert.equal(api.requests.filter(({ method }) => method === "PUT").length, 1);
  });

  it("throws every error other than a conflict", async () => {
    api.intercept = ({ method }) =>
      method === "POST" ? { status: 403, body: { message: "configmaps is forbidden" } } : undefined;
    await assert.rejects(
      change((before) => before),
      /configmaps is forbidden/,
    );
  });

  it("can be deleted, even if it does not exist", async () => {
    await change((before) => before);
    await forgetAll(web());
    await forgetAll(web());
    assert.deepEqual(await read(), { kind: "absent" });
  });
});
