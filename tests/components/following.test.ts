import assert from "node:assert/strict";
import { followed, followingAnnotations, followingIn } from "../../components/following.ts";
import type { ServiceArgs } from "../../components/service-args.ts";

const routes = [{ gateways: [{ name: "public" }] }];
const through = (args: Partial<ServiceArgs>) => followingIn(followingAnnotations(args as ServiceArgs));

describe("what canary's Deployment says about following stable", () => {
  for (const [sentence, args, expected] of [
    ["is nothing if the program sets the number", { replicas: 9 }, undefined],
    ["is nothing behind a gateway either then", { replicas: 9, gateway: { routes } }, undefined],
    ["is the number of pods as the share", { autoscaling: { maxReplicas: 9 } }, { mode: "replicas" }],
    ["says that it is a worker", { autoscaling: { maxReplicas: 9 }, ports: [] }, { mode: "worker" }],
    ["is the same beside another autoscaler", { replicas: "external" }, { mode: "replicas" }],
    [
      "has the limits behind a gateway",
      { autoscaling: { maxReplicas: 9 }, gateway: { routes } },
      { mode: "gateway", least: 2, most: 9 },
    ],
    [
      "has no limit beside another autoscaler",
      { replicas: "external", gateway: { routes, minimumCanaryReplicas: 1 } },
      { mode: "gateway", least: 1 },
    ],
  ] as const) {
    it(sentence, () => assert.deepEqual(through(args), expected));
  }

  for (const text of ["", "{", "[]", '{"mode":"mesh"}', '{"mode":"gateway","least":0}']) {
    it(`is nothing if it cannot be understood: ${text}`, () =>
      assert.equal(followingIn({ "gray-release/follows": text }), undefined));
  }
});

describe("the traffic of a canary that follows", () => {
  const pods = { mode: "replicas" } as const;
  const gateway = { mode: "gateway", least: 2, most: 20 } as const;
  const open = { mode: "gateway", least: 2 } as const;
  for (const [sentence, following, weight, stable, current, expected, share] of [
    ["has the share of its pods", pods, 10, 27, 1, 3, 10],
    ["has the share of a worker's pods", { mode: "worker" }, 10, 27, 1, 3, 10],
    ["keeps its pods for a small change of stable", pods, 10, 14, 1, 1, 100 / 15],
    ["has one pod beside one of stable, whatever the share", pods, 10, 1, 1, 1, 50],
    ["has one pod beside none of stable", pods, 10, 0, 1, 1, 100],
    ["has the pods for its part of the load", gateway, 50, 9, 2, 9, 50],
    ["has a pod more rather than one too few for its part", gateway, 20, 9, 9, 3, 20],
    ["has the least number behind a gateway", gateway, 10, 3, 2, 2, 10],
    ["has at most as many as the autoscaler allows", gateway, 90, 10, 2, 20, 90],
    ["has the most if it gets everything, as stable says nothing about the load then", gateway, 100, 1, 8, 20, 100],
    ["shrinks with stable at half of the load", gateway, 50, 4, 9, 4, 50],
    ["shrinks with stable without a known limit, up to half of the load", open, 50, 4, 9, 4, 50],
    ["does not shrink without a known limit above that", open, 90, 2, 18, 18, 90],
    ["grows without a known limit above that", open, 90, 30, 18, 27, 90],
  ] as const) {
    it(sentence, () => {
      const traffic = followed(following, weight, stable, current);
      assert.deepEqual([traffic.canaryReplicas, traffic.share], [expected, share]);
    });
  }
});
