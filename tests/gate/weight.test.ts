import assert from "node:assert/strict";
import type { ServiceArgs } from "../../components/service-args.ts";
import type { GatewayArgs } from "../../components/traffic/gateway/args.ts";
import { modeOf } from "../../components/traffic/modes.ts";
import {
  changesFront,
  currentPods,
  describeWeight,
  headlessWarning,
  shareWarning,
  stableReplicasOf,
  trafficOf,
  wantedWeight,
  weightInForce,
} from "../../gate/weight.ts";
import type { RouteObject } from "../../kubernetes/objects/route.ts";
import type { Live } from "../../live/live.ts";
import { liveRoute } from "../../live/traffic/gateway/mode.ts";
import type { RecordReading, RolloutRecord } from "../../record/record.ts";
import { serviceArgs } from "../components/fop-gate.ts";

const release = "aaaaaaaaaaaa";
const gateway: GatewayArgs = { routes: [{ gateways: [{ name: "public" }] }] };
const deployment = (replicas: number) => ({ spec: { replicas } });
const worker = (replicas: number) => ({
  ...deployment(replicas),
  metadata: { annotations: { "gray-release/worker": "true" } },
});
/** A live HTTPRoute that sends canary a percent of the requests. */
const route = (weight: number) => {
  const backendRefs = [
    { name: "web-stable", weight: 100 - weight },
    { name: "web-canary", weight },
  ];
  const metadata = { name: "web", labels: { "gray-release/service": "web" } };
  return liveRoute({ metadata, spec: { rules: [{ backendRefs }] } } as unknown as RouteObject);
};
const service = (selector: object | undefined) => ({ spec: { selector } });
const live = (front: object, deployments: object = {}) =>
  ({ front: { routes: [], ...front }, deployments }) as unknown as Live;
const record = (open?: RolloutRecord["open"]): RecordReading => ({
  kind: "read",
  record: { version: 2, cluster: "uid", sequence: 0, verdicts: {}, stableHistory: [], ...(open && { open }) },
});

describe("the wanted weight", () => {
  const open = { epoch: 7, release, weight: 20 };
  const differs = `web: the weight stays 20 % while the rollout of ${release} is open; the 10 % of the program apply when it has ended (gray watch).`;
  for (const [sentence, weight, reading, expected] of [
    ["is the program's without a record", 10, { kind: "absent" }, { weight: 10 }],
    ["is 10 if the program has none", undefined, { kind: "absent" }, { weight: 10 }],
    ["is the program's if the record cannot be read", 10, { kind: "unreadable", why: "it is empty" }, { weight: 10 }],
    ["is the program's while no rollout is open", 10, record(), { weight: 10 }],
    ["is that of an open rollout, with a warning if it differs", 10, record(open), { weight: 20, warning: differs }],
    ["is that of an open rollout, without a warning if it is the same", 20, record(open), { weight: 20 }],
    ["is the same as a text", "20%", record(open), { weight: 20 }],
    ["is the program's if the open rollout has none", 10, record({ epoch: 7, release }), { weight: 10 }],
    [
      "is 0 if an open rollout has 0",
      10,
      record({ epoch: 7, release, weight: 0 }),
      {
        weight: 0,
        warning: `web: the weight stays 0 % while the rollout of ${release} is open; the 10 % of the program apply when it has ended (gray watch).`,
      },
    ],
  ] as const) {
    it(sentence, () => {
      const { weight: _, ...args } = serviceArgs();
      const asked = weight === undefined ? args : { ...args, weight };
      assert.deepEqual(wantedWeight("web", asked, reading), expected);
    });
  }
});

describe("the traffic for a weight", () => {
  it("selects the pods of the service, beside those of stable", () => {
    const traffic = trafficOf("web", serviceArgs(), live({}), 10, undefined);
    assert.deepEqual(traffic, { weight: 10, canaryReplicas: 1, selector: { app: "web" }, share: 10 });
  });

  it("selects what an adopted Service selects", () => {
    const front = { app: "web" };
    const args = serviceArgs({ labels: { tier: "front" } });
    const adopted = { release, front: { ...front, tier: "front" } };
    assert.deepEqual(trafficOf("web", args, live({}), 10, adopted).selector, adopted.front);
  });

  it("is refused at weight 0 beside adopted pods", () => {
    const adopted = { release, front: { app: "web" } };
    assert.throws(
      () => trafficOf("web", serviceArgs(), live({}), 0, adopted),
      /^UserError: web: weight is 0, and the adopted pods/,
    );
    assert.equal(trafficOf("web", serviceArgs(), live({}), 0, undefined).weight, 0);
  });

  it("is refused if the rules do not fit into a route", () => {
    const headers = Object.fromEntries(Array.from({ length: 17 }, (_, i) => [`x-${i}`, "1"]));
    const many: GatewayArgs = { ...gateway, rules: [{ to: "canary", headers }] };
    assert.throws(() => trafficOf("web", serviceArgs({ gateway: many }), live({}), 10, undefined), /16/);
  });
});

