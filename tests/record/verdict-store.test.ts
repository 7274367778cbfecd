import assert from "node:assert/strict";
import { connect } from "../../kubernetes/client.ts";
import { findAccess } from "../../kubernetes/kubeconfig.ts";
import type { ApiPath } from "../../kubernetes/resources.ts";
import { Superseded } from "../../record/epoch.ts";
import { forgetAll } from "../../record/forget.ts";
import { type RolloutRecord, raised, type Verdict } from "../../record/record.ts";
import { changeRecord, readRecord, unreadable } from "../../record/record-store.ts";
import { storedVerdict, verdictName } from "../../record/stored-verdict.ts";
import { type Answer, type ApiRequest, ApiServer } from "../fake/api-server.ts";
import { direct } from "../fake/direct.ts";
import { idOf } from "../fake/release-id.ts";
import { withoutSleep } from "../fake/sleep.ts";
import { putVerdict } from "../fake/stored-record.ts";
import { verdict } from "../fake/world.ts";

const [a, b] = ["aaaaaaaaaaaa", "bbbbbbbbbbbb"];
const maps = "/api/v1/namespaces/dora-apps/configmaps";
const path = `${maps}/web-rollout`;
const evidence = { verdict: "bad", reason: "5xx", requests: { canary: 12 } };
const bad: Verdict = { ...verdict("bad", "evidence", "5xx"), evidence };
const good: Verdict = verdict("good", "evidence", "every stream is fine");
const approval: Verdict = { ...verdict("good", "alice"), evidence };

