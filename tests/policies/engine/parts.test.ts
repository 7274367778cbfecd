import assert from "node:assert/strict";
import type { Service } from "../../../policies/engine/declared.ts";
import { debugName, partOf, partsOf } from "../../../policies/engine/parts.ts";
import { object } from "./declare.ts";

const service = (changes: Partial<Service> = {}): Service => ({
  is: "service",
  urn: "",
  name: "web",
  namespace: "shop",
  replicas: 3,
  tracks: ["stable", "canary"],
  admissions: {},
  releases: {},
  ...changes,
});
const shown = (of: Service) => partsOf(of).map(({ kind, name, track, exists }) => `${kind} ${name} ${track} ${exists}`);

describe("the objects of a service", () => {
  it("belong to a track, and some exist only with an argument", () => {
    assert.deepEqual(shown(service()), [
      "Service web canary true",
      "Service web-canary canary true",
      "Service web-stable canary false",
      "ConfigMap web-plan canary true",
      "Ingress web canary false",
      "Ingress web-debug stable false",
      "HTTPRoute web canary false",
      "Deployment web stable true",
      "Deployment web-canary canary true",
    ]);
    const all = service({ gateway: { routes: [] }, ingress: { host: "a" }, debugIngress: { host: "b" } });
    assert.ok(partsOf(all).every(({ exists }) => exists));
    assert.equal(debugName("web"), "web-debug");
  });

  it("of a worker are its Deployments, and no Service", () => {
    const found = partsOf(service({ ports: [] })).filter(({ exists }) => exists);
    assert.deepEqual(
      found.map(({ kind, name }) => `${kind} ${name}`),
      ["Deployment web", "Deployment web-canary"],
    );
  });

  it("include a ServiceAccount, budgets and further Services only if the arguments have them", () => {
    const extra = service({
      serviceAccount: { name: "shop" },
      disruptionBudget: {},
      services: { metrics: { pods: "all" } },
    });
    assert.deepEqual(
      shown(extra).filter((each) => !shown(service()).includes(each)),
      [
        "Service web-metrics canary true",
        "ServiceAccount shop canary true",
        "PodDisruptionBudget web stable true",
        "PodDisruptionBudget web-canary canary true",
      ],
    );
    const theirs = object("ServiceAccount", {}, { name: "web", namespace: "shop", labels: {} });
    assert.equal(partOf(theirs, service()), undefined);
    assert.equal(partOf(theirs, service({ serviceAccount: {} }))?.track, "canary");
  });

  it("are found by kind, name and namespace, whatever their labels", () => {
    const found = (...[kind, name, namespace = "shop"]: string[]) =>
      partOf(object(kind ?? "", {}, { name: name ?? "", namespace, labels: {} }), service())?.track;
    assert.deepEqual(
      [found("Deployment", "web"), found("Deployment", "web-canary"), found("Ingress", "web-debug")],
      ["stable", "canary", "stable"],
    );
    assert.deepEqual(
      [found("Secret", "web"), found("Deployment", "other"), found("Deployment", "web", "other")],
      [undefined, undefined, undefined],
    );
  });
});
