import assert from "node:assert/strict";
import { rollSeconds } from "../../components/roll.ts";
import { serviceArgs } from "./fop-gate.ts";

describe("the timeout of a roll", () => {
  for (const [sentence, args, replicas, expected] of [
    ["has a round for each pod by default, and the progress deadline", {}, 9, 1140],
    ["has a round for as many pods as may surge", { maxSurge: 4 }, 9, 780],
    ["has the progress deadline alone without pods", {}, 0, 600],
    ["has the times of the program", { minReadySeconds: 10, progressDeadlineSeconds: 100 }, 2, 180],
  ] as const) {
    it(sentence, () => assert.equal(rollSeconds(serviceArgs(args), replicas), expected));
  }
});
