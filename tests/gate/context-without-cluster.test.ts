import assert from "node:assert/strict";
import type { StackState } from "../../components/history.ts";
import type { Release } from "../../components/release.ts";
import { contextWithoutCluster } from "../../gate/context-without-cluster.ts";
import { serviceArgs } from "../components/fop-gate.ts";

const release = (id: string, configMaps = {}) => ({ id, configMaps }) as Release;
const b = release("b", { "web-config-b": { f: "b" } });
const own: StackState = {
  namespace: "dora-apps",
  cluster: "uid",
  current: { stable: "a", canary: "a" },
  shift: { weight: 10, from: 5, to: 10 },
  history: ["z", "a"],
};
const of = { stack: "organization/shop/test", owner: "o" } as Parameters<typeof contextWithoutCluster>[0]["of"];
const seen = { kind: "unreachable", service: "web", rendered: b, secrets: {}, of } as const;
const context = (args: Parameters<typeof serviceArgs>[0], state: StackState | undefined) =>
  contextWithoutCluster({ ...seen, own: state }, serviceArgs(args));

describe("the context of a service whose cluster cannot be read yet", () => {
  const fixed = {
    ...of,
    key: "dora-apps/web",
    admissions: {},
    fastRollback: false,
    order: "pods-first",
    sequence: { stable: 0, canary: 0, front: 0 },
    previous: {},
    hooks: { stable: {}, canary: {}, front: {} },
  };
  const traffic = { weight: 10, canaryReplicas: 1, selector: { app: "web" }, share: 10 };

  it("has the rendered release on both tracks before the first run", () => {
    assert.deepEqual(context({}, undefined), {
      ...fixed,
      cluster: "unknown",
      releases: { canary: b, stable: b },
      traffic,
      shift: { weight: 10, from: 0, to: 10 },
      stableReplicas: 9,
      rollSeconds: { stable: 1950, canary: 750 },
      history: [b],
      configMaps: b.configMaps,
    });
  });

  it("has the Secrets of the arguments in the stack of canary", () => {
    const of = (args: Parameters<typeof serviceArgs>[0]) =>
      contextWithoutCluster({ ...seen, own: undefined, secrets: { db: "web-db" } }, serviceArgs(args)).secrets;
    assert.deepEqual(of({}), { described: { db: "web-db" }, retained: [] });
    assert.equal(of({ tracks: ["stable"] }), undefined);
  });

  it("has what the stack state holds after it", () => {
    const found = context({}, own);
    assert.deepEqual([found.cluster, found.remembered], ["uid", own]);
    assert.deepEqual(context({ weight: 0 }, own).shift, { weight: 0, from: 0, to: 0 });
    assert.deepEqual(context({ weight: 0 }, { ...own, shift: { weight: 0, from: 7, to: 0 } }).shift?.from, 7);
  });

  it("has only stable in its stack", () => {
    assert.deepEqual(context({ tracks: ["stable"] }, own), {
      ...fixed,
      cluster: "uid",
      releases: { stable: b },
      stableReplicas: 9,
      rollSeconds: { stable: 1950, canary: 600 },
      remembered: own,
      history: [b],
      configMaps: {},
    });
  });

  it("has only canary in its stack", () => {
    assert.deepEqual(context({ tracks: ["canary"] }, undefined).releases, { canary: b });
  });

  it("has one stable pod if an autoscaler owns the number", () => {
    const found = context({ replicas: "external", weight: 50 }, undefined);
    assert.deepEqual([found.stableReplicas, found.traffic?.canaryReplicas], [undefined, 1]);
    assert.equal(found.rollSeconds.stable, 750);
  });

  it("has the default weight if the program has none", () => {
    const { weight: _, ...args } = serviceArgs();
    assert.equal(contextWithoutCluster({ ...seen, own: undefined }, args).traffic?.weight, 10);
  });
});