describe("the verdicts of a record", () => {
  let api: ApiServer;
  let sleepAgain: () => void;
  beforeEach(async () => {
    api = await ApiServer.start();
    sleepAgain = withoutSleep();
  });
  afterEach(async () => {
    sleepAgain();
    await api.stop();
  });

  /** A process: it knows nothing that another one has read. */
  const web = () => ({ api: direct(api), namespace: "dora-apps", service: "web", cluster: "cluster-uid" });
  const judge = (release: string, one: Verdict, of = web()) =>
    changeRecord(of, (before) => ({ ...before, verdicts: { ...before.verdicts, [release]: one } }));
  const verdicts = async (of = web()) => {
    const reading = await readRecord(of);
    assert.ok(reading.kind === "read", JSON.stringify(reading));
    return reading.record.verdicts;
  };
  const stored = (): RolloutRecord & { verdicts: Record<string, string> } =>
    JSON.parse(api.objects.get(path)?.data.record);
  const names = () => [...api.objects.keys()].flatMap((key) => /\/(web-(?:verdict|decision)-.*)$/.exec(key)?.[1] ?? []);
  const mapOf = (release: string) => api.objects.get(`${maps}/${stored().verdicts[release]}`);
  const writes = () => api.requests.filter(({ method }) => method !== "GET");
  const once = (isIt: (request: ApiRequest) => boolean, answer: () => Answer | undefined) => {
    api.intercept = (request) => {
      if (!isIt(request)) return undefined;
      api.intercept = () => undefined;
      return answer();
    };
  };
  const isCreation = ({ method, path: to }: ApiRequest) => method === "POST" && to === maps;
  const isWrite = ({ method, path: to, body }: ApiRequest) =>
    (method === "PUT" && to === path) || (method === "POST" && body?.metadata.name === "web-rollout");
  /** A process that is slow: something happens before it first replaces the record. */
  const slow = (meanwhile: () => Promise<unknown>) => {
    const of = web();
    let isFirst = true;
    const replace = async <T>(to: ApiPath<T>, object: object): Promise<T> => {
      if (isFirst) {
        isFirst = false;
        await meanwhile();
      }
      return of.api.replace(to, object);
    };
    return { ...of, api: { ...of.api, replace } };
  };
  const dies = () => {
    throw new Error("killed");
  };
  /** One verdict cannot be read: it is neither absent nor in the way of others, and the record keeps its name. */
  const lostAs = async (sentence: RegExp, release = b) => {
    const reading = await readRecord(web());
    assert.ok(reading.kind === "read");
    const why = reading.lost?.[release];
    assert.ok(why);
    assert.match(unreadable(web(), why).message, sentence);
    assert.equal(reading.record.verdicts[release], undefined);
    const before = JSON.parse(api.objects.get(path)?.data.record);
    const other = "cccccccccccc";
    await judge(other, good);
    assert.equal(stored().verdicts[release], before.verdicts[release]);
    assert.deepEqual(((await readRecord(web())) as typeof reading).record.verdicts[other], good);
    // Evidence does not replace what may have been bad, and an open rollout goes on with what is known.
    await changeRecord(web(), (record) => ({ ...record, open: { epoch: 1, release } }));
    for (const one of [good, verdict("undecided", "evidence")]) await judge(release, one);
    assert.equal(stored().verdicts[release], before.verdicts[release]);
    const open = await readRecord(web());
    assert.ok(open.kind === "read" && open.lost?.[release] && open.record.open?.release === release);
    await judge(release, approval);
    assert.deepEqual((await verdicts())[release], approval);
  };
  const refusedAs = async (sentence: RegExp) => {
    const reading = await readRecord(web());
    assert.ok(reading.kind === "unreadable");
    assert.match(unreadable(web(), reading).message, sentence);
    const before = api.objects.get(path)?.data.record;
    await assert.rejects(changeRecord(web(), raised), sentence);
    assert.equal(api.objects.get(path)?.data.record, before);
  };

  it("are in ConfigMaps of their own that never change, with plain keys that a policy can judge", async () => {
    await judge(a, bad);
    await judge(b, approval);
    const [found, decision] = [mapOf(a), mapOf(b)];
    assert.match(found?.metadata.name ?? "", /^web-verdict-[0-9a-f]{16}$/);
    assert.match(decision?.metadata.name ?? "", /^web-decision-[0-9a-f]{16}$/);
    assert.deepEqual([found?.immutable, decision?.immutable], [true, true]);
    assert.deepEqual(
      [found, decision].map((map) => map?.metadata.labels),
      ["evidence", "person"].map((kind) => ({
        app: "web",
        "gray-release/service": "web",
        "gray-release/verdict": kind,
      })),
    );
    const { evidence: numbers, ...keys } = decision?.data ?? {};
    assert.deepEqual(keys, {
      ...{ kind: "person", release: b, verdict: "good", author: "alice", reason: "looked at it" },
      ...{ at: "2026-01-01T00:00:00Z", revision: "2" },
    });
    assert.deepEqual(JSON.parse(numbers), evidence);
    assert.deepEqual(await verdicts(), { [a]: bad, [b]: approval });
    assert.equal(api.objects.get(path)?.data.version, "2");
  });

  it("are read with one request by each process, however many there are, and are not read again", async () => {
    await changeRecord(web(), (before) => ({
      ...before,
      verdicts: Object.fromEntries(Array.from({ length: 50 }, (_, i) => [idOf(i), verdict("good")])),
    }));
    const process = web();
    const requests = async (run: () => Promise<unknown>) => {
      const from = api.requests.length;
      await run();
      return api.requests.slice(from).map(({ method }) => method);
    };
    assert.deepEqual(await requests(() => verdicts(process)), ["GET", "GET"]);
    assert.deepEqual(await requests(() => verdicts(process)), ["GET"]);
    assert.deepEqual(await requests(() => changeRecord(process, raised)), ["GET", "PUT"]);
    // The last one looks for verdicts that the record does not name any more.
    assert.deepEqual(await requests(() => judge(a, good, process)), ["GET", "POST", "PUT", "GET"]);
    assert.deepEqual(await requests(() => verdicts(process)), ["GET"]);
    await judge(b, bad);
    assert.deepEqual(await requests(() => verdicts(process)), ["GET", "GET"]);
  });

  it("are deleted after they were replaced, once the record names others; decisions of people stay", async () => {
    await judge(b, good);
    const first = stored().verdicts[b];
    once(isWrite, () => {
      assert.equal(names().length, 2, "both are there while the record is written");
      return undefined;
    });
    await judge(b, bad);
    assert.ok(!names().includes(first ?? ""));
    await judge(b, approval);
    await judge(b, { ...bad, reason: "5xx again" });
    assert.deepEqual(new Set(names()), new Set([...(stored().decisions ?? []), stored().verdicts[b]]));
    assert.equal(stored().decisions?.length, 1);
  });

  it("include the newest hundred decisions of people, and all that the record cannot do without", async () => {
    const of = web();
    await changeRecord(of, (before) => ({ ...before, stableHistory: [a], verdicts: { [a]: verdict("bad", "bob") } }));
    for (let i = 0; i < 110; i++) await judge(b, { ...approval, reason: `no. ${i}` }, of);
    assert.deepEqual([names().length, stored().decisions?.length], [101, 100]);
    assert.deepEqual(await verdicts(), { [a]: verdict("bad", "bob"), [b]: { ...approval, reason: "no. 109" } });
  });

  it("are deleted with everything else that is stored for the service", async () => {
    await judge(a, bad);
    await judge(b, approval);
    api.put(`${maps}/other`, {
      metadata: { name: "other", labels: { "gray-release/service": "web", "gray-release/verdict": "person" } },
    });
    await forgetAll(web());
    assert.deepEqual([names(), api.objects.has(path), api.objects.has(`${maps}/other`)], [[], false, true]);
  });

  describe("when a writer dies", () => {
    it("before it has created its verdict: nothing has changed", async () => {
      await judge(b, bad);
      once(isCreation, dies);
      await assert.rejects(judge(b, approval), /killed/);
      assert.deepEqual([await verdicts(), names().length], [{ [b]: bad }, 1]);
    });

    for (const [when, isBefore] of [
      ["before", true],
      ["after", false],
    ] as const) {
      it(`${when} the record was written: it is as ${isBefore ? "it was, and the next change deletes what is left" : "it should be"}`, async () => {
        await judge(b, bad);
        once(isWrite, () => {
          if (!isBefore) api.answer(api.requests.at(-1) as ApiRequest);
          return dies();
        });
        await assert.rejects(judge(b, approval), /killed/);
        assert.deepEqual([await verdicts(), names().length], [{ [b]: isBefore ? bad : approval }, 2]);
        await judge(a, good);
        assert.deepEqual(await verdicts(), { [a]: good, [b]: isBefore ? bad : approval });
        assert.deepEqual(names().length, 2);
      });
    }

    it("in its first change, whose record is the first: there is none", async () => {
      once(isWrite, dies);
      await assert.rejects(judge(b, bad), /killed/);
      assert.deepEqual([await readRecord(web()), names().length], [{ kind: "absent" }, 1]);
      await judge(b, good);
      assert.deepEqual([await verdicts(), names().length], [{ [b]: good }, 1]);
    });

    it("before it deletes the replaced verdict, or may not: the next change deletes it", async () => {
      await judge(b, good);
      api.intercept = ({ method }) => (method === "DELETE" ? { status: 403, body: { message: "no" } } : undefined);
      await judge(b, bad);
      api.intercept = () => undefined;
      assert.equal(names().length, 2);
      await judge(a, good);
      assert.deepEqual([await verdicts(), names().length], [{ [a]: good, [b]: bad }, 2]);
    });
  });

  describe("when another writer is faster", () => {
    it("are those of both", async () => {
      await judge(b, bad);
      await judge(
        b,
        approval,
        slow(() => judge(a, bad)),
      );
      assert.deepEqual([await verdicts(), names().length], [{ [a]: bad, [b]: approval }, 2]);
    });

    it("loses none of twenty", async () => {
      sleepAgain();
      const all = Array.from({ length: 20 }, (_, i) => idOf(i));
      const cluster = connect(findAccess({ kubeconfig: api.kubeconfig }));
      await Promise.all(all.map((id) => judge(id, good, { ...web(), api: cluster })));
      assert.deepEqual([new Set(Object.keys(await verdicts())), names().length], [new Set(all), 20]);
    });

    it("are not changed by a good verdict by evidence that has meanwhile become bad", async () => {
      await judge(a, good);
      const of = slow(() => judge(b, bad));
      const after = await changeRecord(of, (before) =>
        before.verdicts[b] ? before : { ...before, verdicts: { ...before.verdicts, [b]: good } },
      );
      assert.deepEqual(
        [after.verdicts, await verdicts()],
        [
          { [a]: good, [b]: bad },
          { [a]: good, [b]: bad },
        ],
      );
    });

    it("are not changed by a driver that is superseded between its two writes", async () => {
      await judge(b, bad);
      const takenOver = () => changeRecord(web(), (before) => ({ ...before, epoch: 2 }));
      const stale = changeRecord(slow(takenOver), (before) => {
        if (before.epoch === 2) throw new Superseded("Another driver has taken over.");
        return { ...before, verdicts: { [b]: good } };
      });
      await assert.rejects(stale, Superseded);
      assert.deepEqual(await verdicts(), { [b]: bad });
      // What it has created may no longer be named by anybody, and goes with the next change.
      assert.equal(names().length, 2);
      await judge(a, good);
      assert.equal(names().length, 2);
    });

    it("are not deleted while their writer is about to name them", async () => {
      await judge(a, good);
      // The process that deletes is stopped before it does so, and then sees what the next writer has created.
      const [deletes, goesOn] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
      const of = web();
      await verdicts(of);
      const list = async <T>(to: ApiPath<T>, selector?: string): Promise<T[]> => {
        deletes.resolve();
        await goesOn.promise;
        return of.api.list(to, selector);
      };
      const stopped = { ...of.api, list, until: () => stopped };
      const deleting = judge(a, bad, { ...of, api: stopped });
      await deletes.promise;
      const next = slow(async () => {
        goesOn.resolve();
        await deleting;
      });
      await judge(b, good, next);
      assert.deepEqual([await verdicts(), names().length], [{ [a]: bad, [b]: good }, 2]);
    });

    it("are created again if a busy API server answers 409 although there is none", async () => {
      await judge(a, good);
      once(isCreation, () => ({ status: 409, body: { message: "the quota has been modified" } }));
      await judge(b, bad);
      assert.deepEqual(await verdicts(), { [a]: good, [b]: bad });
    });

    it("are read again if the record named others by the time of the second request", async () => {
      await judge(b, good);
      const of = web();
      let isFirst = true;
      const list = async <T>(to: ApiPath<T>, selector?: string): Promise<T[]> => {
        if (isFirst) {
          isFirst = false;
          await judge(b, bad);
        }
        return of.api.list(to, selector);
      };
      assert.deepEqual(await verdicts({ ...of, api: { ...of.api, list } }), { [b]: bad });
    });
  });

  describe("that cannot be read are never taken for absent, nor replaced by evidence unless it is bad", () => {
    const remedy = `restore \\S+; or remove ${b} from the verdicts in the record with kubectl edit configmap web-rollout -n dora-apps, and judge the release again with gray approve ${b} --reason "…" -n dora-apps --service web\\.$`;

    it("if one is missing", async () => {
      await judge(b, bad);
      api.objects.delete(`${maps}/${stored().verdicts[b]}`);
      await lostAs(
        new RegExp(
          `The record web-rollout in namespace dora-apps cannot be read \\(the verdict on ${b} in ConfigMap web-verdict-\\w+ is missing\\): ${remedy}`,
        ),
      );
    });

    for (const [what, change] of [
      ["says something else", { verdict: "good" }],
      ["says that a person has judged", { kind: "person", author: "alice" }],
      ["is cut off", undefined],
    ] as const) {
      it(`if one ${what}`, async () => {
        await judge(b, bad);
        const map = mapOf(b);
        assert.ok(map);
        map.data = change && { ...map.data, ...change };
        await lostAs(/in ConfigMap web-verdict-\w+ cannot be read \(its name is not that of its content\)\): restore/);
      });
    }

    it("if one lacks the label by which it is found", async () => {
      await judge(b, bad);
      delete mapOf(b)?.metadata.labels?.["gray-release/verdict"];
      await lostAs(/is missing/);
    });

    it("if one is on another release", async () => {
      await judge(b, good);
      const { verdicts: all, ...rest } = stored();
      const record = JSON.stringify({ ...rest, verdicts: { [a]: all[b] } });
      api.put(path, { metadata: { name: "web-rollout" }, data: { record } });
      await lostAs(new RegExp(`the verdict on ${a} in ConfigMap \\S+ is on ${b}`), a);
    });

    it("if one is not valid", async () => {
      const name = putVerdict(api, b, { ...bad, verdict: "fine" as "good" });
      const record = JSON.stringify({ ...emptied(), verdicts: { [b]: name } });
      api.put(path, { metadata: { name: "web-rollout" }, data: { record } });
      await lostAs(/cannot be read \(verdict: must be good, bad or undecided\)/);
    });

    for (const [kind, author] of [
      ["person", "evidence"],
      ["evidence", "alice"],
    ] as const) {
      it(`if one is named as by ${kind === "person" ? "a person" : kind} and is by ${author}`, async () => {
        const data = { ...storedVerdict(b, good, 1), kind, author };
        const name = verdictName("web", data);
        const labels = { "gray-release/service": "web", "gray-release/verdict": kind };
        api.put(`${maps}/${name}`, { metadata: { name, labels }, data });
        const record = JSON.stringify({ ...emptied(), verdicts: { [b]: name } });
        api.put(path, { metadata: { name: "web-rollout" }, data: { record } });
        await lostAs(/cannot be read \(its author \w+ does not match its kind \w+\)/);
      });
    }

    it("if one is in the record itself, once they have ConfigMaps of their own", async () => {
      const record = JSON.stringify({ ...emptied(), verdicts: { [b]: approval } });
      api.put(path, { metadata: { name: "web-rollout" }, data: { version: "2", record } });
      await refusedAs(/cannot be read \(verdicts\.bbbbbbbbbbbb: must be the name of a ConfigMap\): restore it/);
    });
  });

  it("of an older version are in the record itself, and the first change gives each a ConfigMap before it leaves the record", async () => {
    const record = JSON.stringify({ ...emptied(), verdicts: { [a]: bad, [b]: approval } });
    api.put(path, { metadata: { name: "web-rollout" }, data: { record } });
    assert.deepEqual(await verdicts(), { [a]: bad, [b]: approval });
    once(isWrite, dies);
    await assert.rejects(changeRecord(web(), raised), /killed/);
    assert.equal(api.objects.get(path)?.data.record, record);
    await changeRecord(web(), raised);
    assert.deepEqual(await verdicts(), { [a]: bad, [b]: approval });
    assert.deepEqual(new Set(names()), new Set(Object.values(stored().verdicts)));
    assert.equal(writes().filter(({ method }) => method === "DELETE").length, 0);
  });

  const emptied = () => ({ version: 2, cluster: "cluster-uid", sequence: 0, stableHistory: [] });
});
