import assert from "node:assert/strict";
import * as pulumi from "@pulumi/pulumi";
import { assertServiceArgs, labelsOf, mainPort, type ServiceArgs, tracksOf } from "../../components/service-args.ts";
import { UserError } from "../../components/user-error.ts";
import { serviceArgs } from "./fop-gate.ts";

const [main] = serviceArgs().containers;
/** Containers and a sidecar with ports, some of them with names. */
const namedPorts = {
  containers: [
    { ...main, ports: [{ containerPort: 8080, name: "http" }, { containerPort: 8081 }] },
    { name: "x", image: "x:1", ports: [{ containerPort: 1, name: "admin" }] },
  ],
  sidecars: [
    { name: "log", image: "log:1" },
    { name: "m", image: "m:1", ports: [{ containerPort: 2, name: "metrics" }] },
  ],
};

/** Each row is one bad argument and its error message. */
const bad: [what: string, args: object, sentence: string][] = [
  ["an unknown argument", { replica: 9 }, "web: unknown argument replica: correct its name or remove it."],
  [
    "an unknown argument of a port",
    { ports: [{ port: 80, protocoll: "TCP" }] },
    "web: unknown argument ports.0.protocoll: correct its name or remove it.",
  ],
  ["no replicas for stable", { replicas: 0 }, "web: replicas is 0: must be at least 1: stable always serves."],
  [
    "fractional replicas",
    { replicas: 1.5 },
    'web: replicas is 1.5: must be a whole number of at least 1, or "external".',
  ],
  ["replicas as text", { replicas: "9" }, 'web: replicas is "9": must be a whole number of at least 1, or "external".'],
  ["a weight over 100", { weight: 101 }, 'web: weight is 101: must be 0 to 100, or a text such as "10%".'],
  ["a weight below 0", { weight: -1 }, 'web: weight is -1: must be 0 to 100, or a text such as "10%".'],
  [
    "a namespace that is not a DNS label",
    { namespace: "Dora_Apps" },
    'web: namespace is "Dora_Apps": must be a DNS label, like dora-apps.',
  ],
  [
    "a release that is neither a keyword nor an id",
    { release: "previous" },
    'web: release is "previous": must be next, current or the id of a release (12 hex digits).',
  ],
  [
    "more text after a keyword",
    { release: "next1" },
    'web: release is "next1": must be next, current or the id of a release (12 hex digits).',
  ],
  [
    "more text before a keyword",
    { release: "xnext" },
    'web: release is "xnext": must be next, current or the id of a release (12 hex digits).',
  ],
  ["no stack of canary", { canaryStack: "" }, 'web: canaryStack is "": must not be empty.'],
  ["a text as a switch", { acceptShare: "yes" }, 'web: acceptShare is "yes": must be true or false.'],
  [
    "a target port that is neither a name nor a number",
    { ports: [{ port: 80, targetPort: 0 }] },
    "web: ports.0.targetPort is 0: must be a whole number from 1 to 65535.",
  ],
  [
    "a target port of another type",
    { ports: [{ port: 80, targetPort: true }] },
    "web: ports.0.targetPort is true: must be the name of a port or a whole number from 1 to 65535.",
  ],
  [
    "a target port that no container has, if none has a name",
    { ports: [{ port: 80, targetPort: "http" }] },
    'web: ports.0.targetPort is "http" and no container has a port of this name: give a container port this name.',
  ],
  [
    "a target port that no container has",
    {
      ...namedPorts,
      ports: [
        { name: "a", port: 80, targetPort: "http" },
        { name: "b", port: 81, targetPort: "grpc" },
      ],
    },
    'web: ports.1.targetPort is "grpc" and no container has a port of this name: choose from http, admin, metrics.',
  ],
  [
    "a label app, which is the service's name",
    { labels: { app: "x" } },
    "web: labels.app is set by CanaryService itself: remove it from labels.",
  ],
  [
    "a label of the release",
    { labels: { release: "x" } },
    "web: labels.release is set by CanaryService itself: remove it from labels.",
  ],
  [
    "a pod annotation of gray release",
    { podAnnotations: { "gray-release/x": "x" } },
    "web: podAnnotations.gray-release/x is set by CanaryService itself: remove it from podAnnotations.",
  ],
  [
    "an access that is invalid, without its value",
    { access: { kubeconfig: 5 } },
    "web: access.kubeconfig must be a text.",
  ],
  [
    "a label that CanaryService sets itself",
    { labels: { track: "canary" } },
    "web: labels.track is set by CanaryService itself: remove it from labels.",
  ],
  [
    "an annotation of gray release, which policies read",
    { annotations: { "gray-release/adopted": "0123456789ab" } },
    "web: annotations.gray-release/adopted is set by CanaryService itself: remove it from annotations.",
  ],
  [
    "a progress deadline before a pod is available",
    { minReadySeconds: 30, progressDeadlineSeconds: 20 },
    "web: progressDeadlineSeconds (20) must exceed minReadySeconds (30): raise the one or lower the other.",
  ],
  [
    "a progress deadline below the default minReadySeconds",
    { progressDeadlineSeconds: 30 },
    "web: progressDeadlineSeconds (30) must exceed minReadySeconds (30): raise the one or lower the other.",
  ],
  [
    "a grace period that ends during the preStop",
    { terminationGracePeriodSeconds: 5 },
    "web: terminationGracePeriodSeconds (5) must exceed the 5 s that a pod keeps serving after its termination begins: raise it.",
  ],
  [
    "a check of a port that the Service does not have",
    { plan: { checks: [{ path: "/" }, { path: "/admin", port: 8080 }] } },
    "web: plan.checks.1.port is 8080 and the Service has 80: choose one of its ports.",
  ],
  [
    "a check with an invalid path",
    { plan: { checks: [{ path: "healthz" }] } },
    'web: plan.checks.0.path is "healthz": must begin with /.',
  ],
  [
    "a check instead of a list of checks",
    { plan: { checks: { path: "/" } } },
    'web: plan.checks is {"path":"/"}: must be a list of checks.',
  ],
  [
    "an unknown field of the plan",
    { plan: { check: [] } },
    "web: unknown argument plan.check: correct its name or remove it.",
  ],
  [
    "an Ingress to a port that the Service does not have",
    {
      ports: [
        { name: "http", port: 80 },
        { name: "admin", port: 81 },
      ],
      ingress: { host: "h", port: 8080 },
    },
    "web: ingress.port is 8080 and the Service has 80, 81: choose one of its ports.",
  ],
  [
    "an Ingress to a port name that the Service does not have",
    { ports: [{ name: "web", port: 80 }], ingress: { rules: [{ paths: [{ port: "web" }, { port: "api" }] }] } },
    "web: ingress.port is api and the Service has web: choose one of its ports.",
  ],
  [
    "a file name that no ConfigMap can have",
    { configFiles: { config: { files: { "..data": "a" }, mountPath: "/etc" } } },
    "web: configFiles.config.files...data has a name that is not allowed: a file's name may have letters, digits, dashes, dots and underscores, and may not begin with two dots.",
  ],
  [
    "a Service that selects no pods",
    { serviceSpec: { type: "ExternalName" } },
    'web: serviceSpec.type is "ExternalName": it selects no pods, so it cannot be in front of both tracks.',
  ],
  [
    "a Service that sends users to pods that are not ready",
    { serviceSpec: { publishNotReadyAddresses: true } },
    "web: serviceSpec.publishNotReadyAddresses is true: users would reach pods that are not ready.",
  ],
  [
    "an annotation of the Service that CanaryService sets",
    { serviceAnnotations: { "pulumi.com/skipAwait": "false" } },
    "web: serviceAnnotations.pulumi.com/skipAwait is set by CanaryService itself: remove it from serviceAnnotations.",
  ],
  [
    "an annotation of an Ingress that CanaryService sets",
    { ingress: { host: "h", annotations: { "gray-release/owner": "me" } } },
    "web: ingress.annotations.gray-release/owner is set by CanaryService itself: remove it from ingress.annotations.",
  ],
  [
    "more time to start than Kubernetes waits for a pod",
    { startSeconds: 700 },
    "web: startSeconds (700) must not exceed progressDeadlineSeconds (600), after which Kubernetes reports the roll as failed: raise progressDeadlineSeconds.",
  ],
  [
    "an Output where a constant is needed",
    { namespace: pulumi.output("shop") },
    "web: namespace is an Output, whose value is not known while the program runs, and a release is identified by its content: give a constant, read it from the configuration or a StackReference first, or put a confidential value into secrets.",
  ],
  [
    "an Output within an argument",
    { serviceSpec: { loadBalancerIP: pulumi.output("192.0.2.1") } },
    "web: serviceSpec.loadBalancerIP is an Output, whose value is not known while the program runs, and a release is identified by its content: give a constant, read it from the configuration or a StackReference first, or put a confidential value into secrets.",
  ],
  [
    "an Output within a text",
    { namespace: `${pulumi.output("shop")}-web` },
    "web: namespace is an Output, whose value is not known while the program runs, and a release is identified by its content: give a constant, read it from the configuration or a StackReference first, or put a confidential value into secrets.",
  ],
  [
    "an Output within a text of JSON",
    { labels: { team: JSON.stringify({ name: pulumi.output("dora") }) } },
    "web: labels.team is an Output, whose value is not known while the program runs, and a release is identified by its content: give a constant, read it from the configuration or a StackReference first, or put a confidential value into secrets.",
  ],
  [
    "a selector of the Service",
    { serviceSpec: { selector: { app: "other" } } },
    'web: serviceSpec.selector is {"app":"other"}: CanaryService sets it itself, so remove it.',
  ],
  [
    "an unknown protocol",
    { ports: [{ port: 80, protocol: "HTTP" }] },
    'web: ports.0.protocol is "HTTP": must be TCP, UDP or SCTP.',
  ],
  [
    "a debug Ingress to a port that the Service does not have",
    { debugIngress: { host: "h", port: 8080 } },
    "web: debugIngress.port is 8080 and the Service has 80: choose one of its ports.",
  ],
  [
    "a route to a port that the Service does not have",
    { gateway: { routes: [{ name: "web", gateways: [{ name: "public" }], port: 8080 }] } },
    "web: gateway.routes.0.port is 8080 and the Service has 80: choose one of its ports.",
  ],
  [
    "several routes, one without a name",
    { gateway: { routes: [{ name: "web", gateways: [{ name: "public" }] }, { gateways: [{ name: "public" }] }] } },
    "web: gateway.routes.1.name is missing: each of several routes needs a unique name.",
  ],
  [
    "a rule without a condition",
    { gateway: { routes: [{ gateways: [{ name: "public" }] }], rules: [{ to: "canary" }] } },
    'web: gateway.rules.0 is {"to":"canary"}: has no condition: give it headers, cookie, query, pathPrefix or bucket.',
  ],
  [
    "an invalid rule",
    { gateway: { routes: [{ gateways: [{ name: "public" }] }], rules: [{ to: "canary", pathPrefix: "api" }] } },
    'web: gateway.rules.0.pathPrefix is "api": must begin with a slash, like /api.',
  ],
  [
    "an unknown argument of the gateway",
    { gateway: { routes: [{ gateways: [{ name: "public" }] }], rule: [] } },
    "web: unknown argument gateway.rule: correct its name or remove it.",
  ],
  [
    "a namespace of 64 characters",
    { namespace: "n".repeat(64) },
    `web: namespace is "${"n".repeat(64)}": must be a DNS label, like dora-apps.`,
  ],
  [
    "a file set whose name cannot be part of a ConfigMap's",
    { configFiles: { My_Config: { files: {}, mountPath: "/etc" } } },
    "web: configFiles.My_Config has a name that is not allowed: a file set's name is part of a ConfigMap's name, so it must be a DNS label.",
  ],
  [
    "a file name that a ConfigMap cannot have, without its content in the message",
    { configFiles: { config: { files: { "conf/a": "password" }, mountPath: "/etc" } } },
    "web: configFiles.config.files.conf/a has a name that is not allowed: a file's name may have letters, digits, dashes, dots and underscores, and may not begin with two dots.",
  ],
  [
    "a file that is neither a text nor bytes in base64, without its content in the message",
    { configFiles: { config: { files: { store: { base64: "password!" } }, mountPath: "/etc" } } },
    "web: configFiles.config.files.store.base64 must be a text, { base64 } with the bytes of the file, or an asset.",
  ],
  [
    "two ports of the same name",
    {
      ports: [
        { name: "http", port: 80 },
        { name: "http", port: 81 },
      ],
    },
    "web: each of several ports needs a unique name: set ports[].name.",
  ],
  [
    "two container ports of the same name",
    {
      containers: [
        { name: "web", image: "web:1", ports: [{ name: "http", containerPort: 8080 }] },
        { name: "proxy", image: "proxy:1", ports: [{ name: "http", containerPort: 8081 }] },
      ],
    },
    'web: two container ports have the name "http", so a port by this name is ambiguous: rename one of them.',
  ],
  [
    "two ports, one without a name",
    { ports: [{ name: "http", port: 80 }, { port: 81 }] },
    "web: each of several ports needs a unique name: set ports[].name.",
  ],
  [
    "two ports without names",
    { ports: [{ port: 80 }, { port: 81 }] },
    "web: each of several ports needs a unique name: set ports[].name.",
  ],
];

