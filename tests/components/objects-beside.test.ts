import assert from "node:assert/strict";
import { type KindBeside, objectsBeside, otherFieldOf } from "../../components/objects-beside.ts";
import type { ServiceArgs } from "../../components/service-args.ts";
import { serviceArgs } from "./fop-gate.ts";

const labels = { "app.kubernetes.io/name": "web" };
const pods = { deployment: { ...labels, tier: "front" }, service: labels };
const described = serviceArgs({
  autoscaling: { minReplicas: 2, maxReplicas: 9, cpu: "70%" },
  disruptionBudget: { minAvailable: 2 },
  services: { internal: { ports: [{ port: 80, targetPort: 8080 }], serviceSpec: { type: "LoadBalancer" } } },
});
const cpu = (averageUtilization: number) => [
  { type: "Resource", resource: { name: "cpu", target: { type: "Utilization", averageUtilization } } },
];
/** The live objects, as the API server has them. */
const live = {
  HorizontalPodAutoscaler: {
    minReplicas: 2,
    maxReplicas: 9,
    metrics: cpu(70),
    scaleTargetRef: { apiVersion: "apps/v1", kind: "Deployment", name: "web" },
  },
  PodDisruptionBudget: { minAvailable: 2, selector: { matchLabels: pods.deployment } },
  Service: {
    type: "LoadBalancer",
    selector: labels,
    ports: [{ name: "http", port: 80, targetPort: 8080, protocol: "TCP" }],
    clusterIP: "10.0.0.7",
    clusterIPs: ["10.0.0.7"],
    sessionAffinity: "None",
    externalTrafficPolicy: "Cluster",
  },
};

describe("the objects beside a service", () => {
  const names = (args: ServiceArgs) => objectsBeside("web", args).map(({ kind, name }) => `${kind} ${name}`);

  it("are those that the program describes, each in the stack that owns it", () => {
    const [ofStable, ofCanary] = [["HorizontalPodAutoscaler web", "PodDisruptionBudget web"], ["Service web-internal"]];
    assert.deepEqual(names(described), [...ofStable, ...ofCanary]);
    assert.deepEqual(names({ ...described, tracks: ["stable"] }), ofStable);
    assert.deepEqual(names({ ...described, tracks: ["canary"] }), ofCanary);
    assert.deepEqual(names(serviceArgs()), []);
    assert.deepEqual(names(serviceArgs({ autoscaling: { keda: { triggers: [{}] } } })), []);
  });

  const other = (kind: KindBeside, changes: object, args: Partial<ServiceArgs> = {}) => {
    const program = { ...described, ...args };
    const reference = objectsBeside("web", program).find((each) => each.kind === kind) ?? assert.fail();
    return otherFieldOf("web", program, reference, { ...live[kind], ...changes }, pods)?.field;
  };
  const port = { name: "http", port: 80, targetPort: 8080, protocol: "TCP" };

  it("are taken over as they are if the program makes the same of them", () => {
    for (const kind of Object.keys(live) as KindBeside[]) assert.equal(other(kind, {}), undefined, kind);
  });

  it("have the defaults of the API server", () => {
    const changes = { minReplicas: 1, metrics: cpu(80) };
    assert.equal(other("HorizontalPodAutoscaler", changes, { autoscaling: { maxReplicas: 9 } }), undefined);
    assert.equal(
      other("Service", { type: "ClusterIP" }, { services: { internal: { ports: [port] } } } as never),
      undefined,
    );
  });

  for (const [kind, changes, field, args] of [
    ["HorizontalPodAutoscaler", { minReplicas: 3 }, "minReplicas"],
    ["HorizontalPodAutoscaler", { metrics: cpu(60) }, "metrics"],
    ["HorizontalPodAutoscaler", { behavior: { scaleDown: { selectPolicy: "Min" } } }, "behavior"],
    [
      "HorizontalPodAutoscaler",
      { scaleTargetRef: { apiVersion: "extensions/v1beta1", kind: "Deployment", name: "web" } },
      "scaleTargetRef",
    ],
    ["PodDisruptionBudget", { minAvailable: 1 }, "minAvailable"],
    ["PodDisruptionBudget", { minAvailable: undefined, maxUnavailable: 1 }, "maxUnavailable"],
    ["PodDisruptionBudget", { unhealthyPodEvictionPolicy: "AlwaysAllow" }, "unhealthyPodEvictionPolicy"],
    ["PodDisruptionBudget", { selector: { matchLabels: labels } }, "selector"],
    ["PodDisruptionBudget", { selector: { matchLabels: pods.deployment, matchExpressions: [{}] } }, "selector"],
    ["Service", { selector: pods.deployment }, "selector"],
    ["Service", { type: "NodePort" }, "type"],
    ["Service", { ports: [{ ...port, nodePort: 30_080 }] }, "ports"],
    ["Service", { ports: [port, { ...port, name: "b", port: 81 }] }, "ports"],
    ["Service", { publishNotReadyAddresses: true }, "publishNotReadyAddresses"],
    ["Service", { loadBalancerSourceRanges: ["10.0.0.0/8"] }, "loadBalancerSourceRanges"],
    ["Service", {}, "pods", { services: { internal: { ports: [port], pods: "all" } } }],
  ] as const) {
    it(`are not: ${kind} with ${JSON.stringify(args ?? changes)}`, () => {
      assert.equal(other(kind, changes, args as never), field);
    });
  }
});
