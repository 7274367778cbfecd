import assert from "node:assert/strict";
import { adoptedRelease } from "../../components/adopted-release.ts";
import { type Adoptable, assertAdoptable, assertBeside } from "../../components/adoption.ts";
import { horizontalSpec } from "../../components/autoscaling.ts";
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

/** The live objects of the same service, as kubectl created them. */
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

describe("an existing service", () => {
  it("can be adopted if the program describes its live state", () => {
    assertAdoptable("web", args, live);
  });

  it("can be adopted without an Ingress, or with one that the program does not describe", () => {
    assertAdoptable("web", args, { ...live, ingress: undefined });
    const { ingress: _, ...without } = args;
    assertAdoptable("web", without, { ...live, ingress: { metadata: { annotations: { a: "b" } }, spec: {} } });
  });

  it("can be adopted with undescribed annotations on Service and Ingress, and with annotations of a platform on the Deployment", () => {
    const annotations = { "example.com/cost": "1", "cloud.google.com/neg": "{}" };
    const { deployment, service, ingress } = live;
    assertAdoptable("web", args, {
      deployment: { ...deployment, metadata: { annotations: { "autopilot.gke.io/warden-version": "3" } } },
      service: { ...service, metadata: { annotations } },
      ingress: { ...ingress, metadata: { annotations } },
    });
  });

  it("can be adopted with any number of pods if an autoscaler owns the number", () => {
    assertAdoptable("web", { ...args, replicas: "external" }, live);
  });

  const size = { replicas: undefined as never, autoscaling: { minReplicas: 2, maxReplicas: 9, cpu: "70%" as const } };
  const autoscaler = {
    kind: "HorizontalPodAutoscaler",
    name: "web",
    argument: "autoscaling",
    metadata: { annotations: { team: "dora" } },
    spec: horizontalSpec("web", size.autoscaling),
  } as const;
  it("can be adopted with its autoscaler", () => {
    assertAdoptable("web", { ...args, ...size }, { ...live, beside: [autoscaler] });
  });

  const { deployment, service, ingress } = live;
  const spec = { ...service.spec };
  const metadata = { labels: {} };
  const cases: [what: string, changes: Partial<Adoptable>, sentence: RegExp, args?: Partial<ServiceArgs>][] = [
    [
      "without a Deployment",
      { deployment: undefined },
      /cannot be adopted: there is no Deployment web, so give the service the name of its Deployment\./,
    ],
    [
      "without a Service",
      { service: undefined },
      /^web in namespace dora-apps cannot be adopted: there is no Service web in front of Deployment web/,
    ],
    [
      "managed by a controller",
      { deployment: { ...deployment, metadata: { ownerReferences: [{ kind: "Rollout", name: "it" }] } } },
      /Deployment web is managed by Rollout it, which would revert every change/,
    ],
    [
      "that is a hook of Helm",
      { service: { ...service, metadata: { annotations: { "helm.sh/hook": "pre-install" } } } },
      /Service web is a hook of Helm \(helm\.sh\/hook: pre-install\), .* make it a plain object of the chart first/,
    ],
    [
      "of another service",
      { service: { ...service, metadata: { labels: { "gray-release/service": "shop" } } } },
      /Service web belongs to the service shop/,
    ],
    [
      "of another Pulumi program",
      { ingress: { ...ingress, metadata: { managedFields: [{ manager: "pulumi-kubernetes-1f2e" }] } } },
      /Ingress web belongs to another Pulumi program/,
    ],
    [
      "with a Service of type LoadBalancer",
      { service: { metadata, spec: { ...spec, type: "LoadBalancer" } } },
      /Service web is of type LoadBalancer and the program has ClusterIP, so add serviceSpec: \{ type: "LoadBalancer" \} to the program/,
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
      "whose Service selects a label that canary's pods will not have",
      { service: { metadata, spec: { ...spec, selector: { tier: "front" } } } },
      /Service web selects tier=front, which canary's pods would not have, so add labels: \{ "tier": "front" \} to the program/,
    ],
    [
      "whose Service selects a label that CanaryService sets itself",
      {
        service: { metadata, spec: { ...spec, selector: { app: "shop" } } },
        deployment: {
          ...deployment,
          spec: { ...deployment.spec, template: { metadata: { labels: { app: "shop" } } } },
        },
      },
      /Service web selects app=shop, and CanaryService sets the label app itself/,
    ],
    [
      "whose pods have a label track",
      {
        deployment: {
          ...deployment,
          spec: { ...deployment.spec, template: { metadata: { labels: { ...labels, track: "stable" } } } },
        },
      },
      /the pods of Deployment web already have a label track/,
    ],
    [
      "that selects by matchExpressions",
      { deployment: { ...deployment, spec: { ...deployment.spec, selector: { matchExpressions: [{}] } } } },
      /Deployment web selects by matchExpressions/,
    ],
    [
      "with another number of pods",
      {},
      /Deployment web has 3 pods and the program has 9, so make them equal/,
      { replicas: 9 },
    ],
    [
      "with a port of another name",
      {},
      /has the ports 80 to http \(TCP, name ""\) and the program has 80 to http \(TCP, name "http"\)/,
      { ports: [{ port: 80, targetPort: "http" }] },
    ],
    [
      "with another Ingress",
      {},
      /: Ingress web has rules \[\{"host":"web\.example\.com".* and the program has \[\{"host":"shop\.example\.com".*, so change ingress in the program to the live rules \(kubectl get ingress web -n dora-apps -o yaml\)\.$/,
      { ingress: { host: "shop.example.com", annotations: { team: "dora" } } },
    ],
    [
      "with an Ingress of another class, without a quotation of the rest",
      {},
      /: Ingress web has ingressClassName none and the program has "internal", so change ingress in the program to the live ingressClassName \(/,
      { ingress: { host: "web.example.com", ingressClassName: "internal", annotations: { team: "dora" } } },
    ],
    [
      "with an Ingress of many rules, of which the first are quoted",
      {},
      /and the program has \[.{199}…, so change ingress/,
      {
        ingress: {
          rules: Array.from({ length: 20 }, (_, at) => ({ host: `${at}.example.com` })),
          annotations: { team: "dora" },
        },
      },
    ],
    [
      "with an annotation that the first promotion would remove",
      { deployment: { ...deployment, metadata: { annotations: { "example.com/cost": "1" } } } },
      /Deployment web has the annotation example\.com\/cost: 1, which its replacement will not have, so add it to annotations/,
    ],
    [
      "with an autoscaler of other bounds",
      { beside: [{ ...autoscaler, spec: { ...autoscaler.spec, maxReplicas: 5 } }] },
      /: HorizontalPodAutoscaler web has maxReplicas 5 and the program makes 9 of it, so make them equal, or set replicas: "external" in place of autoscaling, so that this HorizontalPodAutoscaler stays as it is\.$/,
      size,
    ],
    [
      "with an autoscaler that something else manages",
      { beside: [{ ...autoscaler, metadata: { ownerReferences: [{ kind: "Tool", name: "it" }] } }] },
      /HorizontalPodAutoscaler web is managed by Tool it/,
      size,
    ],
    [
      "with a further Service whose annotation has another value",
      {
        beside: [
          {
            kind: "Service",
            name: "web-internal",
            argument: "services.internal",
            metadata: { annotations: { team: "dora" } },
            spec: service.spec,
          },
        ],
      },
      /Service web-internal has the annotation team: dora and the program has shop/,
      { services: { internal: { ports: args.ports, annotations: { team: "shop" } } } },
    ],
    [
      "with an annotation of another value",
      {},
      /Ingress web has the annotation team: dora and the program has shop, so change the program to the live value/,
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

  it("becomes a release with its unchanged pod template, and the id follows from that", () => {
    const spec = { containers: [{ name: "app", image: "web:1" }] };
    const live = { metadata: { labels, creationTimestamp: null }, spec };
    const template = { metadata: { labels }, spec };
    assert.deepEqual(adoptedRelease(live), { id: releaseId(template, {}), template, configMaps: {} });
  });
});

describe("traffic while adopted pods serve", () => {
  it("may have any weight above 0", () => {
    assertBeside("web", args, 25, labels);
  });

  it("cannot be dark, nor split by a gateway", () => {
    const reason = "and the adopted pods of web have no label track, so no Service can exclude canary";
    assert.throws(
      () => assertBeside("web", args, 0, labels),
      new UserError(`web: weight is 0, ${reason}: use a weight above 0 until the first promotion (gray adopt web).`),
    );
    const gateway = { routes: [{ gateways: [{ name: "public" }] }] };
    assert.throws(
      () => assertBeside("web", { ...args, gateway }, 25, labels),
      new UserError(`web: gateway is set, ${reason}: remove gateway until the first promotion (gray adopt web).`),
    );
  });
  it("reaches canary only if its pods have the labels that the Service selects", () => {
    assert.throws(
      () => assertBeside("web", { ...args, labels: { tier: "front" } }, 25, labels),
      new UserError(
        "web: the adopted Service web selects app.kubernetes.io/name=web until the first promotion, and canary's pods would have app=web,tier=front: add the missing label to labels in the program.",
      ),
    );
  });
});