/** Each row is one bad argument. The error message names it and its value; the schema library writes the rest. */
const alsoBad: [what: string, args: object, named: RegExp][] = [
  ["an invalid port", { ports: [{ port: 70000 }] }, /^web: ports\.0\.port is 70000: /],
  ["an unknown track", { tracks: ["beta"] }, /^web: tracks\.0 is "beta": must be stable or canary\.$/],
  ["no track", { tracks: [] }, /^web: tracks is \[\]: must name at least one track\.$/],
  ["an Ingress without host", { ingress: { host: "" } }, /^web: ingress\.host is "": must not be empty\.$/],
  [
    "a path that does not begin with /",
    { ingress: { host: "h", path: "x" } },
    /^web: ingress\.path is "x": must begin with \/\.$/,
  ],
  ["an empty history", { releaseHistoryLimit: 0 }, /^web: releaseHistoryLimit is 0: /],
  ["a negative time", { minReadySeconds: -1 }, /^web: minReadySeconds is -1: /],
  ["a roll without surge", { maxSurge: 0 }, /^web: maxSurge is 0: /],
  [
    "a roll with a surge of no percent",
    { maxSurge: "0%" },
    /^web: maxSurge is "0%": must be a whole number of at least 1, or a percentage of at least 1%\.$/,
  ],
  ["a share of pods above all", { maxUnavailable: "101%" }, /^web: maxUnavailable is "101%": .* from 0% to 100%\.$/],
  ["a share that is not whole", { maxUnavailable: "2.5%" }, /^web: maxUnavailable is "2.5%": /],
  [
    "defaults of a month that is not known",
    { compat: "2020-01" } as unknown as Partial<ServiceArgs>,
    /^web: compat is "2020-01": must be 2026-11, which this version of gray-release knows\.$/,
  ],
  [
    "a strategy",
    { strategy: { type: "Recreate" } } as Partial<ServiceArgs>,
    /^web: strategy is no argument of a service: both tracks roll by RollingUpdate, .*: set maxSurge and maxUnavailable\.$/,
  ],
  [
    "a field with another name here",
    { revisionHistoryLimit: 3 } as Partial<ServiceArgs>,
    /^web: revisionHistoryLimit is no argument of a service: set releaseHistoryLimit\.$/,
  ],
  [
    "files without a mount path",
    { configFiles: { config: { files: {}, mountPath: "etc" } } },
    /^web: configFiles\.config\.mountPath is "etc": /,
  ],
  [
    "the kind of another workload",
    { kind: "StatefulSet" } as Partial<ServiceArgs>,
    /^web: kind is no argument of a service: CanaryService runs Deployments only, because canary's pods stand beside stable's: declare a StatefulSet or DaemonSet with the resources of @pulumi\/kubernetes/,
  ],
  [
    "claims for each pod",
    { volumeClaimTemplates: [] } as Partial<ServiceArgs>,
    /^web: volumeClaimTemplates is no argument of a service: .* or let all pods use one claim/,
  ],
  ["a missing namespace", { namespace: undefined }, /^web: namespace is missing: set it\.$/],
];

