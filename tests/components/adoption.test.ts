import assert from "node:assert/strict";
import { type Adoptable, adoptedRelease, assertAdoptable, assertBeside } from "../../components/adoption.ts";
import { releaseId } from "../../components/release.ts";
import type { ServiceArgs } from "../../components/service-args.ts";
import { UserError } from "../../components/user-error.ts";
import { serviceArgs } from "./fop-gate.ts";

const labels = { "app.kubernetes.io/name": "web" };
const args = serviceArgs({
  labels,
  replicas: 3,
  ports: [{ name: "", port: 80, targetPort: "http" }],
  ingress: { host: "web.example.com", annotations: { team: "dora" } },
});
const path = { path: "/", pathType: "Prefix", backend: { service: { name: "web", port: { number: 80 } } } };
const rules = [{ host: "web.example.com", http: { paths: [path] } }];

/** What kubectl made of it. */
const live = {
  deployment: {
    metadata: { annotations: { "deployment.kubernetes.io/revision": "4" } },
    spec: { replicas: 3, selector: {}, template: { metadata: { labels: { ...labels, tier: "front" } } } },
  },
  service: {
    metadata: { annotations: { "kubectl.kubernetes.io/last-applied-configuration": "{}" } },
    spec: { selector: labels, type: "ClusterIP", ports: [{ port: 80, targetPort: "http", protocol: "TCP" }] },
  },
  ingress: { metadata: { annotations: { team: "dora" } }, spec: { rules } },
} satisfies Adoptable;

