import assert from "node:assert/strict";
import { CanaryService } from "../../components/canary-service.ts";
import { parsePlan } from "../../components/plan.ts";
import { renderRelease } from "../../components/release.ts";
import type { RolloutContext } from "../../components/rollout-context.ts";
import type { ServiceArgs } from "../../components/service-args.ts";
import type { Step } from "../../components/step.ts";
import { storedReleaseData } from "../../components/stored-release.ts";
import { UserError } from "../../components/user-error.ts";
import { type Registered, type Run, run } from "../fake/engine.ts";
import { context, serviceArgs } from "./fop-gate.ts";

const withFiles = serviceArgs({
  labels: { team: "dora" },
  annotations: { "log.example.com/agent": "on" },
  configFiles: { config: { files: { "a.conf": "a = 1\n" }, mountPath: "/etc/fop-gate" } },
  ingress: { host: "fop-gate.example.com" },
  debugIngress: { host: "debug.example.com" },
});

async function deploy(changes: Partial<ServiceArgs> = {}, contextChanges: Partial<RolloutContext> = {}): Promise<Run> {
  const { replicas, ...others } = withFiles;
  const args = { ...others, ...(changes.autoscaling === undefined && { replicas }), ...changes } as ServiceArgs;
  return run(() => {
    new CanaryService("fop-gate", { ...args, rollout: context("fop-gate", args, contextChanges) });
  });
}

/** All Kubernetes objects of a run, in the form `Deployment fop-gate`. */
const objects = ({ resources }: Run) =>
  resources
    .filter(({ type }) => type.startsWith("kubernetes:"))
    .map(({ type, inputs }) => `${type.split(":").at(-1)} ${inputs.metadata.name}`)
    .sort();

function find({ resources }: Run, kind: string, name: string): Registered {
  const found = resources.find(({ type, inputs }) => type.endsWith(`:${kind}`) && inputs.metadata?.name === name);
  assert.ok(found, `no ${kind} ${name}`);
  return found;
}

const release = renderRelease("fop-gate", { app: "fop-gate", team: "dora" }, withFiles);
const [configMap = ""] = Object.keys(release.configMaps);

