import assert from "node:assert/strict";
import { autoscalerObject } from "../../components/autoscaler.ts";
import { type AutoscalingArgs, boundsOf, fixedReplicas } from "../../components/autoscaling.ts";
import { assertServiceArgs, type ServiceArgs } from "../../components/service-args.ts";
import { UserError } from "../../components/user-error.ts";
import { serviceArgs } from "./fop-gate.ts";

const metric = { type: "External", external: { metric: { name: "lag" }, target: { type: "Value", value: "30" } } };
const trigger = { type: "kafka", metadata: { topic: "orders", lagThreshold: "50" } };
const scaled = (autoscaling: unknown, more: object = {}) => {
  const { replicas: _, ...args } = serviceArgs();
  return { ...args, autoscaling, ...more } as ServiceArgs;
};

describe("the arguments of an autoscaler", () => {
  for (const [what, autoscaling] of [
    ["the most pods alone", { maxReplicas: 5 }],
    ["a percentage of CPU", { minReplicas: 2, maxReplicas: 5, cpu: "70%" }],
    ["more CPU than is requested", { maxReplicas: 5, cpu: 150 }],
    ["metrics and behaviour as the API has them", { maxReplicas: 5, metrics: [metric], behavior: { scaleDown: {} } }],
    ["triggers of KEDA", { keda: { triggers: [trigger] } }],
    [
      "every field of a ScaledObject",
      { keda: { triggers: [trigger], pollingInterval: 5, advanced: {}, fallback: {} } },
    ],
    [
      "the container from which KEDA takes variables",
      { keda: { triggers: [trigger], scaleTargetRef: { envSourceContainerName: "web" } } },
    ],
  ] as const) {
    it(`may have ${what}`, () => assert.doesNotThrow(() => assertServiceArgs("web", scaled(autoscaling))));
  }

  for (const [what, autoscaling, more, sentence] of [
    ["no limit", { minReplicas: 2 }, {}, "autoscaling.maxReplicas is missing: set it."],
    [
      "a limit below the least",
      { minReplicas: 6, maxReplicas: 5 },
      {},
      "autoscaling.maxReplicas is 5: must be at least minReplicas (6).",
    ],
    [
      "an unknown field",
      { maxReplicas: 5, maxReplica: 5 },
      {},
      "unknown argument autoscaling.maxReplica: correct its name or remove it.",
    ],
    [
      "a part of a percent",
      { maxReplicas: 5, cpu: "0.5%" },
      {},
      'autoscaling.cpu is "0.5%": must be a whole percentage of at least 1, or a text such as "70%".',
    ],
    [
      "no metric in its list",
      { maxReplicas: 5, metrics: [] },
      {},
      "autoscaling.metrics is []: must be a list of metrics, as in autoscaling/v2.",
    ],
    [
      "no pod left",
      { minReplicas: 0, maxReplicas: 5 },
      {},
      "autoscaling.minReplicas is 0: must be a whole number of at least 1.",
    ],
    [
      "no pod left by KEDA",
      { keda: { triggers: [trigger], minReplicaCount: 0 } },
      {},
      "autoscaling.keda.minReplicaCount is 0: must be a whole number of at least 1.",
    ],
    [
      "no pod left by KEDA while no trigger is active",
      { keda: { triggers: [trigger], idleReplicaCount: 0 } },
      {},
      "autoscaling.keda.idleReplicaCount is 0: must be a whole number of at least 1.",
    ],
    [
      "no trigger",
      { keda: { triggers: [] } },
      {},
      "autoscaling.keda.triggers is []: must be a list of at least one trigger.",
    ],
    [
      "both kinds",
      { maxReplicas: 5, keda: { triggers: [trigger] } },
      {},
      "unknown argument autoscaling.maxReplicas: correct its name or remove it.",
    ],
    [
      "another target",
      { keda: { triggers: [trigger], scaleTargetRef: { name: "other" } } },
      {},
      'autoscaling.keda.scaleTargetRef.name is "other": it is always stable\'s Deployment, so remove it.',
    ],
    [
      "a least number over the default limit of KEDA",
      { keda: { triggers: [trigger], minReplicaCount: 101 } },
      {},
      "autoscaling.keda.minReplicaCount is 101: must be at most maxReplicaCount (100).",
    ],
    [
      "a fixed number beside it",
      { maxReplicas: 5 },
      { replicas: 3 },
      "replicas is 3, and autoscaling sets the number of stable pods: remove one of them.",
    ],
    [
      "neither a number nor an autoscaler",
      undefined,
      {},
      "replicas is missing: set it, or set autoscaling if an autoscaler sets the number of stable pods.",
    ],
  ] as const) {
    it(`refuse ${what}`, () =>
      assert.throws(() => assertServiceArgs("web", scaled(autoscaling, more)), new UserError(`web: ${sentence}`)));
  }
});