describe("what stands in the cluster", () => {
  it("can be adopted where the program describes it as it is", () => {
    assertAdoptable("web", args, live);
  });

  it("can be adopted without an Ingress, and with one that the program leaves alone", () => {
    assertAdoptable("web", args, { ...live, ingress: undefined });
    const { ingress: _, ...without } = args;
    assertAdoptable("web", without, { ...live, ingress: { metadata: { annotations: { a: "b" } }, spec: {} } });
  });

  it("can be adopted with annotations that nobody describes on what stays, and with those of a platform", () => {
    const annotations = { "example.com/cost": "1", "cloud.google.com/neg": "{}" };
    const { deployment, service, ingress } = live;
    assertAdoptable("web", args, {
      deployment: { ...deployment, metadata: { annotations: { "autopilot.gke.io/warden-version": "3" } } },
      service: { ...service, metadata: { annotations } },
      ingress: { ...ingress, metadata: { annotations } },
    });
  });

  it("can be adopted with any number of pods where an autoscaler owns that", () => {
    assertAdoptable("web", { ...args, replicas: "external" }, live);
  });

  const { deployment, service, ingress } = live;
  const spec = { ...service.spec };
  const metadata = { labels: {} };
  const cases: [what: string, changes: Partial<Adoptable>, sentence: RegExp, args?: Partial<ServiceArgs>][] = [
    ["without a Deployment", { deployment: undefined }, /cannot be adopted: there is no Deployment web, so name the/],
    [
      "without a Service",
      { service: undefined },
      /^web in namespace dora-apps cannot be adopted: there is no Service web in front of Deployment web/,
    ],
    [
      "that a controller keeps",
      { deployment: { ...deployment, metadata: { ownerReferences: [{ kind: "Rollout", name: "it" }] } } },
      /Deployment web is kept by Rollout it, which would change it back/,
    ],
    [
      "of another service",
      { service: { ...service, metadata: { labels: { "gray-release/service": "shop" } } } },
      /Service web is of the service shop/,
    ],
    [
      "of another Pulumi program",
      { ingress: { ...ingress, metadata: { managedFields: [{ manager: "pulumi-kubernetes-1f2e" }] } } },
      /Ingress web is of another Pulumi program/,
    ],
    [
      "with a Service that is a way in from outside",
      { service: { metadata, spec: { ...spec, type: "LoadBalancer" } } },
      /Service web is of type LoadBalancer and CanaryService makes one of type ClusterIP/,
    ],
    [
      "with a Service that selects other pods",
      { service: { metadata, spec: { ...spec, selector: { color: "green" } } } },
      /Service web selects color=green and the pods of Deployment web have app\.kubernetes\.io\/name=web,tier=front/,
    ],
    [
      "with a Service that selects nothing",
      { service: { metadata, spec: { ...spec, selector: {} } } },
      /Service web selects nothing/,
    ],
    [
      "whose Service selects what canary's pods will not have",
      { service: { metadata, spec: { ...spec, selector: { tier: "front" } } } },
      /Service web selects tier=front, which canary's pods would not have, so give the program labels: \{ "tier": "front" \}/,
    ],
    [
      "whose Service selects a label that is ours to give",
      {
        service: { metadata, spec: { ...spec, selector: { app: "shop" } } },
        deployment: {
          ...deployment,
          spec: { ...deployment.spec, template: { metadata: { labels: { app: "shop" } } } },
        },
      },
      /Service web selects app=shop, and CanaryService gives the label app itself/,
    ],
    [
      "whose pods have a label track",
      {
        deployment: {
          ...deployment,
          spec: { ...deployment.spec, template: { metadata: { labels: { ...labels, track: "stable" } } } },
        },
      },
      /the pods of Deployment web have a label track already/,
    ],
    [
      "that selects by expressions",
      { deployment: { ...deployment, spec: { ...deployment.spec, selector: { matchExpressions: [{}] } } } },
      /Deployment web selects by expressions/,
    ],
    [
      "with another number of pods",
      {},
      /Deployment web has 3 pods and the program says 9, so make them equal/,
      { replicas: 9 },
    ],
    [
      "with a port of another name",
      {},
      /has the ports 80 to http \(TCP, name ""\) and the program says 80 to http \(TCP, name "http"\)/,
      { ports: [{ port: 80, targetPort: "http" }] },
    ],
    [
      "with another Ingress",
      {},
      /Ingress web is \{"rules":\[\{"host":"web\.example\.com".* and the program says .*"host":"shop\.example\.com"/,
      { ingress: { host: "shop.example.com", annotations: { team: "dora" } } },
    ],
    [
      "with an annotation that would go",
      { deployment: { ...deployment, metadata: { annotations: { "example.com/cost": "1" } } } },
      /Deployment web has the annotation example\.com\/cost: 1, which the one in its place will not have, so put it into annotations/,
    ],
    [
      "with an annotation of another value",
      {},
      /Ingress web has the annotation team: dora and the program says shop, so describe it as it is/,
      { ingress: { host: "web.example.com", annotations: { team: "shop" } } },
    ],
  ];
  for (const [what, changes, sentence, program = {}] of cases) {
    it(`cannot be adopted ${what}`, () => {
      assert.throws(
        () => assertAdoptable("web", { ...args, ...program }, { ...live, ...changes }),
        (error: Error) => error instanceof UserError && sentence.test(error.message),
      );
    });
  }

  it("is a release by its pod template as it is, with the id of that", () => {
    const spec = { containers: [{ name: "app", image: "web:1" }] };
    const live = { metadata: { labels, creationTimestamp: null }, spec };
    const template = { metadata: { labels }, spec };
    assert.deepEqual(adoptedRelease(live), { id: releaseId(template, {}), template, configMaps: {} });
  });
});

describe("while pods serve that were there before us, traffic", () => {
  it("may have any weight above 0", () => {
    assertBeside("web", args, 25, labels);
  });

  it("cannot be dark, nor split by a gateway", () => {
    const reason = "and the pods of web that were adopted have no label track, so no Service can leave canary out";
    assert.throws(
      () => assertBeside("web", args, 0, labels),
      new UserError(`web: weight is 0, ${reason}: take a weight above 0 until the first promotion (gray adopt web).`),
    );
    const gateway = { routes: [{ gateways: [{ name: "public" }] }] };
    assert.throws(
      () => assertBeside("web", { ...args, gateway }, 25, labels),
      new UserError(`web: gateway is set, ${reason}: leave gateway out until the first promotion (gray adopt web).`),
    );
  });
  it("reaches canary only where its pods have what the Service selects", () => {
    assert.throws(
      () => assertBeside("web", { ...args, labels: { tier: "front" } }, 25, labels),
      new UserError(
        "web: Service web, which was adopted, selects app.kubernetes.io/name=web until the first promotion, and canary's pods would have app=web,tier=front: put the missing one back into labels.",
      ),
    );
  });
});