describe("CanaryService", () => {
  it("is a component, and all its objects are children of it", async () => {
    const { resources } = await deploy();
    const component = resources.find(({ type }) => type === "gray-release:index:CanaryService");
    assert.equal(component?.name, "fop-gate");
    for (const { type, name, parent } of resources) {
      if (type.startsWith("kubernetes:") || type.startsWith("random:")) assert.equal(parent, "fop-gate", name);
    }
  });

  it("shows its arguments and the gate's admissions as inputs, for policies to read", async () => {
    const admissions = { stable: { admitted: false, code: "no-verdict" } };
    const { resources } = await deploy({ tracks: ["stable"] }, { admissions });
    const { inputs } = resources.find(({ type }) => type === "gray-release:index:CanaryService") as Registered;
    assert.deepEqual(inputs.admissions, admissions);
    assert.deepEqual([inputs.replicas, inputs.tracks, inputs.namespace], [9, ["stable"], "dora-apps"]);
    assert.equal("rollout" in inputs, false);
  });

  it("shows durations in seconds and weights in percent, however they are written", async () => {
    const steps: Step[] = [
      { stage: "canary", weight: "25%", atMost: "10m" },
      { stage: "full", watch: "1h" },
    ];
    const { resources } = await deploy({ weight: "10%", plan: { checks: [{ path: "/", atMost: "2s" }], steps } });
    const { inputs } = resources.find(({ type }) => type === "gray-release:index:CanaryService") as Registered;
    const numbers = [
      { stage: "canary", weight: 25, atMost: 600 },
      { stage: "full", watch: 3600 },
    ];
    assert.deepEqual([inputs.weight, inputs.plan], [10, { checks: [{ path: "/", atMost: 2 }], steps: numbers }]);
  });

  it("refuses bad arguments before it registers anything", async () => {
    const args = serviceArgs({ replicas: 0 });
    const attempt = run(() => {
      new CanaryService("fop-gate", { ...args, rollout: context("fop-gate", serviceArgs()) });
    });
    await assert.rejects(attempt, /replicas is 0/);
  });

  for (const [whose, service, namespace] of [
    ["another service", "web", "dora-apps"],
    ["the service of another namespace", "fop-gate", "other"],
  ] as const) {
    it(`refuses the rollout of ${whose} before it registers anything`, async () => {
      const args = serviceArgs();
      const { resources } = await run(() => {
        const rollout = context(service, serviceArgs({ namespace }));
        assert.throws(
          () => new CanaryService("fop-gate", { ...args, rollout }),
          new UserError(
            `CanaryService fop-gate in namespace dora-apps was given the rollout of ${namespace}/${service}: pass the result of openRollout("fop-gate", args).`,
          ),
        );
      });
      assert.deepEqual(
        resources.map(({ type }) => type),
        ["pulumi:providers:kubernetes"],
      );
    });
  }

  describe("in the stack of canary", () => {
    let made: Run;
    before(async () => {
      made = await deploy({ tracks: ["canary"] });
    });

    it("owns the front and canary's Deployment", () => {
      assert.deepEqual(objects(made), [
        `ConfigMap ${configMap}`,
        `ConfigMap fop-gate-release-${release.id}`,
        "Deployment fop-gate-canary",
        "Ingress fop-gate",
        "Service fop-gate",
        "Service fop-gate-canary",
      ]);
    });

    it("stores the plan, if there is one, in a ConfigMap for gray", async () => {
      const planned = await deploy({ tracks: ["canary"], plan: { checks: [{ path: "/healthz" }] } });
      const { inputs, dependsOn } = find(planned, "ConfigMap", "fop-gate-plan");
      assert.deepEqual(Object.keys(inputs.data), ["plan"]);
      assert.deepEqual(
        parsePlan(inputs.data.plan).checks.map(({ path, port }) => [path, port]),
        [["/healthz", 80]],
      );
      assert.deepEqual([inputs.immutable, dependsOn], [undefined, []]);
      assert.equal(inputs.metadata.labels["gray-release/service"], "fop-gate");
      const other = await deploy({ tracks: ["stable"], plan: { checks: [{ path: "/healthz" }] } });
      assert.deepEqual(
        objects(other).filter((name) => name.startsWith("ConfigMap")),
        [],
      );
    });

    it("creates the token that reaches a dark canary", () => {
      assert.ok(made.resources.some(({ type, name }) => type.endsWith("RandomPassword") && name === "fop-gate-token"));
    });
  });

  describe("in the stack of stable", () => {
    it("owns only stable's Deployment and the debug Ingress", async () => {
      const made = await deploy({ tracks: ["stable"] });
      assert.deepEqual(objects(made), ["Deployment fop-gate", "Ingress fop-gate-debug"]);
      assert.ok(!made.resources.some(({ type }) => type.startsWith("random:")));
    });
  });

  describe("in a stack of both tracks", () => {
    let made: Run;
    before(async () => {
      made = await deploy();
    });

    it("owns all objects", () => {
      assert.deepEqual(objects(made), [
        `ConfigMap ${configMap}`,
        `ConfigMap fop-gate-release-${release.id}`,
        "Deployment fop-gate",
        "Deployment fop-gate-canary",
        "Ingress fop-gate",
        "Ingress fop-gate-debug",
        "Service fop-gate",
        "Service fop-gate-canary",
      ]);
    });

    it("gives the tracks pod templates that differ only in the label track", () => {
      const [stable, canary] = ["fop-gate", "fop-gate-canary"].map(
        (name) => find(made, "Deployment", name).inputs.spec.template,
      );
      assert.equal(stable.metadata.labels.track, "stable");
      assert.equal(canary.metadata.labels.track, "canary");
      const withoutTrack = structuredClone(canary);
      withoutTrack.metadata.labels.track = "stable";
      assert.deepEqual(stable, withoutTrack);
      assert.equal(stable.metadata.labels.release, release.id);
    });

    it("runs the unchanged release", () => {
      const {
        track: _,
        release: id,
        ...labels
      } = find(made, "Deployment", "fop-gate").inputs.spec.template.metadata.labels as Record<string, string>;
      assert.equal(id, release.id);
      assert.deepEqual(labels, release.template.metadata.labels);
      assert.deepEqual(find(made, "Deployment", "fop-gate").inputs.spec.template.spec, release.template.spec);
    });

    it("rolls stable after canary, and once its release is stored", () => {
      const before = ["fop-gate-canary", `fop-gate-release-${release.id}`];
      assert.deepEqual(find(made, "Deployment", "fop-gate").dependsOn, before);
    });

    it("gives each track a selector that never matches the other's pods", () => {
      for (const [name, track] of [
        ["fop-gate", "stable"],
        ["fop-gate-canary", "canary"],
      ] as const) {
        assert.deepEqual(find(made, "Deployment", name).inputs.spec.selector, {
          matchLabels: { app: "fop-gate", track },
        });
      }
    });

    it("labels every object with its app, the user's labels and its service", () => {
      for (const { type, inputs } of made.resources.filter(({ type }) => type.startsWith("kubernetes:"))) {
        const { app, team, ...rest } = inputs.metadata.labels;
        assert.deepEqual([app, team], ["fop-gate", "dora"], type);
        assert.equal(rest["gray-release/service"], "fop-gate", type);
        assert.equal(inputs.metadata.namespace, "dora-apps", type);
      }
    });

    it("puts the user's annotations, the sequence number, the owner id and the stack's name on the Deployments", () => {
      for (const name of ["fop-gate", "fop-gate-canary"]) {
        assert.deepEqual(find(made, "Deployment", name).inputs.metadata.annotations, {
          "log.example.com/agent": "on",
          "pulumi.com/patchForce": "true",
          "gray-release/owner": "0123456789abcdef",
          "gray-release/seq": "0",
          "gray-release/stack": "organization/gray-release/test",
        });
      }
    });

    it("protects the front and stable, but not canary's Deployment", () => {
      const protect = made.resources
        .filter((each) => each.protect)
        .map(({ type, name }) => `${type.split(":").at(-1)} ${name}`);
      assert.deepEqual(protect.sort(), [
        "Deployment fop-gate",
        "Ingress fop-gate",
        "Service fop-gate",
        "Service fop-gate-canary",
      ]);
    });

    it("creates immutable ConfigMaps", () => {
      const { inputs } = find(made, "ConfigMap", configMap);
      assert.equal(inputs.immutable, true);
      assert.deepEqual(inputs.data, { "a.conf": "a = 1\n" });
    });

    it("creates the ConfigMaps before the pods that mount them", () => {
      assert.ok(find(made, "Deployment", "fop-gate-canary").dependsOn.includes(configMap));
    });

    it("makes Pulumi wait for neither Services nor Ingresses", () => {
      for (const [kind, name] of [
        ["Service", "fop-gate"],
        ["Service", "fop-gate-canary"],
        ["Ingress", "fop-gate"],
        ["Ingress", "fop-gate-debug"],
      ] as const) {
        assert.equal(find(made, kind, name).inputs.metadata.annotations["pulumi.com/skipAwait"], "true", name);
      }
    });
  });

  it("has the documented defaults", async () => {
    const { inputs } = find(await deploy(), "Deployment", "fop-gate");
    const { replicas, minReadySeconds, progressDeadlineSeconds, revisionHistoryLimit, strategy, template } =
      inputs.spec;
    assert.deepEqual([replicas, minReadySeconds, progressDeadlineSeconds, revisionHistoryLimit], [9, 30, 600, 10]);
    assert.deepEqual(strategy, { type: "RollingUpdate", rollingUpdate: { maxSurge: 1, maxUnavailable: 0 } });
    assert.equal(template.spec.terminationGracePeriodSeconds, 90);
    assert.deepEqual(template.spec.containers[0].lifecycle.preStop, { sleep: { seconds: 5 } });
  });

  it("takes every number of a Deployment from its arguments", async () => {
    const { inputs } = find(
      await deploy({
        minReadySeconds: 2,
        maxSurge: 3,
        maxUnavailable: 1,
        progressDeadlineSeconds: 60,
        releaseHistoryLimit: 4,
      }),
      "Deployment",
      "fop-gate",
    );
    const { minReadySeconds, progressDeadlineSeconds, revisionHistoryLimit, strategy } = inputs.spec;
    assert.deepEqual([minReadySeconds, progressDeadlineSeconds, revisionHistoryLimit], [2, 60, 4]);
    assert.deepEqual(strategy.rollingUpdate, { maxSurge: 3, maxUnavailable: 1 });
  });

  it("omits the number of stable's pods if an autoscaler owns it", async () => {
    const made = await deploy({ replicas: "external" });
    assert.equal("replicas" in find(made, "Deployment", "fop-gate").inputs.spec, false);
    assert.equal(find(made, "Deployment", "fop-gate-canary").inputs.spec.replicas, 1);
  });

  it("makes stable's autoscaler, and says in canary's Deployment that canary follows", async () => {
    const made = await deploy({ autoscaling: { minReplicas: 2, maxReplicas: 8, cpu: "70%" } });
    assert.equal("replicas" in find(made, "Deployment", "fop-gate").inputs.spec, false);
    const { spec, metadata } = find(made, "HorizontalPodAutoscaler", "fop-gate").inputs;
    assert.deepEqual([spec.scaleTargetRef.name, spec.minReplicas, spec.maxReplicas], ["fop-gate", 2, 8]);
    assert.equal(metadata.annotations["gray-release/owner"], "0123456789abcdef");
    const follows = (name: string) =>
      find(made, "Deployment", name).inputs.metadata.annotations["gray-release/follows"];
    assert.deepEqual([follows("fop-gate"), follows("fop-gate-canary")], [undefined, '{"mode":"replicas"}']);
  });

  it("makes a ScaledObject of KEDA", async () => {
    const made = await deploy({ autoscaling: { keda: { triggers: [{ type: "cron" }] } } });
    const { apiVersion, spec } = find(made, "ScaledObject", "fop-gate").inputs;
    assert.deepEqual([apiVersion, spec.triggers, spec.minReplicaCount], ["keda.sh/v1alpha1", [{ type: "cron" }], 1]);
  });

  it("makes no autoscaler in the stack of canary", async () => {
    const made = await deploy({ autoscaling: { maxReplicas: 8 }, tracks: ["canary"] });
    assert.ok(!made.resources.some(({ type }) => type.endsWith("Autoscaler")));
  });

  it("tells policies that an autoscaler owns the number", async () => {
    const replicas = async (changes: Partial<ServiceArgs>) =>
      (await deploy(changes)).resources.find(({ type }) => type.endsWith(":CanaryService"))?.inputs.replicas;
    assert.equal(await replicas({ autoscaling: { maxReplicas: 8 } }), "external");
    assert.equal(await replicas({ replicas: 9 }), 9);
  });

  it("waits for a complete roll: start and ready time of each round, and one progress deadline", async () => {
    const timeouts = async (changes: Partial<ServiceArgs>) =>
      find(await deploy({ startSeconds: 30, ...changes }), "Deployment", "fop-gate").timeouts;
    assert.deepEqual(await timeouts({}), { create: "1140s", update: "1140s" });
    assert.deepEqual(await timeouts({ maxSurge: 2 }), { create: "900s", update: "900s" });
    assert.deepEqual(await timeouts({ minReadySeconds: 0, progressDeadlineSeconds: 60 }), {
      create: "330s",
      update: "330s",
    });
  });

  it("waits just as long if an argument is undefined", async () => {
    const changes = {
      startSeconds: 30,
      minReadySeconds: undefined,
      maxSurge: undefined,
    } as unknown as Partial<ServiceArgs>;
    assert.equal(find(await deploy(changes), "Deployment", "fop-gate").timeouts.update, "1140s");
  });

  it("updates pods before traffic if the weight rises", async () => {
    const made = await deploy({}, { order: "pods-first" });
    assert.deepEqual(find(made, "Service", "fop-gate").dependsOn, ["fop-gate-canary"]);
    assert.ok(!find(made, "Deployment", "fop-gate-canary").dependsOn.includes("fop-gate"));
  });

  it("updates traffic before pods if the weight falls", async () => {
    const made = await deploy({}, { order: "traffic-first" });
    assert.deepEqual(find(made, "Deployment", "fop-gate-canary").dependsOn.toSorted(), ["fop-gate", configMap].sort());
    assert.deepEqual(find(made, "Service", "fop-gate").dependsOn, []);
  });

  it("selects both tracks, and only stable while canary is dark", async () => {
    const selector = async (weight: number) =>
      find(await deploy({ weight }), "Service", "fop-gate").inputs.spec.selector;
    assert.deepEqual(await selector(10), { app: "fop-gate" });
    assert.deepEqual(await selector(0), { app: "fop-gate", track: "stable" });
  });

  it("reaches canary from inside the cluster at any weight", async () => {
    const made = await deploy({ weight: 0 });
    assert.deepEqual(find(made, "Service", "fop-gate-canary").inputs.spec.selector, {
      app: "fop-gate",
      track: "canary",
    });
  });

  describe("behind a gateway", () => {
    const gateway = { routes: [{ gateways: [{ name: "public" }], hostnames: ["fop-gate.example.com"] }] };
    let made: Run;
    let plain: Run;
    before(async () => {
      plain = await deploy();
      const hook = () => {};
      const hooks = { stable: {}, canary: {}, front: { beforeUpdate: [hook] } };
      made = await deploy({ gateway }, { sequence: { stable: 3, canary: 4, front: 5 }, hooks });
    });

    it("also owns an HTTPRoute and a Service of the stable track", async () => {
      assert.deepEqual(
        objects(made).filter((each) => !objects(plain).includes(each)),
        ["HTTPRoute fop-gate", "Service fop-gate-stable"],
      );
    });

    it("routes to a Service for each track, which selects only its pods", () => {
      for (const track of ["stable", "canary"]) {
        assert.deepEqual(find(made, "Service", `fop-gate-${track}`).inputs.spec.selector, { app: "fop-gate", track });
      }
      const { backendRefs } = find(made, "HTTPRoute", "fop-gate").inputs.spec.rules.at(-1);
      assert.deepEqual(
        backendRefs.map(({ name }: { name: string }) => name),
        ["fop-gate-stable", "fop-gate-canary"],
      );
    });

    it("writes the route with its labels and the front's write number, does not wait for it, and has the gate check it", () => {
      const { inputs, hooks, protect } = find(made, "HTTPRoute", "fop-gate");
      assert.deepEqual(inputs.metadata.labels, {
        app: "fop-gate",
        team: "dora",
        "gray-release/service": "fop-gate",
      });
      const { annotations } = inputs.metadata;
      assert.deepEqual([annotations["gray-release/seq"], annotations["pulumi.com/skipAwait"]], ["5", "true"]);
      assert.deepEqual(hooks, ["beforeUpdate"]);
      assert.equal(protect, false, "a service may return to traffic by number of pods");
    });

    it("keeps the Ingress at the shared Service", () => {
      const [rule] = find(made, "Ingress", "fop-gate").inputs.spec.rules;
      assert.equal(rule.http.paths[0].backend.service.name, "fop-gate");
    });
  });

  describe("of a worker", () => {
    const [container] = serviceArgs().containers;
    const { readinessProbe: _, ...unprobed } = container as NonNullable<typeof container>;
    const noReadiness = "It polls a queue and listens on no port.";
    const deployWorker = (changes: Partial<ServiceArgs> = {}) => {
      const { ingress: _, debugIngress: __, ...others } = withFiles;
      const args = { ...others, ports: [], containers: [unprobed], noReadiness, ...changes } as ServiceArgs;
      return run(() => {
        new CanaryService("fop-gate", { ...args, rollout: context("fop-gate", args) });
      });
    };

    it("owns Deployments and ConfigMaps alone, also with a plan", async () => {
      const steps: Step[] = [{ stage: "canary", weight: 10 }, { stage: "full" }];
      const { resources } = await deployWorker({ plan: { steps } });
      const kinds = resources.map(({ type }) => type.split(":").at(-1));
      assert.deepEqual(new Set(kinds), new Set(["CanaryService", "Deployment", "ConfigMap", "kubernetes", "Stash"]));
      assert.ok(!resources.some(({ inputs }) => inputs.metadata?.name === "fop-gate-plan"));
    });

    it("says in its Deployments that it is one, and why it has no readinessProbe", async () => {
      const found = await deployWorker();
      for (const name of ["fop-gate", "fop-gate-canary"]) {
        const { annotations } = find(found, "Deployment", name).inputs.metadata;
        assert.equal(annotations["gray-release/worker"], "true");
        assert.equal(annotations["gray-release/no-readiness"], noReadiness);
      }
      const { annotations } = find(await deploy(), "Deployment", "fop-gate").inputs.metadata;
      assert.ok(!Object.keys(annotations).some((key) => /worker|no-readiness/.test(key)));
    });

    it("has no address and no token", async () => {
      const { resources } = await deployWorker();
      const component = resources.find(({ type }) => type === "gray-release:index:CanaryService");
      assert.equal(component?.inputs.noReadiness, noReadiness);
      assert.ok(!resources.some(({ type }) => type.startsWith("random:")));
    });
  });

  it("writes the given sequence numbers", async () => {
    const made = await deploy({}, { sequence: { stable: 3, canary: 4, front: 5 } });
    const seq = (kind: string, name: string) => find(made, kind, name).inputs.metadata.annotations["gray-release/seq"];
    assert.deepEqual(
      [seq("Deployment", "fop-gate"), seq("Deployment", "fop-gate-canary"), seq("Service", "fop-gate")],
      ["3", "4", "5"],
    );
  });

  it("binds the gate's last check to both Deployments and the shared Service", async () => {
    const hook = () => {};
    const hooks = {
      stable: { beforeCreate: [hook], beforeUpdate: [hook], afterUpdate: [hook] },
      canary: { beforeUpdate: [hook] },
      front: { beforeUpdate: [hook] },
    };
    const made = await deploy({}, { hooks });
    assert.deepEqual(find(made, "Deployment", "fop-gate").hooks.toSorted(), [
      "afterUpdate",
      "beforeCreate",
      "beforeUpdate",
    ]);
    assert.deepEqual(find(made, "Deployment", "fop-gate-canary").hooks, ["beforeUpdate"]);
    assert.deepEqual(find(made, "Service", "fop-gate").hooks, ["beforeUpdate"]);
  });

  it("gives the shared Service every field that its API knows, and the Service of a track only the ports", async () => {
    const ports = [
      { name: "http", port: 80, targetPort: 8080, nodePort: 30080, appProtocol: "kubernetes.io/h2c" },
      { name: "dns", port: 53, protocol: "UDP" },
    ] as const;
    const serviceSpec = { type: "LoadBalancer", sessionAffinity: "ClientIP", trafficDistribution: "PreferSameZone" };
    const made = await deploy({ ports, serviceSpec, serviceAnnotations: { "example.com/lb": "internal" } });
    const shared = find(made, "Service", "fop-gate");
    const { selector: _, ...spec } = shared.inputs.spec;
    assert.deepEqual(spec, { ...serviceSpec, ports: [ports[0], { ...ports[1], targetPort: 53 }] });
    assert.equal(shared.inputs.metadata.annotations["example.com/lb"], "internal");
    const canary = find(made, "Service", "fop-gate-canary");
    const { nodePort: __, ...http } = ports[0];
    assert.deepEqual(canary.inputs.spec.ports, [http, { ...ports[1], targetPort: 53 }]);
    assert.equal("type" in canary.inputs.spec, false);
  });

  it("routes an Ingress to the shared Service on its first port, or on the given port", async () => {
    const paths = async (ingress: object) =>
      find(
        await deploy({
          ports: [
            { name: "http", port: 80 },
            { name: "admin", port: 81 },
          ],
          ingress: { host: "h", ...ingress },
        }),
        "Ingress",
        "fop-gate",
      ).inputs.spec;
    const plain = await paths({});
    assert.deepEqual(plain.rules[0].http.paths, [
      { path: "/", pathType: "Prefix", backend: { service: { name: "fop-gate", port: { number: 80 } } } },
    ]);
    assert.equal("tls" in plain || "ingressClassName" in plain, false);
    const custom = await paths({ path: "/x", port: 81, ingressClassName: "traefik", tlsSecretName: "cert" });
    assert.equal(custom.rules[0].http.paths[0].path, "/x");
    assert.equal(custom.rules[0].http.paths[0].backend.service.port.number, 81);
    assert.equal(custom.ingressClassName, "traefik");
    assert.deepEqual(custom.tls, [{ hosts: ["h"], secretName: "cert" }]);
  });

  describe("the stack state", () => {
    /** What a run of the program stores. */
    const stored = async (changes: Partial<RolloutContext>, options: Parameters<typeof run>[1] = {}) => {
      const found: unknown[] = [];
      const program = () => {
        new CanaryService("fop-gate", { ...withFiles, rollout: context("fop-gate", withFiles, changes) });
      };
      await run(program, { ...options, stash: (name, input) => void (name === "fop-gate-state" && found.push(input)) });
      return found;
    };
    const remembered = {
      namespace: "dora-apps",
      cluster: "cluster-uid",
      current: { canary: "a", stable: "a" },
      history: ["a"],
    };

    it("has the current releases and the history, once the Deployments have finished", async () => {
      const history = [release, { ...release, id: "d" }];
      const current = { canary: release.id, stable: release.id };
      assert.deepEqual(await stored({ history, previous: { stable: "c", canary: "d" } }), [
        {
          namespace: "dora-apps",
          cluster: "cluster-uid",
          owner: "0123456789abcdef",
          current,
          previous: "c",
          history: [release.id, "d"],
          copies: Object.fromEntries(history.map((each) => [each.id, storedReleaseData(each).release])),
        },
      ]);
    });

    it("stays as it was if a Deployment runs another release, as under pulumi refresh", async () => {
      const outcomeOf = (type: string, inputs: Record<string, unknown>) =>
        type.endsWith(":Deployment")
          ? { ...inputs, spec: { template: { metadata: { labels: { release: "a" } } } } }
          : inputs;
      assert.deepEqual(await stored({ remembered }, { outcomeOf }), [remembered]);
    });

    it("stays as it was, if there was one, if a Deployment is not created", async () => {
      const outcomeOf = (type: string, inputs: Record<string, unknown>) =>
        type.endsWith(":Deployment") ? undefined : inputs;
      assert.deepEqual(await stored({ remembered }, { outcomeOf }), [remembered]);
      assert.deepEqual(await stored({}, { outcomeOf }), [null]);
    });
  });

  it("stores its state only once the releases are stored", async () => {
    const { resources } = await deploy();
    const stash = resources.find(({ name }) => name === "fop-gate-state");
    assert.ok(stash?.dependsOn.includes(`fop-gate-release-${release.id}`));
  });

  it("stores the releases of its history, and canary's only when its pods are available", async () => {
    const history = [release, { ...release, id: "000000000001" }];
    const { resources } = await deploy({}, { history });
    const found = history.map(({ id }) => resources.find(({ name }) => name === `fop-gate-release-${id}`));
    const { template, configMaps } = release;
    for (const each of found) {
      assert.equal(each?.inputs.immutable, true);
      assert.deepEqual(JSON.parse(each?.inputs.data.release), { template, configMaps: Object.keys(configMaps) });
    }
    assert.deepEqual(
      found.map((each) => each?.dependsOn),
      [["fop-gate-canary", configMap], [configMap]],
    );
  });

  it("does not affect another service of the same program", async () => {
    const other = serviceArgs({ namespace: "other", ports: [{ port: 90 }], replicas: 3, weight: 25 });
    const made = await run(() => {
      new CanaryService("fop-gate", { ...withFiles, rollout: context("fop-gate", withFiles) });
      new CanaryService("web", { ...other, rollout: context("web", other) });
    });
    const names = made.resources
      .map(({ type, name }) => `${type} ${name}`)
      .filter((each) => !each.includes("providers"));
    assert.equal(new Set(names).size, names.length);
    assert.deepEqual(find(made, "Service", "web").inputs.spec.selector, { app: "web" });
    assert.equal(find(made, "Deployment", "web").inputs.metadata.namespace, "other");
    assert.deepEqual(find(made, "Deployment", "web").inputs.spec.selector.matchLabels, { app: "web", track: "stable" });
    assert.equal(find(made, "Deployment", "fop-gate").inputs.spec.replicas, 9);
  });
});