describe("stable's number of pods in the program", () => {
  for (const [sentence, size, fixed, bounds] of [
    ["is fixed by replicas", { replicas: 9 }, 9, { least: 1 }],
    ["is left to another autoscaler", { replicas: "external" }, undefined, { least: 1 }],
    [
      "is left to a HorizontalPodAutoscaler",
      { autoscaling: { minReplicas: 3, maxReplicas: 9 } },
      undefined,
      { least: 3, most: 9 },
    ],
    ["is at least 1 by default", { autoscaling: { maxReplicas: 9 } }, undefined, { least: 1, most: 9 }],
    [
      "is left to KEDA, with its default limit",
      { autoscaling: { keda: { triggers: [] } } },
      undefined,
      { least: 1, most: 100 },
    ],
    [
      "may be 0 if KEDA is told so",
      { autoscaling: { keda: { triggers: [], minReplicaCount: 0, maxReplicaCount: 7 } } },
      undefined,
      { least: 0, most: 7 },
    ],
  ] as const) {
    it(sentence, () => {
      const { autoscaling } = size as { autoscaling?: AutoscalingArgs };
      assert.deepEqual([fixedReplicas(size), boundsOf(autoscaling)], [fixed, bounds]);
    });
  }
});

describe("the object of an autoscaler", () => {
  const object = (autoscaling: AutoscalingArgs) =>
    autoscalerObject("web", scaled(autoscaling, { labels: { team: "shop" } }), autoscaling, "1f6d");
  const stable = { apiVersion: "apps/v1", kind: "Deployment", name: "web" };
  const cpu = (averageUtilization: number) => ({
    type: "Resource",
    resource: { name: "cpu", target: { type: "Utilization", averageUtilization } },
  });

  it("scales stable's Deployment by CPU", () => {
    const { spec } = object({ minReplicas: 2, maxReplicas: 8, cpu: "70%" });
    assert.deepEqual(spec, { minReplicas: 2, maxReplicas: 8, metrics: [cpu(70)], scaleTargetRef: stable });
  });

  it("has the metrics and the behaviour of the program, after CPU", () => {
    const behavior = { scaleDown: { stabilizationWindowSeconds: 0 } };
    const { spec } = object({ maxReplicas: 8, cpu: 70, metrics: [metric], behavior });
    assert.deepEqual(spec, { maxReplicas: 8, behavior, metrics: [cpu(70), metric], scaleTargetRef: stable });
  });

  it("leaves to the API what the program leaves out", () =>
    assert.deepEqual(object({ maxReplicas: 8 }).spec, { maxReplicas: 8, scaleTargetRef: stable }));

  it("is a ScaledObject with the fields of the program, and at least one pod", () => {
    const keda = { triggers: [trigger], pollingInterval: 5, scaleTargetRef: { envSourceContainerName: "web" } };
    const { spec } = object({ keda });
    const scaleTargetRef = { envSourceContainerName: "web", ...stable };
    assert.deepEqual(spec, { triggers: [trigger], pollingInterval: 5, scaleTargetRef, minReplicaCount: 1 });
  });

  it("has the labels of the service and the owner of every object", () => {
    const { metadata } = object({ maxReplicas: 8 });
    assert.deepEqual(metadata.labels, { app: "web", team: "shop", "gray-release/service": "web" });
    assert.equal((metadata.annotations as Record<string, string>)["gray-release/owner"], "1f6d");
    assert.deepEqual([metadata.name, metadata.namespace], ["web", "dora-apps"]);
  });
});