describe("the arguments of a service", () => {
  it("are accepted unchanged if they are valid", () => {
    assert.doesNotThrow(() => assertServiceArgs("fop-gate", serviceArgs()));
    assert.doesNotThrow(() =>
      assertServiceArgs(
        "w",
        serviceArgs({ replicas: "external", weight: 0, release: "0123456789ab", tracks: ["stable"] }),
      ),
    );
  });

  for (const [what, args, sentence] of bad) {
    it(`refuse ${what}`, () => {
      assert.throws(
        () => assertServiceArgs("web", { ...serviceArgs(), ...args } as ServiceArgs),
        new UserError(sentence),
      );
    });
  }

  for (const [what, args, named] of alsoBad) {
    it(`refuse ${what}`, () => {
      assert.throws(
        () => assertServiceArgs("web", { ...serviceArgs(), ...args } as ServiceArgs),
        (error) => error instanceof UserError && named.test(error.message) && error.message.endsWith("."),
      );
    });
  }

  for (const namespace of ["n".repeat(63), "1st", "9", "a-1"]) {
    it(`allow the namespace ${namespace}, as Kubernetes does`, () => {
      assert.doesNotThrow(() => assertServiceArgs("web", serviceArgs({ namespace })));
    });
  }

  it("allow a grace period longer than the preStop, and an Ingress to any port of the Service", () => {
    const ports = [
      { name: "http", port: 80 },
      { name: "admin", port: 81 },
    ];
    const args = { terminationGracePeriodSeconds: 6, ports, ingress: { host: "h", port: 81 } };
    assert.doesNotThrow(() => assertServiceArgs("web", serviceArgs(args)));
  });

  it("allow the names of ports of any container as target ports, numbers, and none", () => {
    const ports = [
      { name: "a", port: 80, targetPort: "http" },
      { name: "b", port: 81, targetPort: "admin" },
      { name: "c", port: 82, targetPort: "metrics" },
      { name: "d", port: 83, targetPort: 8081 },
      { name: "e", port: 84 },
    ];
    assert.doesNotThrow(() => assertServiceArgs("web", { ...serviceArgs({ ports }), ...namedPorts } as ServiceArgs));
  });

  it("allow labels and annotations that CanaryService does not set, and a plan without checks", () => {
    const args = { labels: { team: "dora" }, annotations: { track: "x", app: "x" }, podAnnotations: { release: "x" } };
    assert.doesNotThrow(() => assertServiceArgs("web", serviceArgs({ ...args, plan: {} })));
  });

  it("refuse what is no list of arguments at all", () => {
    for (const args of ["web", undefined]) {
      assert.throws(() => assertServiceArgs("web", args as unknown as ServiceArgs), UserError);
    }
  });

  it("refuse a name and arguments that are Outputs as a whole", () => {
    const args = pulumi.output(serviceArgs());
    assert.throws(
      () => assertServiceArgs("web", { ...args } as unknown as ServiceArgs),
      /^UserError: web: the whole of its arguments is an Output, whose value is not known while the program runs/,
    );
    for (const name of [pulumi.output("web") as never, `${pulumi.output("web")}-api`]) {
      assert.throws(
        () => assertServiceArgs(name, serviceArgs()),
        /^UserError: The name of a CanaryService is an Output, whose value is not known while the program runs/,
      );
    }
  });

  it("have the first port as the main one", () => {
    const ports = [
      { name: "http", port: 80 },
      { name: "admin", port: 81 },
    ];
    assert.equal(mainPort(serviceArgs({ ports })), 80);
    assert.throws(() => mainPort(serviceArgs({ ports: [] })), /^Error: a worker has no port$/);
  });

  it("allow files of any name that a ConfigMap can have", () => {
    const configFiles = { "my-config": { files: { "a_B.c-1": "1", ".hidden": "2" }, mountPath: "/etc" } };
    assert.doesNotThrow(() => assertServiceArgs("web", serviceArgs({ configFiles })));
  });

  for (const name of ["", "Web", "9web", "web_1", "-web", "web-", "web.example", "w".repeat(41)]) {
    it(`refuse the service name "${name}"`, () => {
      assert.throws(
        () => assertServiceArgs(name, serviceArgs()),
        new UserError(
          `The service name "${name}" is not a DNS label: use at most 40 lower-case letters, digits and dashes, like fop-gate.`,
        ),
      );
    });
  }

  it("allow the longest name for which every object's name is valid", () => {
    assert.doesNotThrow(() => assertServiceArgs(`w${"-".repeat(38)}w`, serviceArgs()));
  });

  it("give every object the label app beside those of the user", () => {
    assert.deepEqual(labelsOf("web", serviceArgs({ labels: { team: "dora" } })), { app: "web", team: "dora" });
  });

  it("include both tracks by default, stable first", () => {
    assert.deepEqual(tracksOf(serviceArgs()), ["stable", "canary"]);
    assert.deepEqual(tracksOf(serviceArgs({ tracks: ["canary", "stable"] })), ["stable", "canary"]);
    assert.deepEqual(tracksOf(serviceArgs({ tracks: ["canary"] })), ["canary"]);
  });
});
