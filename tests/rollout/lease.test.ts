import assert from "node:assert/strict";
import { PassThrough } from "node:stream";
import { setImmediate } from "node:timers/promises";
import { UserError } from "../../components/user-error.ts";
import { connect } from "../../kubernetes/client.ts";
import type { Cluster } from "../../kubernetes/cluster.ts";
import { findAccess } from "../../kubernetes/kubeconfig.ts";
import { thisProcess } from "../../rollout/holder.ts";
import { Lease } from "../../rollout/lease.ts";
import { identityOf } from "../../rollout/lease-acquisition.ts";
import { type ApiObject, ApiServer } from "../fake/api-server.ts";
import { FakeClock } from "../fake/clock.ts";

const leases = "/apis/coordination.k8s.io/v1/namespaces/shop/leases";
const path = `${leases}/web-rollout`;
/** A driver on another machine. */
const theirs = identityOf({ host: "ci-7", pid: 4711, started: "2617702", machine: "another.1" });
const down = { status: 503, body: { message: "down" } };

describe("the lease of a rollout", () => {
  let server: ApiServer;
  let clock: FakeClock;
  let calls: number;
  const notes: string[] = [];
  const held: Lease[] = [];
  beforeEach(async () => {
    server = await ApiServer.start({ namespace: "shop", hasConnections: true });
    clock = new FakeClock();
    calls = 0;
    notes.length = 0;
  });
  afterEach(async () => {
    server.intercept = () => undefined;
    await Promise.all(held.splice(0).map((lease) => lease.release()));
    await server.stop();
  });

  /** Counts the calls of the API that are not answered yet. */
  const counting = (api: Cluster): Cluster => {
    const count = async <T>(call: Promise<T>): Promise<T> => {
      calls++;
      return call.finally(() => calls--);
    };
    return {
      ...api,
      get: (...args) => count(api.get(...args)),
      create: (...args) => count(api.create(...args)),
      replace: (...args) => count(api.replace(...args)),
      until: (signal) => counting(api.until(signal)),
    };
  };
  const settled = async () => {
    do await setImmediate();
    while (calls > 0);
  };
  const pass = (seconds: number) => clock.pass(seconds * 1000, settled);
  const take = async () => {
    const api = counting(connect(findAccess({ kubeconfig: server.kubeconfig })));
    const lease = await Lease.take({ api, namespace: "shop", service: "web" }, (one) => void notes.push(one), clock);
    held.push(lease);
    return lease;
  };
  const stored = () => server.objects.get(path);
  const put = (spec: object) => server.put(path, { metadata: { name: "web-rollout" }, spec });
  const putTheirs = (more: object = {}) =>
    put({ holderIdentity: theirs, leaseDurationSeconds: 15, acquireTime: "2026-01-31T12:00:00.123456Z", ...more });
  const reasonOf = ({ lost }: Lease) => (lost.reason as Error).message;

  describe("is acquired", () => {
    it("if there is none, and then names its holder, its time and its duration", async () => {
      await take();
      const { metadata, spec } = stored() as ApiObject;
      assert.deepEqual(metadata.labels, { app: "web", "gray-release/service": "web" });
      const { host, pid } = thisProcess();
      assert.ok(spec.holderIdentity.startsWith(`${host}/${pid}/`));
      assert.equal(spec.leaseDurationSeconds, 15);
      assert.equal(spec.leaseTransitions, 0);
      assert.match(spec.acquireTime, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$/);
      assert.equal(spec.renewTime, spec.acquireTime);
      assert.deepEqual(notes, []);
    });

    it("at once if it was released", async () => {
      await (await take()).release();
      const second = await take();
      second.assertHeld();
      assert.equal(stored()?.spec.leaseTransitions, 1);
      assert.deepEqual(notes, []);
    });

    it("at once from a process of this machine that has ended, which is reported", async () => {
      putTheirs({ holderIdentity: identityOf({ ...thisProcess(), host: "here", started: "1" }), leaseTransitions: 3 });
      await take();
      assert.equal(stored()?.spec.leaseTransitions, 4);
      assert.deepEqual(notes, [
        `Process ${process.pid} on here drove the rollout of web in namespace shop and has stopped renewing its lease: taking over.`,
      ]);
    });

    it("from a driver elsewhere that does not renew it for its duration", async () => {
      putTheirs({ leaseDurationSeconds: 40, renewTime: "1970-01-01T00:00:00.000000Z" });
      const taking = take();
      await pass(40);
      assert.equal(stored()?.spec.holderIdentity, theirs);
      await pass(1);
      (await taking).assertHeld();
      assert.deepEqual(notes, [
        "Process 4711 on ci-7 has the lease of the rollout of web in namespace shop: waiting up to 41 s to see whether it is still alive.",
        "Process 4711 on ci-7 drove the rollout of web in namespace shop and has stopped renewing its lease: taking over.",
      ]);
    });

    it("if it is released or deleted while a driver waits for it", async () => {
      for (const change of [() => put({ leaseDurationSeconds: 15 }), () => server.objects.delete(path)]) {
        putTheirs();
        const taking = take();
        await pass(5);
        change();
        await pass(1);
        const lease = await taking;
        lease.assertHeld();
        await lease.release();
      }
    });

    it("with the labels and annotations of other writers", async () => {
      const metadata = { name: "web-rollout", labels: { team: "a" }, annotations: { by: "hand" } };
      server.put(path, { metadata, spec: {} });
      await take();
      assert.deepEqual(stored()?.metadata.labels, { team: "a", app: "web", "gray-release/service": "web" });
      assert.deepEqual(stored()?.metadata.annotations, { by: "hand" });
    });
  });

  describe("is refused", () => {
    const alive = new UserError(
      'Process 4711 on ci-7 drives the rollout of web in namespace shop since 2026-01-31T12:00:00Z: wait until it has ended, or, from any machine, run gray abort --reason "…" -n shop --service web.',
    );

    it("if its holder renews it, and the message names the driver, the time and what to do", async () => {
      putTheirs();
      const refused = assert.rejects(take(), alive);
      await pass(5);
      putTheirs();
      await pass(1);
      await refused;
      assert.equal(stored()?.spec.holderIdentity, theirs);
    });

    it("if another driver was faster, at the start or after a wait", async () => {
      const faster = () => {
        server.intercept = ({ method }) => {
          if (method !== "POST" && method !== "PUT") return undefined;
          server.intercept = () => undefined;
          putTheirs();
          return undefined;
        };
      };
      faster();
      await assert.rejects(take(), alive);
      faster();
      const refused = assert.rejects(take(), alive);
      await pass(16);
      await refused;
    });

    it("with the API server's message, if the API server refuses it or there is no such namespace", async () => {
      for (const status of [403, 404]) {
        const body = { kind: "Status", message: "not so" };
        server.intercept = ({ method }) => (method === "POST" ? { status, body } : undefined);
        await assert.rejects(take(), { name: "ApiError", status });
      }
    });
  });

  describe("stays held", () => {
    it("by a renewal every five seconds, which changes only its time", async () => {
      const lease = await take();
      const { renewTime, ...begun } = stored()?.spec ?? {};
      const requests = server.requests.length;
      await pass(600);
      lease.assertHeld();
      assert.equal(server.requests.length, requests + 120);
      const { renewTime: renewed, ...now } = stored()?.spec ?? {};
      assert.deepEqual(now, begun);
      assert.ok(renewed > renewTime);
    });

    it("through ten seconds of an unavailable API server, which is reported once", async () => {
      const lease = await take();
      server.intercept = () => down;
      await pass(12);
      assert.match(
        notes[0] ?? "",
        /could not be renewed \(down .*\): trying again for 10 s at most, after which this process stops driving\.$/,
      );
      server.intercept = () => undefined;
      await pass(600);
      lease.assertHeld();
      assert.equal(notes[1], "The lease of the rollout of web in namespace shop is renewed again.");
      assert.equal(notes.length, 2);
    });

    it("if a renewal hangs, which is given up and tried again", async () => {
      const lease = await take();
      server.intercept = ({ method }) => {
        if (method !== "PUT") return undefined;
        server.intercept = () => undefined;
        return { status: 200, stream: new PassThrough() };
      };
      await clock.pass(5000, setImmediate);
      await clock.pass(5000, setImmediate);
      await settled();
      assert.match(notes[0] ?? "", /\(no answer within 5 s\): trying again for 5 s at most/);
      await pass(60);
      lease.assertHeld();
    });

    it("if a renewal succeeded but its answer was lost", async () => {
      const lease = await take();
      server.intercept = ({ method, body }) => {
        if (method !== "PUT" || body === undefined) return undefined;
        server.intercept = () => undefined;
        server.put(path, body);
        return down;
      };
      await pass(60);
      lease.assertHeld();
    });

    it("if a user labels it", async () => {
      const lease = await take();
      const object = stored() as ApiObject;
      server.put(path, { ...object, metadata: { ...object.metadata, labels: { team: "a" } } });
      await pass(60);
      lease.assertHeld();
      assert.equal(stored()?.metadata.labels?.team, "a");
    });

    it("if it is deleted and no other driver has created it", async () => {
      const lease = await take();
      const { spec } = stored() as ApiObject;
      server.objects.delete(path);
      await pass(5);
      assert.equal(stored()?.spec.holderIdentity, spec.holderIdentity);
      await pass(60);
      lease.assertHeld();
      assert.equal(stored()?.spec.acquireTime, spec.acquireTime);
    });
  });

  describe("is lost", () => {
    it("once the API server was unavailable for its duration, and is not regained", async () => {
      const lease = await take();
      server.intercept = () => down;
      await pass(14.9);
      lease.assertHeld();
      await pass(0.1);
      assert.ok(lease.lost.aborted);
      assert.match(
        reasonOf(lease),
        /^The lease of the rollout of web in namespace shop was not renewed for 15 s \(down .*\), so another process may drive it now: this one stops\. Run gray status to see who drives, or gray resume to continue\.$/,
      );
      assert.ok(lease.lost.reason instanceof UserError);
      server.intercept = () => undefined;
      const { renewTime } = stored()?.spec ?? {};
      await pass(60);
      assert.throws(() => lease.assertHeld(), lease.lost.reason);
      assert.equal(stored()?.spec.renewTime, renewTime);
    });

    it("by its own timer if a call hangs and ignores its signal", async () => {
      const lease = await take();
      const never = () => new Promise<never>(() => {});
      Object.assign(lease, {
        of: { api: { until: () => ({ get: never, replace: never }) }, namespace: "shop", service: "web" },
      });
      await pass(14);
      assert.equal(lease.lost.aborted, false);
      await pass(2);
      assert.match(reasonOf(lease), /^The lease of .* was not renewed for 15 s \(no answer within 5 s\)/);
      held.length = 0;
    });

    it("by a process that was stopped for longer, which knows it before any request", async () => {
      for (const wake of [(lease: Lease) => assert.throws(() => lease.assertHeld(), UserError), () => pass(0)]) {
        const lease = await take();
        await pass(7);
        const requests = server.requests.length;
        clock.jump(13_000);
        await wake(lease);
        assert.match(reasonOf(lease), /\(the process or its machine was stopped\)/);
        await pass(60);
        assert.equal(server.requests.length, requests);
        server.objects.delete(path);
      }
    });

    it("by a process that was stopped while it acquired or renewed it, because the answer is old", async () => {
      const stopped = (during: string) => {
        server.intercept = ({ method }) => {
          if (method === during) clock.jump(15_000);
          return undefined;
        };
      };
      stopped("POST");
      const taken = await take();
      assert.throws(() => taken.assertHeld(), /was stopped/);
      stopped("nothing");
      server.objects.delete(path);
      const kept = await take();
      stopped("PUT");
      await pass(5);
      assert.throws(() => kept.assertHeld(), /was stopped/);
    });

    it("if another driver has it, whose name is reported", async () => {
      const lease = await take();
      putTheirs();
      await pass(5);
      assert.equal(
        reasonOf(lease),
        "Process 4711 on ci-7 drives the rollout of web in namespace shop now, so this process stops: follow it with gray watch -n shop --service web.",
      );
      await pass(60);
      assert.equal(stored()?.spec.holderIdentity, theirs);
    });

    it("if a user removed its holder by hand", async () => {
      const lease = await take();
      put({});
      await pass(5);
      assert.match(
        reasonOf(lease),
        /^This process has lost the lease of the rollout of web in namespace shop, and no other drives it/,
      );
    });

    it("if it was deleted and another driver created it", async () => {
      const lease = await take();
      server.objects.delete(path);
      const other = await take();
      await pass(5);
      assert.ok(lease.lost.aborted);
      other.assertHeld();
    });
  });

  describe("is acquired again after it was lost", () => {
    const lose = async () => {
      const lease = await take();
      server.intercept = () => down;
      await pass(15);
      assert.ok(lease.lost.aborted);
      server.intercept = () => undefined;
      return lease;
    };
    const again = async (lease: Lease) => {
      const next = await lease.again();
      held.push(next);
      return next;
    };

    it("at once if no other driver has had it since, however long the cluster took to answer", async () => {
      const lease = await lose();
      server.intercept = ({ method }) => {
        if (method === "GET") clock.jump(20_000);
        return undefined;
      };
      const next = await again(lease);
      next.assertHeld();
      assert.throws(() => lease.assertHeld(), /was not renewed/);
      assert.equal(stored()?.spec.leaseTransitions, 1);
    });

    it("at once also if the write succeeded but its answer was lost", async () => {
      const lease = await lose();
      server.intercept = ({ method, body }) => {
        if (method !== "PUT" || body === undefined) return undefined;
        server.intercept = () => undefined;
        server.put(path, body);
        return down;
      };
      await assert.rejects(lease.again());
      (await again(lease)).assertHeld();
    });

    it("at once also if a renewal that it had given up arrives just before the write", async () => {
      const lease = await lose();
      server.intercept = ({ method, body }) => {
        if (method !== "PUT" || body === undefined) return undefined;
        server.intercept = () => undefined;
        putAgain();
        return undefined;
      };
      const putAgain = () => put({ ...stored()?.spec, renewTime: "2026-01-31T12:00:01.000000Z" });
      (await again(lease)).assertHeld();
    });

    it("like by any other driver if another one had it in between", async () => {
      const lease = await lose();
      putTheirs({ renewTime: "2026-01-31T12:00:01.000000Z" });
      const waiting = again(lease);
      await pass(1);
      putTheirs({ renewTime: "2026-01-31T12:00:02.000000Z" });
      const refused = assert.rejects(waiting, /drives the rollout of web in namespace shop/);
      await pass(20);
      await refused;
    });
  });

  describe("is released", () => {
    it("once, so that it is free, and is no longer renewed", async () => {
      const lease = await take();
      await pass(5);
      await Promise.all([lease.release(), lease.release()]);
      assert.equal(stored()?.spec.holderIdentity, undefined);
      const requests = server.requests.length;
      await pass(60);
      await lease.release();
      assert.equal(server.requests.length, requests);
      assert.equal(lease.lost.aborted, false);
      assert.throws(() => lease.assertHeld(), /no longer drives the rollout of .*: drive it again with gray resume/);
    });

    it("while a renewal is in progress", async () => {
      const lease = await take();
      let releasing: Promise<void> | undefined;
      server.intercept = ({ method }) => {
        if (method === "PUT") releasing ??= lease.release();
        return undefined;
      };
      await pass(5);
      await releasing;
      assert.equal(stored()?.spec.holderIdentity, undefined);
    });

    it("without being created again if it was deleted", async () => {
      const lease = await take();
      server.objects.delete(path);
      await lease.release();
      assert.equal(stored(), undefined);
    });

    it("never by a driver that has lost it", async () => {
      const lease = await take();
      putTheirs();
      await lease.release();
      assert.equal(stored()?.spec.holderIdentity, theirs);
    });

    it("by expiring if the API server is unavailable, which is reported", async () => {
      const lease = await take();
      server.intercept = () => down;
      await lease.release();
      assert.match(notes[0] ?? "", /could not be released \(down .*\): it expires by itself\.$/);
    });
  });
});