describe("the description of a weight", () => {
  it("has one line for the traffic", () => {
    const traffic = trafficOf("web", serviceArgs(), live({}), 10, undefined);
    assert.deepEqual(describeWeight("web", serviceArgs(), live({}), traffic), [
      "web: asked 10 %, reached 10 %: 1 of 10 pods",
    ]);
  });

  it("has a line for each rule", () => {
    const args = serviceArgs({ gateway: { ...gateway, rules: [{ to: "canary", headers: { beta: "1" } }] } });
    const traffic = trafficOf("web", args, live({}), 10, undefined);
    assert.deepEqual(describeWeight("web", args, live({}), traffic), [
      "web: asked 10 %, reached 10 %: by backend weights, 2 canary pods; callers inside the cluster reach canary on 2 of 11 pods",
      "web: users with header beta: 1 are routed to canary",
    ]);
  });
});

describe("an autoscaled service's canary", () => {
  const args = serviceArgs({ autoscaling: { minReplicas: 3, maxReplicas: 30 } });
  const pods = (stable: number, canary?: number) =>
    live({}, { stable: deployment(stable), ...(canary !== undefined && { canary: deployment(canary) }) });
  const plan = (of: Live, isHeld: boolean, last: number | "none" = 25, weight = 25) => {
    const current = currentPods(args, of, weight, last === "none" ? undefined : last, isHeld);
    const { canaryReplicas, share } = trafficOf("web", args, of, weight, undefined, current);
    return [canaryReplicas, Math.round(share)];
  };
  for (const [sentence, found, expected] of [
    ["has the pods for the least number before stable exists", plan(live({}), false), [1, 25]],
    ["has the pods for stable's live number", plan(pods(9), false), [3, 25]],
    ["keeps its pods for a small change of stable", plan(pods(7, 3), false), [3, 30]],
    ["gets others for a large change", plan(pods(15, 3), false), [5, 25]],
    ["gets others if the weight changes", plan(pods(7, 3), false, 50), [2, 22]],
    ["gets the pods of its weight if no up has set one yet", plan(pods(7, 3), false, "none"), [2, 22]],
    ["keeps its pods whatever stable's number while a rollout is held by its driver", plan(pods(15, 3), true), [3, 17]],
    ["is started again if it has no pods", plan(pods(9, 0), true), [3, 25]],
    ["is dark with one pod", plan(pods(9, 3), true, 0, 0), [1, 0]],
  ] as const) {
    it(sentence, () => assert.deepEqual(found, expected));
  }

  it("has the pods of its weight if the program sets stable's number", () =>
    assert.equal(currentPods(serviceArgs(), pods(9, 3), 25, 25, true), undefined));

  const warning = (given: ServiceArgs, of: Live, weight = 10) =>
    shareWarning("web", given, of, trafficOf("web", given, of, weight, undefined));
  it("of a worker is warned of without a gateway as a way out", () => {
    const args = serviceArgs({ autoscaling: { maxReplicas: 9 }, ports: [] });
    const one = live({}, { stable: deployment(1) });
    assert.equal(
      shareWarning("web", args, one, trafficOf("web", args, one, 10, undefined)),
      "web: canary gets 50 % of the work in place of 10 %, because stable has only 1 pod now: raise the least number of its autoscaler, or set acceptShare: true.",
    );
  });

  it("is warned of if stable has so few pods that its share is far from the weight", () => {
    assert.equal(
      warning(args, pods(1)),
      "web: canary gets 50 % of the requests in place of 10 %, because stable has only 1 pod now: raise the least number of its autoscaler, split the traffic by a gateway, or set acceptShare: true.",
    );
    assert.match(warning(args, pods(0)) ?? "", /canary gets 100 % of the requests .* only 0 pods/);
    assert.match(warning(serviceArgs({ replicas: "external" }), pods(5)) ?? "", /gets 16\.7 % .* only 5 pods/);
  });

  it("is not warned of if the share fits, is accepted, is 0, or does not depend on pods", () => {
    assert.equal(warning(args, pods(6)), undefined);
    assert.equal(warning({ ...args, acceptShare: true }, pods(1)), undefined);
    assert.equal(warning(args, pods(1), 0), undefined);
    assert.equal(warning({ ...args, gateway }, pods(1)), undefined);
  });
});

