import assert from "node:assert/strict";
import { objectsOf } from "../../components/objects.ts";
import type { ServiceArgs } from "../../components/service-args.ts";
import { serviceArgs } from "./fop-gate.ts";

const shown = (changes: Partial<ServiceArgs> = {}, configMaps: readonly string[] = []) =>
  objectsOf("web", serviceArgs(changes), configMaps).map(({ kind, name }) => `${kind} ${name}`);
const [deployments, services] = [
  ["Deployment web", "Deployment web-canary"],
  ["Service web", "Service web-canary"],
];

describe("the objects of a service", () => {
  it("are its Deployments and Services", () => assert.deepEqual(shown(), [...deployments, ...services]));

  it("of a worker are its Deployments and what its pods need", () => {
    assert.deepEqual(shown({ ports: [], plan: {} }, ["web-config-1"]), [...deployments, "ConfigMap web-config-1"]);
  });

  it("include the routes of a gateway, and a Service for each track", () => {
    const gateways = [{ name: "public" }];
    assert.deepEqual(shown({ gateway: { routes: [{ gateways }, { name: "admin", gateways }] } }), [
      ...deployments,
      ...services,
      "Service web-stable",
      "HTTPRoute web",
      "HTTPRoute admin",
    ]);
  });

  it("include the Ingresses, the plan and the ConfigMaps", () => {
    assert.deepEqual(shown({ ingress: { host: "a" }, debugIngress: { host: "b" }, plan: {} }, ["web-config-1"]), [
      ...deployments,
      ...services,
      "Ingress web",
      "ConfigMap web-plan",
      "ConfigMap web-config-1",
      "Ingress web-debug",
    ]);
  });

  it("include additional Services, the ServiceAccounts that releases need, and a budget for each track", () => {
    const metrics = { ports: [{ port: 9090 }] };
    const args = serviceArgs({ services: { metrics }, serviceAccount: {}, disruptionBudget: {} });
    const found = (tracks: ServiceArgs["tracks"]) =>
      objectsOf("web", { ...args, ...(tracks && { tracks }) }, [], ["former"])
        .map(({ kind, name }) => `${kind} ${name}`)
        .filter((each) => ![...deployments, ...services].includes(each));
    const [stable, canary] = ["PodDisruptionBudget web", "PodDisruptionBudget web-canary"];
    const front = ["Service web-metrics", "ServiceAccount web", "ServiceAccount former"];
    assert.deepEqual(found(undefined), [stable, canary, ...front]);
    assert.deepEqual(found(["stable"]), [stable]);
    assert.deepEqual(found(["canary"]), [canary, ...front]);
  });

  it("include stable's autoscaler of either kind, only with stable", () => {
    const autoscaling = { maxReplicas: 5 };
    const all = [...deployments, ...services];
    assert.deepEqual(shown({ autoscaling }), [...all, "HorizontalPodAutoscaler web"]);
    assert.deepEqual(shown({ autoscaling: { keda: { triggers: [] } } }), [...all, "ScaledObject web"]);
    assert.deepEqual(shown({ autoscaling, tracks: ["canary"] }), ["Deployment web-canary", ...services]);
  });

  it("include those of the front only with canary, and the debug Ingress only with stable", () => {
    const all: Partial<ServiceArgs> = { ingress: { host: "a" }, debugIngress: { host: "b" } };
    assert.deepEqual(shown({ ...all, tracks: ["stable"] }, ["c"]), ["Deployment web", "Ingress web-debug"]);
    assert.deepEqual(shown({ ...all, tracks: ["canary"] }, ["c"]), [
      "Deployment web-canary",
      ...services,
      "Ingress web",
      "ConfigMap c",
    ]);
  });
});
