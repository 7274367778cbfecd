import assert from "node:assert/strict";
import { cpuMetric } from "../../components/autoscaling.ts";
import { assertServiceArgs } from "../../components/service-args.ts";
import { UserError } from "../../components/user-error.ts";
import { describe as describeService } from "../../describe/description.ts";
import { liveServiceOf, type Objects } from "../../describe/live-service.ts";
import type { AutoscalerObject } from "../../kubernetes/objects/autoscaler.ts";
import type { DisruptionBudgetObject } from "../../kubernetes/objects/disruption-budget.ts";
import { container, deployment, ingress, labels, metadata, objects, path, route, service } from "./live.ts";

const described = (all: Partial<Objects> = {}, changes: Parameters<typeof deployment>[0] = {}) =>
  describeService(liveServiceOf(deployment(changes), objects(all)));
const remarked = (all: Partial<Objects>, changes: Parameters<typeof deployment>[0] = {}) =>
  described(all, changes).remarks.map(({ kind, what, why }) => `${kind} ${what}: ${why}`);
const rule = (...paths: object[]) => ({ host: "web.example.com", http: { paths } });

describe("the description of a live service", () => {
  it("says what the program has to say, and nothing more", () => {
    const found = described();
    assert.deepEqual(found.args, {
      namespace: "shop",
      labels,
      replicas: 3,
      minReadySeconds: 0,
      containers: [
        {
          name: "app",
          image: "web:1",
          ports: [{ name: "http", containerPort: 8080 }],
          readinessProbe: { httpGet: { path: "/healthz", port: "http" } },
          lifecycle: container.lifecycle,
        },
      ],
      terminationGracePeriodSeconds: 30,
      ports: [{ name: "", port: 80, targetPort: "http" }],
    });
    assert.deepEqual([found.service, found.remarks, found.obstacle], ["web", [], undefined]);
    assertServiceArgs("web", found.args);
  });

  it("has the annotations of people and not those of tools", () => {
    const annotations = {
      "deployment.kubernetes.io/revision": "4",
      "kubectl.kubernetes.io/last-applied-configuration": "{}",
      "meta.helm.sh/release-name": "web",
      team: "dora",
    };
    const { args } = described({ services: [service("web", {}, annotations)] }, { annotations });
    assert.deepEqual([args.annotations, args.serviceAnnotations], [{ team: "dora" }, { team: "dora" }]);
  });

  for (const [strategy, args, remark] of [
    [
      { type: "RollingUpdate", rollingUpdate: { maxSurge: 2, maxUnavailable: 1 } },
      { maxSurge: 2, maxUnavailable: 1 },
      undefined,
    ],
    [
      { type: "RollingUpdate", rollingUpdate: { maxSurge: "50%", maxUnavailable: "34%" } },
      { maxSurge: "50%", maxUnavailable: "34%" },
      undefined,
    ],
    [
      { type: "RollingUpdate", rollingUpdate: { maxSurge: "25%", maxUnavailable: "25%" } },
      {},
      /the default of Kubernetes/,
    ],
    [
      { type: "RollingUpdate", rollingUpdate: { maxSurge: 0, maxUnavailable: 1 } },
      { maxUnavailable: 1 },
      /it becomes 1/,
    ],
    [{ type: "Recreate" }, {}, /^not-described Deployment web: strategy Recreate: .*two versions serve side by side/],
  ] as const) {
    it(`takes the strategy ${JSON.stringify(strategy)}`, () => {
      const found = described({}, { spec: { strategy } });
      const { maxSurge, maxUnavailable } = found.args;
      assert.deepEqual({ ...(maxSurge && { maxSurge }), ...(maxUnavailable && { maxUnavailable }) }, args);
      const remarks = remarked({}, { spec: { strategy } });
      assert.equal(remarks.length, remark ? 1 : 0);
      if (remark) assert.match(remarks[0] ?? "", remark);
    });
  }

  it("takes the fields of a Service that are not the API server's defaults", () => {
    const spec = {
      type: "LoadBalancer",
      allocateLoadBalancerNodePorts: true,
      externalTrafficPolicy: "Local",
      healthCheckNodePort: 32_000,
      loadBalancerSourceRanges: ["10.0.0.0/8"],
      sessionAffinity: "ClientIP",
      sessionAffinityConfig: { clientIP: { timeoutSeconds: 10_800 } },
      ports: [
        { name: "http", port: 80, targetPort: 80, protocol: "TCP", nodePort: 30_080, appProtocol: "http" },
        { name: "dns", port: 53, targetPort: 5353, protocol: "UDP" },
      ],
    };
    const { args } = described({ services: [service("web", spec)] });
    assert.deepEqual(args.serviceSpec, {
      type: "LoadBalancer",
      externalTrafficPolicy: "Local",
      loadBalancerSourceRanges: ["10.0.0.0/8"],
      sessionAffinity: "ClientIP",
    });
    assert.deepEqual(args.ports, [
      { name: "http", port: 80, nodePort: 30_080, appProtocol: "http" },
      { name: "dns", port: 53, targetPort: 5353, protocol: "UDP" },
    ]);
    assertServiceArgs("web", args);
    const one = [{ name: "http", port: 80, targetPort: 80, protocol: "TCP" }];
    assert.deepEqual(described({ services: [service("web", { ports: one })] }).args.ports, [{ port: 80 }]);
  });

  it("keeps a Service without an address and with two families of addresses as it is", () => {
    const spec = {
      clusterIP: "None",
      clusterIPs: ["None"],
      ipFamilyPolicy: "PreferDualStack",
      ipFamilies: ["IPv6", "IPv4"],
    };
    assert.deepEqual(described({ services: [service("web", spec)] }).args.serviceSpec, {
      ipFamilyPolicy: "PreferDualStack",
      ipFamilies: ["IPv6", "IPv4"],
      clusterIP: "None",
    });
  });

  it("leaves out that users reach pods that are not ready, and says so", () => {
    const all = { services: [service("web", { publishNotReadyAddresses: true })] };
    assert.equal(described(all).args.serviceSpec, undefined);
    assert.match(remarked(all)[0] ?? "", /^not-described Service web: publishNotReadyAddresses/);
  });

  it("takes an Ingress of one host in the short form", () => {
    const tls = [{ hosts: ["web.example.com"], secretName: "web-tls" }];
    const all = { ingresses: [ingress("web", { ingressClassName: "nginx", tls, rules: [rule(path())] }, { a: "b" })] };
    assert.deepEqual(described(all).args.ingress, {
      ingressClassName: "nginx",
      host: "web.example.com",
      tlsSecretName: "web-tls",
      annotations: { a: "b" },
    });
  });

  it("takes an Ingress of several hosts and paths as rules", () => {
    const rules = [
      rule(path({ path: "/api", pathType: "Exact" }), path({}, "web", { name: "http" })),
      { http: { paths: [path()] } },
    ];
    const tls = [{ secretName: "a" }, { hosts: ["web.example.com"], secretName: "b" }];
    const all = {
      services: [service("web", { ports: [{ name: "http", port: 80, targetPort: "http" }] })],
      ingresses: [ingress("web", { rules, tls })],
    };
    assert.deepEqual(described(all).args.ingress, {
      rules: [{ host: "web.example.com", paths: [{ path: "/api", pathType: "Exact" }, { port: "http" }] }, {}],
      tls,
    });
    assert.equal(described(all).obstacle, undefined);
  });

  for (const [what, found, why] of [
    [
      "of another name",
      ingress("edge", { rules: [rule(path())] }),
      /Ingress edge: the Ingress of a program has the name of the service, web; it stays/,
    ],
    [
      "with another backend",
      ingress("web", { rules: [rule(path(), path({ path: "/x" }, "other"))] }),
      /its path \/x leads to Service other/,
    ],
    ["with a default backend", ingress("web", { defaultBackend: { service: { name: "web" } } }), /default backend/],
    [
      "with a field that is not known",
      ingress("web", { rules: [rule(path())], other: 1 }),
      /fields that the argument ingress has not/,
    ],
  ] as const) {
    it(`leaves an Ingress ${what} as it is, with the reason`, () => {
      assert.equal(described({ ingresses: [found] }).args.ingress, undefined);
      assert.match(remarked({ ingresses: [found] })[0] ?? "", why);
    });
  }

  it("takes an HTTPRoute that sends all requests of its hosts to the Service", () => {
    assert.deepEqual(described({ routes: [route("web")] }).args.gateway, {
      routes: [{ gateways: [{ name: "public", namespace: "infra" }], hostnames: ["web.example.com"] }],
    });
    const several = described({ routes: [route("web"), route("inner", { hostnames: undefined })] });
    assert.deepEqual(
      several.args.gateway?.routes.map(({ name }) => name),
      ["web", "inner"],
    );
    assertServiceArgs("web", several.args);
  });

  for (const [what, found, why] of [
    [
      "with a path",
      route("web", {}, { matches: [{ path: { type: "PathPrefix", value: "/api" } }] }),
      /matches some requests only/,
    ],
    [
      "with a header",
      route("web", {}, { matches: [{ headers: [{ name: "a", value: "b" }] }] }),
      /matches some requests only/,
    ],
    ["with a filter", route("web", {}, { filters: [{}] }), /its rule has filters/],
    [
      "with two backends",
      route("web", {}, { backendRefs: [{ name: "web" }, { name: "b" }] }),
      /its backend is not Service web alone/,
    ],
    ["of a mesh", route("web", { parentRefs: [{ kind: "Service", name: "web" }] }), /a parent of it is no Gateway/],
  ] as const) {
    it(`leaves an HTTPRoute ${what} as it is, with the reason`, () => {
      assert.equal(described({ routes: [found] }).args.gateway, undefined);
      assert.match(remarked({ routes: [found] })[0] ?? "", why);
    });
  }

  const scaled = (spec: object = {}, name = "web", more: object = {}) =>
    ({
      metadata: { ...metadata(name), ...more },
      spec: {
        minReplicas: 2,
        maxReplicas: 9,
        metrics: [cpuMetric(70)],
        scaleTargetRef: { apiVersion: "apps/v1", kind: "Deployment", name: "web" },
        ...spec,
      },
    }) as AutoscalerObject;
  const budget = (spec: object = {}, name = "web") =>
    ({
      metadata: metadata(name),
      spec: { minAvailable: 2, selector: { matchLabels: labels }, ...spec },
    }) as DisruptionBudgetObject;

  it("takes the autoscaler, the disruption budget and the further Services, and says what they become", () => {
    const all = {
      services: [
        service(),
        service(
          "web-internal",
          { type: "LoadBalancer", ports: [{ port: 81, targetPort: 81, protocol: "TCP" }] },
          { team: "dora" },
        ),
        service("other", { selector: { app: "other" } }),
      ],
      autoscalers: [scaled(), scaled({ scaleTargetRef: { kind: "StatefulSet", name: "web" } }, "db")],
      budgets: [budget(), budget({ selector: { matchLabels: { app: "other" } } }, "other")],
    };
    const { args, remarks } = described(all);
    assert.equal("replicas" in args, false);
    assert.deepEqual(args.autoscaling, { minReplicas: 2, maxReplicas: 9, cpu: "70%" });
    assert.deepEqual(args.disruptionBudget, { minAvailable: 2 });
    const ports = [{ name: "", port: 81 }];
    assert.deepEqual(args.services, {
      internal: { ports, serviceSpec: { type: "LoadBalancer" }, annotations: { team: "dora" } },
    });
    assertServiceArgs("web", args);
    assert.deepEqual(
      remarks.map(({ kind, what, why }) => `${kind} ${what}: ${why}`),
      [
        "differs PodDisruptionBudget web: from the first promotion on it counts the pods of stable alone, and canary gets a budget of its own",
        'differs Service web-internal: from the first promotion on it follows the shared Service, so at weight 0 it does not reach canary; give it pods: "all" then if it has to, for example for metrics',
      ],
    );
  });

  it("takes an autoscaler with metrics and a behavior as they are, and the API server's default of the CPU time", () => {
    const queue = { type: "External", external: { metric: { name: "queue" }, target: { type: "Value", value: "9" } } };
    const behavior = { scaleDown: { stabilizationWindowSeconds: 60 } };
    const found = described({
      autoscalers: [scaled({ minReplicas: 1, metrics: [cpuMetric(80), queue], behavior })],
    }).args.autoscaling;
    assert.deepEqual(found, { maxReplicas: 9, cpu: "80%", metrics: [queue], behavior });
    const other = described({ autoscalers: [scaled({ metrics: [queue, cpuMetric(70)] })] }).args.autoscaling;
    assert.deepEqual(other, { minReplicas: 2, maxReplicas: 9, metrics: [queue, cpuMetric(70)] });
  });

  const stays = "it stays as it is";
  for (const [what, all, remark] of [
    [
      "an autoscaler of another name",
      { autoscalers: [scaled({}, "web-cpu")] },
      /HorizontalPodAutoscaler web-cpu: .* has the name of the service, web; it stays/,
    ],
    [
      "one of two autoscalers",
      { autoscalers: [scaled(), scaled({}, "b")] },
      /HorizontalPodAutoscaler web: another autoscaler scales the same Deployment/,
    ],
    [
      "an autoscaler that may scale to zero",
      { autoscalers: [scaled({ minReplicas: 0 })] },
      /autoscaling\.minReplicas is 0/,
    ],
    [
      "an autoscaler of an older API",
      {
        autoscalers: [
          scaled({ scaleTargetRef: { apiVersion: "extensions/v1beta1", kind: "Deployment", name: "web" } }),
        ],
      },
      /HorizontalPodAutoscaler web: scaleTargetRef: the argument autoscaling cannot say it as it is/,
    ],
    [
      "an autoscaler of a controller",
      { autoscalers: [scaled({}, "web", { ownerReferences: [{ kind: "ScaledObject", name: "web" }] })] },
      /it is managed by ScaledObject web/,
    ],
    [
      "a budget of another name",
      { budgets: [budget({}, "web-pdb")] },
      /PodDisruptionBudget web-pdb: .* has the name of the service, web; it stays/,
    ],
    [
      "a budget of more pods",
      {
        budgets: [
          budget({
            selector: { matchExpressions: [{ key: "app.kubernetes.io/name", operator: "In", values: ["web", "db"] }] },
          }),
        ],
      },
      /PodDisruptionBudget web: selector: the argument disruptionBudget cannot say it/,
    ],
    [
      "a Service of another name",
      { services: [service(), service("metrics")] },
      /Service metrics: the further Services of a program are named web-…; it stays/,
    ],
    [
      "a Service with the name of a track",
      { services: [service(), service("web-canary")] },
      /Service web-canary: .*the Service of a track has it/,
    ],
    [
      "a Service of other pods",
      { services: [service(), service("web-all", { selector: { ...labels, tier: "front" } })] },
      /Service web-all: selector: the argument services\.all cannot say it/,
    ],
    [
      "a Service of pods that are not ready",
      { services: [service(), service("web-peers", { publishNotReadyAddresses: true })] },
      /Service web-peers: publishNotReadyAddresses: the argument services\.peers cannot say it/,
    ],
  ] as const) {
    it(`leaves ${what} as it is, with the field or the reason`, () => {
      const spec = {
        template: { metadata: { labels: { ...labels, tier: "front" } }, spec: { containers: [container] } },
      };
      const found = described(all, { spec: spec as never });
      const [first = ""] = found.remarks.map(({ kind, what, why }) => `${kind} ${what}: ${why}`);
      assert.match(first, remark);
      assert.ok(first.startsWith("not-described") && first.includes(stays), first);
      const { autoscaling, disruptionBudget, services, replicas } = found.args;
      assert.deepEqual([autoscaling, disruptionBudget, services], [undefined, undefined, undefined]);
      assert.equal(replicas, "autoscalers" in all ? "external" : 3);
    });
  }

  it("says of what stays that it loses its pods, if the pods of a release have another label than it selects", () => {
    const template = { metadata: { labels: { ...labels, app: "shop" } }, spec: { containers: [container] } };
    const selector = { app: "shop" };
    const all = {
      services: [service(), service("web-old", { selector }), service("metrics")],
      budgets: [budget({ selector: { matchLabels: selector } }, "web-pdb")],
    };
    const found = remarked(all, { spec: { template } as never }).filter((each) => each.includes("stays as it is"));
    const expected = [
      /PodDisruptionBudget web-pdb: .* counts no pod of a release, because CanaryService sets a label of its selector/,
      /Service web-old: selector: .* sends no request to a pod of a release, because CanaryService sets a label/,
      /Service metrics: .* sends requests to the pods of both tracks/,
    ];
    assert.equal(found.length, expected.length);
    for (const [i, sentence] of expected.entries()) assert.match(found[i] ?? "", sentence);
  });

  it("leaves two budgets of the same pods as they are, because gray adopt takes over no second one", () => {
    const all = { budgets: [budget(), budget({ selector: {} }, "all")] };
    assert.equal(described(all).args.disruptionBudget, undefined);
    assert.match(
      remarked(all).join("\n"),
      /PodDisruptionBudget web: another budget counts the same pods.*\n.*PodDisruptionBudget all: another budget counts/,
    );
  });

  it("does not list a budget whose expressions do not meet the pods", () => {
    const selector = (operator: string, values?: string[]) => ({
      selector: { matchExpressions: [{ key: "app.kubernetes.io/name", operator, ...(values && { values }) }] },
    });
    const listed = (spec: object) => described({ budgets: [budget(spec, "other")] }).remarks.length;
    const cases = [
      selector("NotIn", ["db"]),
      selector("Exists"),
      selector("In", ["db"]),
      selector("NotIn", ["web"]),
      selector("DoesNotExist"),
      { selector: undefined },
      { selector: {} },
    ];
    assert.deepEqual(cases.map(listed), [1, 1, 0, 0, 0, 0, 1]);
  });

  it("lists the ConfigMaps that the pods mount by name", () => {
    const pod = { volumes: [{ name: "c", configMap: { name: "web-config", defaultMode: 420 } }] };
    assert.deepEqual(described({}, { pod }).args.volumes, [{ name: "c", configMap: { name: "web-config" } }]);
    assert.match(remarked({}, { pod })[0] ?? "", /files of ConfigMap web-config: .* by this name/);
  });

  it("says why the service cannot be adopted as it is", () => {
    const front = described({ services: [service("front")] });
    assert.match(front.obstacle ?? "", /there is no Service web in front of Deployment web/);
    const template = { metadata: { labels: { ...labels, app: "shop" } }, spec: { containers: [container] } } as never;
    assert.match(
      remarked({}, { spec: { template } })[0] ?? "",
      /label app: shop of the pods: CanaryService sets this label/,
    );
  });

  it("prefers the Service of its name, then one that users reach", () => {
    const front = (all: Partial<Objects>) => liveServiceOf(deployment(), objects(all)).front?.metadata.name;
    assert.equal(front({ services: [service("a"), service("web")] }), "web");
    assert.equal(
      front({ services: [service("a"), service("b")], ingresses: [ingress("web", { rules: [rule(path({}, "b"))] })] }),
      "b",
    );
    assert.equal(front({ services: [service("a"), service("b")] }), "a");
  });

  it("needs a Service with a port", () => {
    const refuses = (all: Partial<Objects>, sentence: RegExp) =>
      assert.throws(
        () => described(all),
        (error) => error instanceof UserError && sentence.test(error.message),
      );
    refuses({ services: [] }, /No Service in namespace shop selects the pods of Deployment web/);
    refuses({ services: [service("web", { ports: undefined })] }, /Service web in namespace shop has no ports/);
  });
});