describe("a change of the front", () => {
  const traffic = { weight: 10, canaryReplicas: 1, selector: { app: "web" }, share: 10 };
  const canary = deployment(1);
  for (const [sentence, found, expected] of [
    ["is none if there is no front and no canary yet", live({}), false],
    [
      "is none if everything is as it should be",
      live({ service: service({ app: "web" }), routes: [route(10)] }, { canary }),
      false,
    ],
    ["is none for a Service without a selector", live({ service: service(undefined) }), false],
    ["is another selector", live({ service: service({ app: "web", track: "stable" }) }, { canary }), true],
    ["is another number of canary's pods", live({ service: service({ app: "web" }) }, { canary: deployment(2) }), true],
    ["is a canary without pods", live({}, { canary: deployment(0) }), true],
    ["is another weight of one of the routes", live({ routes: [route(10), route(0)] }, { canary }), true],
    ["is not stable's number of pods", live({}, { stable: deployment(3) }), false],
  ] as const) {
    it(sentence, () => assert.equal(changesFront(found, traffic), expected));
  }
});

describe("the number of stable pods", () => {
  for (const [sentence, replicas, deployments, expected] of [
    ["is the program's", 9, { stable: deployment(4) }, 9],
    ["is the live one if an autoscaler owns it", "external", { stable: deployment(4) }, 4],
    ["is 1 if an autoscaler owns it and it does not exist yet", "external", {}, 1],
    ["is 0 if an autoscaler has scaled it so", "external", { stable: deployment(0) }, 0],
  ] as const) {
    it(sentence, () => assert.equal(stableReplicasOf(serviceArgs({ replicas }), live({}, deployments)), expected));
  }
});

describe("the weight in force", () => {
  const both = service({ app: "web" });
  const pods = { canary: deployment(1), stable: deployment(3) };
  for (const [sentence, front, deployments, expected] of [
    ["is the largest of the routes'", { service: both, routes: [route(10), route(30)] }, pods, 30],
    ["is none if the routes send canary nothing", { service: both, routes: [route(0)] }, pods, undefined],
    ["is canary's part of the pods without routes", { service: both }, pods, 25],
    ["is half if both have as many", { service: both }, { canary: deployment(2), stable: deployment(2) }, 50],
    ["is everything if only canary has pods", { service: both }, { canary: deployment(1) }, 100],
    ["is 0 if only stable has pods", { service: both }, { stable: deployment(3) }, 0],
    ["is none without a front", {}, pods, undefined],
    ["is none while canary is dark", { service: service({ app: "web", track: "stable" }) }, pods, undefined],
    ["is canary's part of the pods behind a Service without a selector", { service: service(undefined) }, pods, 25],
    ["is none without Deployments", { service: both }, {}, undefined],
    ["is canary's part of the pods of a worker", {}, { canary: worker(1), stable: worker(3) }, 25],
    ["is none while canary of a worker has no pods", {}, { canary: worker(0), stable: worker(3) }, undefined],
  ] as const) {
    it(sentence, () => assert.equal(weightInForce(live(front, deployments)), expected));
  }
});

describe("the warning of a headless Service", () => {
  const warning = (changes: Partial<ServiceArgs>, weight = 10) => {
    const args = serviceArgs({ weight, ...changes });
    return headlessWarning("web", args, modeOf(args).plan(weight, 9, { app: "web" }));
  };
  const serviceSpec = { clusterIP: "None" };

  it("says that each client chooses a pod by itself", () => {
    assert.match(
      warning({ serviceSpec }) ?? "",
      /^web: the Service is headless, so each client chooses a pod from DNS by itself/,
    );
  });

  it("is left out if canary is dark, behind a gateway, and with an address", () => {
    const gateway = { routes: [{ gateways: [{ name: "public" }] }] };
    assert.deepEqual(
      [warning({ serviceSpec }, 0), warning({ serviceSpec, gateway }), warning({})],
      [undefined, undefined, undefined],
    );
  });
});
