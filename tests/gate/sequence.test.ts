import assert from "node:assert/strict";
import type { Release } from "../../components/release.ts";
import type { Track, Traffic } from "../../components/traffic.ts";
import { sequences } from "../../gate/sequence.ts";
import type { RouteObject } from "../../kubernetes/objects/route.ts";
import type { Live } from "../../live/live.ts";
import { liveRoute } from "../../live/traffic/gateway/mode.ts";
import type { RecordReading } from "../../record/record.ts";

const annotations = { "gray-release/seq": "4" };
/** A Deployment of release `a`, written with number 4. */
const deployment = (replicas: number, available = replicas, release = "a") => ({
  metadata: { name: "web", generation: 2, annotations },
  spec: { replicas, template: { metadata: { labels: { release } }, spec: {} } },
  status: { observedGeneration: 2, replicas, updatedReplicas: replicas, availableReplicas: available },
});
const front = (selector: object) => ({ service: { metadata: { name: "web", annotations }, spec: { selector } } });
const live = (deployments: object, around: object = {}) =>
  ({ deployments, front: { routes: [], ...around } }) as unknown as Live;
const absent: RecordReading = { kind: "absent" };
const record = (sequence: number): RecordReading => ({
  kind: "read",
  record: { version: 2, cluster: "uid", sequence, verdicts: {}, stableHistory: [] },
});
const releases = { stable: { id: "a" } as Release, canary: { id: "a" } as Release };
const none = new Set<Track>();
const traffic = { selector: { app: "web" }, weight: 10 } as unknown as Traffic;
const asLive = (route: object) => liveRoute(route as RouteObject);
/** A live HTTPRoute with a sequence number. */
const route = (weight: number, number = 4) => ({
  metadata: {
    name: "web",
    labels: { "gray-release/service": "web" },
    annotations: { "gray-release/seq": String(number) },
  },
  spec: {
    rules: [
      {
        backendRefs: [
          { name: "web-stable", weight: 100 - weight },
          { name: "web-canary", weight },
        ],
      },
    ],
  },
});

describe("the sequence number of an object", () => {
  for (const track of ["stable", "canary"] as const) {
    const of = (found: object | undefined, reading: RecordReading = absent) =>
      sequences(live(found ? { [track]: found } : {}), reading, releases, traffic, none)[track];

    it(`stays if ${track} runs the right release completely`, () => assert.equal(of(deployment(3)), 4));

    it(`is the next if the roll of ${track} to the right release is not complete`, () =>
      assert.equal(of(deployment(3, 2)), 5));

    it(`is the next if ${track} runs another release`, () => assert.equal(of(deployment(3, 3, "b")), 5));

    it(`stays if ${track} is scaled to 0 with the right release, and is the next with another one`, () => {
      assert.equal(of(deployment(0)), 4);
      assert.equal(of(deployment(0, 0, "b")), 5);
    });

    it(`is the next if the pod template of ${track} differs from the right release, also at 0 pods`, () => {
      for (const pods of [3, 0]) {
        const drifted = sequences(live({ [track]: deployment(pods) }), absent, releases, traffic, new Set([track]));
        assert.deepEqual([drifted.stable, drifted.canary], track === "stable" ? [5, 0] : [0, 5]);
      }
    });

    it(`is not below the record's for ${track}, whether or not it exists`, () => {
      assert.deepEqual([of(deployment(3), record(9)), of(undefined, record(9)), of(undefined)], [9, 9, 0]);
      assert.equal(of(deployment(3), record(2)), 4);
    });
  }

  it("stays for canary of a Service that a rollback scaled to 0, because users are off it", () => {
    const wanted = { ...traffic, canaryReplicas: 1 };
    assert.equal(sequences(live({ canary: deployment(0) }), absent, releases, wanted, none).canary, 4);
  });

  it("is the next for canary of a worker that lacks its pods, and stays if it should have none", () => {
    const of = (wanted: Pick<Traffic, "weight" | "canaryReplicas">) =>
      sequences(live({ canary: deployment(0) }), absent, releases, { ...wanted, share: 0 }, none).canary;
    assert.equal(of({ weight: 10, canaryReplicas: 1 }), 5);
    assert.equal(of({ weight: 0, canaryReplicas: 0 }), 4);
  });

  it("is that of an object without annotations or with another text: 0, or the next", () => {
    for (const metadata of [{ name: "web" }, { name: "web", annotations: { "gray-release/seq": "many" } }]) {
      const of = (selector: object): number =>
        sequences(live({}, { service: { metadata, spec: { selector } } }), absent, {}, traffic, none).front;
      assert.deepEqual([of({ app: "web" }), of({ app: "other" })], [0, 1]);
    }
  });

  it("stays for the Service that another creator put beside a worker", () => {
    const { selector: _, ...ofWorker } = traffic;
    assert.equal(sequences(live({}, front({ app: "web" })), absent, {}, ofWorker, none).front, 4);
  });

  it("stays for a front with the right selector, and is the next with another one", () => {
    const of = (selector: object, wanted: Traffic | undefined = traffic) =>
      sequences(live({}, front(selector)), absent, {}, wanted, none).front;
    assert.equal(of({ app: "web" }), 4);
    assert.equal(of({ app: "web", track: "stable" }), 5);
    assert.equal(sequences(live({}, front({ app: "web", track: "stable" })), absent, {}, undefined, none).front, 4);
  });

  it("stays for a front whose routes have the weight, and is the next for the whole front if one has not", () => {
    const of = (...routes: object[]) =>
      sequences(live({}, { ...front({ app: "web" }), routes: routes.map(asLive) }), absent, {}, traffic, none).front;
    assert.equal(of(route(10), route(10)), 4);
    assert.equal(of(route(10), route(11)), 5);
    assert.equal(of(route(0, 8)), 9);
    assert.equal(of(route(10, 8)), 8);
  });
});
