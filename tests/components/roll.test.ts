import assert from "node:assert/strict";
import { rollSeconds } from "../../components/roll.ts";
import type { ServiceArgs } from "../../components/service-args.ts";
import { serviceArgs } from "./fop-gate.ts";

const quick = { minReadySeconds: 0, progressDeadlineSeconds: 60 };
const withProbe = (startupProbe: object): Partial<ServiceArgs> => ({
  containers: [
    { name: "web", image: "web:1", startupProbe, readinessProbe: { initialDelaySeconds: 10, httpGet: { port: 80 } } },
  ],
});

describe("the timeout of a roll", () => {
  for (const [what, args, pods, measured, expected] of [
    ["allows 30 s a pod where pods start faster", {}, 9, 5, 9 * 60 + 600],
    ["allows twice the time that pods were seen to need, in steps of 30 s", {}, 9, 100, 9 * 240 + 600],
    ["allows 120 s a pod where no pod was seen", {}, 9, undefined, 9 * 150 + 600],
    ["allows each pod at most the progress deadline", quick, 5, 50, 5 * 60 + 60],
    ["allows each pod at most the progress deadline, where no pod was seen", quick, 5, undefined, 5 * 60 + 60],
    [
      "allows what the startup and readiness probes allow",
      withProbe({ initialDelaySeconds: 20, periodSeconds: 5, failureThreshold: 60 }),
      2,
      5,
      2 * (30 + 330) + 600,
    ],
    [
      "adds up what native sidecars allow, which start one after another before the containers",
      {
        ...withProbe({ failureThreshold: 6 }),
        sidecars: [1, 2].map((i) => ({ name: `s${i}`, image: "s:1", startupProbe: { failureThreshold: 3 } })),
      },
      1,
      5,
      30 + (30 + 30 + 60 + 10) + 600,
    ],
    ["knows the defaults of a startup probe", withProbe({}), 1, 5, 30 + 40 + 600],
    ["allows the startSeconds of the program, however fast pods were", { startSeconds: 400 }, 2, 5, 2 * 430 + 600],
    ["is the progress deadline alone without pods", {}, 0, 5, 600],
    ["counts the rounds of maxSurge pods", { maxSurge: 4 }, 9, 5, 3 * 60 + 600],
    ["counts the rounds of a percentage of the pods, rounded up", { maxSurge: "25%" }, 9, 5, 3 * 60 + 600],
    ["takes a round for each pod if a percentage is of one pod", { maxSurge: "1%" }, 1, 5, 60 + 600],
    ["takes the progress deadline alone if there is no pod", { maxSurge: "25%" }, 0, 5, 600],
  ] as const) {
    it(what, () => assert.equal(rollSeconds(serviceArgs(args), pods, measured), expected));
  }

  it("is longer than a roll of five pods that take 50 s each, with a progress deadline of 60 s", () => {
    assert.ok(rollSeconds(serviceArgs(quick), 5) > 5 * 50);
  });

  it("is longer than a roll of nine pods that take 100 s each, with the defaults", () => {
    assert.ok(rollSeconds(serviceArgs({}), 9) > 9 * (100 + 30));
  });
});
