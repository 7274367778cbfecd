import assert from "node:assert/strict";
import {
  type Changes,
  canaryService,
  container,
  deployment,
  httpRoute,
  kubernetes,
  pods,
  unknownUntilUp,
} from "../../policies/engine/examples.ts";
import { policiesOf } from "../../policies/engine/pack.ts";
import type { ExampleResource, Rule } from "../../policies/engine/rule.ts";
import { oneOwner } from "../../policies/rules/ownership/one-owner.ts";
import { requiredLabels } from "../../policies/rules/ownership/required-labels.ts";
import { uniqueNames } from "../../policies/rules/ownership/unique-names.ts";
import { freshVerdict } from "../../policies/rules/release/fresh-verdict.ts";
import { identicalTemplates } from "../../policies/rules/release/identical-templates.ts";
import { immutableConfig } from "../../policies/rules/release/immutable-config.ts";
import { knownIdentity } from "../../policies/rules/release/known-identity.ts";
import { needsVerdict } from "../../policies/rules/release/needs-verdict.ts";
import { refusedRelease } from "../../policies/rules/release/refused-release.ts";
import { rolloutPlan } from "../../policies/rules/release/rollout-plan.ts";
import { noPlainSecrets } from "../../policies/rules/secrets/no-plain-secrets.ts";
import { noSecretOutputs } from "../../policies/rules/secrets/no-secret-outputs.ts";
import { canaryShare } from "../../policies/rules/traffic/canary-share.ts";
import { debugIngress } from "../../policies/rules/traffic/debug-ingress.ts";
import { existingPorts } from "../../policies/rules/traffic/existing-ports.ts";
import { protectedDebugIngress } from "../../policies/rules/traffic/protected-debug-ingress.ts";
import { protectedFront } from "../../policies/rules/traffic/protected-front.ts";
import { serviceSelector } from "../../policies/rules/traffic/service-selector.ts";
import { tokenFirst } from "../../policies/rules/traffic/token-first.ts";
import { uniqueHostnames } from "../../policies/rules/traffic/unique-hostnames.ts";
import { weightStep } from "../../policies/rules/traffic/weight-step.ts";
import { allowedRegistries } from "../../policies/rules/workload/allowed-registries.ts";
import { budgetPerTrack } from "../../policies/rules/workload/budget-per-track.ts";
import { canaryCapacity } from "../../policies/rules/workload/canary-capacity.ts";
import { capabilities } from "../../policies/rules/workload/capabilities.ts";
import { hostIsolation } from "../../policies/rules/workload/host-isolation.ts";
import { nonRoot } from "../../policies/rules/workload/non-root.ts";
import { readinessProbes } from "../../policies/rules/workload/readiness-probes.ts";
import { stableSize } from "../../policies/rules/workload/stable-size.ts";
import { runPolicies } from "./run-policies.ts";

interface Row {
  readonly sentence: string;
  readonly resources: readonly ExampleResource[];
  readonly settings?: object;
  readonly outputs?: Readonly<Record<string, unknown>>;
  /** What each message begins with. @default it passes */
  readonly messages?: readonly string[];
}

const noReleases = { stable: undefined, canary: undefined };
const unlabelled = { "gray-release/service": undefined };
const service = (changes: Changes = {}, name = "fop-gate") => kubernetes("core/v1:Service", name, changes);
const ingress = (name: string, changes: Changes = {}) => kubernetes("networking.k8s.io/v1:Ingress", name, changes);
const ofStable = canaryService({ tracks: ["stable"] });
const twin = (changes: Changes) => kubernetes("core/v1:Service", "fop-gate", changes);
const budget = (selector: object, metadata: object = {}) =>
  kubernetes("policy/v1:PodDisruptionBudget", "fop-gate", { metadata, spec: { selector } });
const both = "PodDisruptionBudget dora-apps/fop-gate counts the pods of both tracks of fop-gate, but";
const byTrack = (operator: string, ...values: string[]) =>
  budget({ matchExpressions: [{ key: "track", operator, ...(values.length > 0 && { values }) }] });
const track = (name: "stable" | "canary", ports: readonly object[]) =>
  deployment(name, { spec: { template: { spec: { containers: [{ name: "web", ports }], initContainers: [] } } } });
const leadsTo = (targetPort: number | string, selector: object = { app: "fop-gate" }, metadata: object = {}) =>
  service({
    metadata,
    spec: { selector: { app: undefined, track: undefined, ...selector }, ports: [{ port: 80, targetPort }] },
  });
const named = [{ name: "http", containerPort: 8080 }];
const internal = (annotations: object, spec: object = { ingressClassName: undefined }) =>
  ingress("fop-gate-debug", { metadata: { annotations }, spec });
const allowList = "haproxy.org/allow-list";
const openDebug =
  "Ingress dora-apps/fop-gate-debug has the class of the cluster's default and no annotation that restricts access";

const tokens = [{ name: "x-gray-token", type: "Exact", value: "s3cret" }];
const ofToken = { matches: [{ headers: tokens }], backendRefs: [{ name: "fop-gate-canary", port: 80 }] };
const foreignRoute = (backendRefs: readonly object[], matches?: readonly object[]) =>
  httpRoute([{ backendRefs, ...(matches && { matches }) }], { metadata: { name: "other", labels: unlabelled } });

const tables: [Rule<never> | Rule, readonly Row[]][] = [
  [
    oneOwner,
    [
      {
        sentence: "takes objects that differ in name, kind, group or namespace for different ones",
        resources: [
          twin({}),
          service({}, "other"),
          kubernetes("core/v1:Secret", "fop-gate"),
          kubernetes("serving.knative.dev/v1:Service", "fop-gate"),
          twin({ metadata: { namespace: "other" } }),
        ],
      },
      {
        sentence: "leaves a service of another namespace alone",
        resources: [
          canaryService({ tracks: ["stable"], namespace: "other" }),
          service(),
          kubernetes("core/v1:ConfigMap", "fop-gate-rollout"),
        ],
      },
      {
        sentence: "leaves other kinds with the names of the record and the evidence alone",
        resources: [
          canaryService(),
          kubernetes("core/v1:Secret", "fop-gate-rollout"),
          kubernetes("core/v1:Secret", "fop-gate-evidence"),
        ],
      },
      {
        sentence: "leaves objects of the front of another service, and of other kinds, alone",
        resources: [
          ofStable,
          service({ metadata: { labels: { "gray-release/service": "shop" } } }, "shop"),
          kubernetes("core/v1:Endpoints", "any"),
        ],
      },
      {
        sentence: "leaves the debug Ingress to another rule",
        resources: [canaryService({ tracks: ["canary"] }), ingress("fop-gate-debug")],
      },
      {
        sentence: "asks for the track of an object with the name of the debug Ingress",
        resources: [ofStable, service({}, "fop-gate-debug")],
        messages: [
          "Service dora-apps/fop-gate-debug belongs to the stack that owns canary of fop-gate, but this stack owns stable",
        ],
      },
      ...(
        [
          "core/v1:Service",
          "core/v1:ConfigMap",
          "networking.k8s.io/v1:Ingress",
          "gateway.networking.k8s.io/v1:HTTPRoute",
        ] as const
      ).map((kind) => ({
        sentence: `counts a ${kind.split(":")[1]} of the service to the front, whatever its name`,
        resources: [ofStable, kubernetes(kind, "any")],
        messages: [`${kind.split(":")[1]} dora-apps/any belongs to the stack that owns canary of fop-gate`],
      })),
      {
        sentence: "names all tracks that the stack owns",
        resources: [canaryService({ tracks: ["a", "b"] }), service()],
        messages: [
          "Service dora-apps/fop-gate belongs to the stack that owns canary of fop-gate, but this stack owns a and b: remove it.",
        ],
      },
    ],
  ],
  [
    requiredLabels,
    [
      {
        sentence: "names all that is missing",
        resources: [service({ metadata: { labels: { team: undefined, type: undefined } } })],
        settings: { labels: ["team", "type"] },
        messages: [
          "Service dora-apps/fop-gate has the labels app, gray-release/service, but the organization also requires the label team, the label type: add it",
        ],
      },
      {
        sentence: "leaves objects of no service alone",
        resources: [service({ metadata: { labels: unlabelled } })],
        settings: { labels: ["x"] },
      },
    ],
  ],
  [
    uniqueNames,
    [
      {
        sentence: "leaves the same service alone, which one-owner reports",
        resources: [canaryService(), canaryService()],
      },
    ],
  ],
  [
    identicalTemplates,
    [
      {
        sentence: "leaves another service with the same release alone",
        resources: [
          deployment("stable"),
          deployment("canary", {
            metadata: { labels: { "gray-release/service": "shop" } },
            spec: { template: { spec: { serviceAccountName: "shop" } } },
          }),
        ],
      },
      {
        sentence: "compares labels other than track",
        resources: [
          deployment("stable"),
          deployment("canary", { spec: { template: { metadata: { labels: { team: "other" } } } } }),
        ],
        messages: [
          'Deployment dora-apps/fop-gate-canary has "other" at template.metadata.labels.team, but Deployment dora-apps/fop-gate,',
        ],
      },
    ],
  ],
  [
    immutableConfig,
    [
      {
        sentence: "leaves other kinds with the name of a hash alone, and ConfigMaps that no pod reads",
        resources: [
          kubernetes("core/v1:Secret", "fop-gate-20260101"),
          kubernetes("core/v1:ConfigMap", "other-20260101", { metadata: { labels: unlabelled } }),
          kubernetes("core/v1:ConfigMap", "other"),
        ],
      },
      {
        sentence: "reports a ConfigMap of the service once, though pods read it",
        resources: [
          kubernetes("core/v1:ConfigMap", "fop-gate-20260101"),
          container("fop-gate", { envFrom: [{ configMapRef: { name: "fop-gate-20260101" } }] }),
        ],
        messages: ["ConfigMap dora-apps/fop-gate-20260101 has immutable unset, but must have immutable true"],
      },
    ],
  ],
  [
    refusedRelease,
    [
      {
        sentence: "names no release that the track does not have, and no code that the gate did not give",
        resources: [
          canaryService({
            releases: noReleases,
            admissions: { stable: { admitted: false, code: "no-verdict" }, canary: { admitted: false } },
          }),
        ],
        messages: [
          'dora-apps/fop-gate: the gate refuses the release of stable (no-verdict), so pulumi up would stop: let gray verify judge it, or check canary and run gray approve <release> --reason "…" -n dora-apps --service fop-gate.',
          "dora-apps/fop-gate: the gate refuses the release of canary (), so pulumi up would stop: follow the gate's message in the output of pulumi preview.",
        ],
      },
    ],
  ],
  [
    rolloutPlan,
    [
      {
        sentence: "refuses a plan without steps",
        resources: [canaryService({ plan: { steps: [] } })],
        messages: ["dora-apps/fop-gate: plan.steps ends with nothing, but must end with full"],
      },
      {
        sentence: "refuses a weight that stays",
        resources: [
          canaryService({
            plan: { steps: [{ stage: "canary", weight: 10 }, { stage: "canary", weight: 10 }, { stage: "full" }] },
          }),
        ],
        messages: ["dora-apps/fop-gate: plan.steps.1.weight is 10 after 10, but weights must rise: correct it."],
      },
      {
        sentence: "leaves a service without a plan, and a plan without steps, alone",
        resources: [canaryService({ plan: undefined }), canaryService({ plan: {} })],
      },
    ],
  ],
  [
    noPlainSecrets,
    [
      {
        sentence: "leaves objects of no service alone",
        resources: [
          kubernetes("core/v1:ConfigMap", "other", {
            metadata: { labels: unlabelled },
            data: { "db.conf": "password = hunter22" },
          }),
        ],
      },
    ],
  ],
  [
    debugIngress,
    [
      {
        sentence: "names all tracks that the stack owns",
        resources: [canaryService({ tracks: ["a", "b"] }), ingress("fop-gate-debug")],
        messages: ["Ingress dora-apps/fop-gate-debug is a debug Ingress, but this stack owns a and b of fop-gate:"],
      },
    ],
  ],
  [
    existingPorts,
    [
      {
        sentence: "leaves a route to another Service, or to that name in another namespace, alone",
        resources: [
          canaryService(),
          httpRoute([
            {
              backendRefs: [
                { name: "other", port: 81 },
                { name: "fop-gate", namespace: "other", port: 81 },
              ],
            },
          ]),
          service({ spec: { ports: [{ port: 80 }] } }),
        ],
      },
      {
        sentence: "leaves a Service without a selector, for other pods or in another namespace alone",
        resources: [
          canaryService(),
          track("stable", named),
          service({ spec: { selector: undefined, ports: [{ port: 80, targetPort: "grpc" }] } }, "a"),
          leadsTo("grpc", { app: "fop-gate", track: "other" }),
          leadsTo("grpc", { app: "fop-gate" }, { namespace: "other" }),
        ],
      },
      {
        sentence: "asks for each label of a selector",
        resources: [canaryService(), track("stable", named), leadsTo("grpc", { app: "fop-gate", track: "canary" })],
      },
      {
        sentence: "finds a name that no container has, even if the containers list no ports",
        resources: [canaryService(), track("stable", []), leadsTo("http")],
        messages: [
          "Service dora-apps/fop-gate leads to port http of Deployment dora-apps/fop-gate, whose containers have none:",
        ],
      },
      {
        sentence: "finds a number that the containers do not list",
        resources: [canaryService(), track("stable", named), leadsTo(9090)],
        messages: [
          "Service dora-apps/fop-gate leads to port 9090 of Deployment dora-apps/fop-gate, whose containers have http (8080):",
        ],
      },
      {
        sentence: "allows any number if the containers list no ports",
        resources: [canaryService(), track("stable", []), leadsTo(9090)],
      },
    ],
  ],
  [
    protectedDebugIngress,
    [
      {
        sentence: "leaves other Ingresses, and a debug Ingress of no service, alone",
        resources: [
          ingress("fop-gate"),
          ingress("undefined-debug", { metadata: { labels: unlabelled } }),
          service({}, "fop-gate-debug"),
        ],
      },
      { sentence: "allows a list of addresses", resources: [internal({ [allowList]: "10.0.0.0/8, 192.168.0.0/16" })] },
      {
        sentence: "allows names that only resemble none or all addresses",
        resources: [
          internal({ [allowList]: "nonemore" }),
          internal({ [allowList]: "x-none" }),
          internal({ [allowList]: "10.0.0.1/08" }),
        ],
      },
      {
        sentence: "refuses annotations without effect, and shows all of them",
        resources: [internal({ [allowList]: " , ", "haproxy.org/auth-type": "NONE" })],
        settings: { internalClasses: ["internal", "vpn"] },
        messages: [
          `${openDebug} (${allowList} is " , ", haproxy.org/auth-type is "NONE"), so it may be open to everyone: use one of the internal classes (internal, vpn) or such an annotation`,
        ],
      },
      {
        sentence: "refuses a list with all addresses in it",
        resources: [internal({ [allowList]: "10.0.0.0/8  0.0.0.0/0" })],
        settings: { internalClasses: [] },
        messages: [
          `${openDebug} (${allowList} is "10.0.0.0/8  0.0.0.0/0"), so it may be open to everyone: use one of the internal classes (none is set) or such an annotation`,
        ],
      },
      {
        sentence: "does not count an Ingress without a class as internal",
        resources: [internal({})],
        settings: { internalClasses: ["Stryker was here!"] },
        messages: [`${openDebug}, so it may`],
      },
      {
        sentence: "does not count an Ingress without a spec as internal",
        resources: [internal({}, undefined as never)].map(({ props: { spec: _, ...props }, ...one }) => ({
          ...one,
          props,
        })),
        messages: [`${openDebug}, so it may`],
      },
    ],
  ],
  [
    protectedFront,
    [
      {
        sentence: "asks for the protection of canary's Service",
        resources: [canaryService(), { ...service({}, "fop-gate-canary"), protect: false }],
        messages: ["Service dora-apps/fop-gate-canary has protect false, but must have protect true"],
      },
    ],
  ],
  [
    serviceSelector,
    [
      {
        sentence: "leaves other kinds of objects with the name of the service alone",
        resources: [
          canaryService({ shift: { weight: 10, from: 0, to: 10 } }),
          kubernetes("core/v1:Secret", "fop-gate"),
          kubernetes("serving.knative.dev/v1:Service", "fop-gate"),
          service({ metadata: { labels: unlabelled }, spec: { selector: { app: "x" } } }),
        ],
      },
      {
        sentence: "judges the Service of stable",
        resources: [
          canaryService(),
          service({ spec: { selector: { app: "fop-gate", track: "canary" } } }, "fop-gate-stable"),
        ],
        messages: [
          "Service dora-apps/fop-gate-stable selects app=fop-gate,track=canary, but must select app=fop-gate,track=stable as stable's Service:",
        ],
      },
      {
        sentence: "knows the label app of a service without a release",
        resources: [
          canaryService({ releases: noReleases }),
          service({ spec: { selector: { app: "fop-gate", track: "canary" } } }, "fop-gate-canary"),
          service({ spec: { selector: { app: "other", track: "stable" } } }, "fop-gate-stable"),
        ],
        messages: [
          "Service dora-apps/fop-gate-stable selects app=other,track=stable, but must select app=fop-gate,track=stable",
        ],
      },
      {
        sentence: "leaves the shared Service alone if another stack owns the weight",
        resources: [
          canaryService({ tracks: ["stable"] }),
          service({ spec: { selector: { app: "fop-gate", track: "x" } } }),
        ],
      },
    ],
  ],
  [
    uniqueHostnames,
    [
      {
        sentence: "leaves objects without hosts alone, of different kinds and of the same kind",
        resources: [
          httpRoute([{ backendRefs: [{ name: "x", port: 80 }] }], {
            metadata: { labels: unlabelled },
            spec: { hostnames: undefined },
          }),
          ingress("other", {
            metadata: { labels: unlabelled },
            spec: { rules: [{ http: { paths: [{ path: "/" }] } }] },
          }),
        ],
      },
      { sentence: "leaves a service without a debug Ingress alone", resources: [canaryService()] },
      {
        sentence: "compares the debug Ingress with each entrance of the users",
        resources: [
          canaryService({
            tracks: ["stable"],
            gateway: { routes: [{ hostnames: ["a.example"] }, {}, { hostnames: ["b.example"] }] },
            ingress: { host: "c.example", path: "/x/" },
            debugIngress: { host: "c.example", path: "/x" },
          }),
        ],
        messages: [
          "dora-apps/fop-gate: the debug Ingress claims c.example/x, and so does the users' Ingress or HTTPRoute",
        ],
      },
      {
        sentence: "finds the host of the debug Ingress among several hosts of a route",
        resources: [
          canaryService({
            tracks: ["stable"],
            gateway: { routes: [{ hostnames: ["a.example", "b.example"] }] },
            debugIngress: { host: "b.example" },
          }),
        ],
        messages: ["dora-apps/fop-gate: the debug Ingress claims b.example/"],
      },
      {
        sentence: "allows a debug Ingress of its own host, beside or without an entrance",
        resources: [
          canaryService({ tracks: ["stable"], debugIngress: { host: "d.example" } }),
          canaryService({ tracks: ["stable"], ingress: { host: "a.example" }, debugIngress: { host: "d.example" } }),
        ],
      },
    ],
  ],
  [
    tokenFirst,
    [
      {
        sentence: "leaves a route of another service of that name in another namespace alone",
        resources: [
          canaryService(),
          httpRoute([{ backendRefs: [{ name: "fop-gate-stable", port: 80 }] }], { metadata: { namespace: "other" } }),
        ],
      },
      {
        sentence: "does not take a canary of another namespace for its own",
        resources: [
          canaryService(),
          httpRoute([{ ...ofToken, backendRefs: [{ name: "fop-gate-canary", namespace: "other", port: 80 }] }]),
        ],
        messages: [
          "HTTPRoute dora-apps/fop-gate: rules[0].matches[0] requires x-gray-token but does not lead only to fop-gate-canary:",
        ],
      },
      {
        sentence: "does not take a rule without backends for one to canary",
        resources: [canaryService(), httpRoute([{ ...ofToken, backendRefs: [] }])],
        messages: [
          "HTTPRoute dora-apps/fop-gate: rules[0].matches[0] requires x-gray-token but does not lead only to fop-gate-canary:",
        ],
      },
      {
        sentence: "judges a rule of another route that leads to the service beside others",
        resources: [
          canaryService(),
          foreignRoute([
            { name: "other", port: 80 },
            { name: "fop-gate", port: 80 },
          ]),
        ],
        messages: ["HTTPRoute dora-apps/other: a request with the token to / meets rules[0].matches[0] before canary"],
      },
      {
        sentence: "leaves a rule of another route to other backends alone",
        resources: [canaryService(), foreignRoute([{ name: "other", port: 80 }]), foreignRoute([])],
      },
    ],
  ],
  [
    noSecretOutputs,
    [
      {
        sentence: "finds a credential at any depth of an output, and nothing in an empty one",
        resources: [],
        outputs: {
          nothing: null,
          other: { web: { history: [{ id: "a", configMaps: { c: { "a.conf": "password = hunter22" } } }] } },
        },
        messages: ["gray-release-test: output other has the value of password, but an output must not contain"],
      },
    ],
  ],
  [
    knownIdentity,
    [
      {
        sentence: "reports a service whose namespace is unknown, the only one of its stack, and no other object then",
        resources: [
          kubernetes("core/v1:Service", "x", { metadata: { namespace: unknownUntilUp } }),
          canaryService({ namespace: unknownUntilUp }),
        ],
        messages: ["CanaryService "],
      },
    ],
  ],
  [
    freshVerdict,
    [
      {
        sentence: "reports an old verdict on a release that the track does not have",
        resources: [
          canaryService({ releases: noReleases, admissions: { stable: { admitted: true, verdictHours: 169 } } }),
        ],
        messages: ["dora-apps/fop-gate: the verdict on release undefined is 169 hours old"],
      },
    ],
  ],
  [
    needsVerdict,
    [
      {
        sentence: "reports an assumed verdict on a release that the track does not have",
        resources: [canaryService({ releases: noReleases, admissions: { stable: { admitted: true, assumed: true } } })],
        messages: ["dora-apps/fop-gate: release undefined needs a verdict before stable takes it"],
      },
    ],
  ],
  [
    canaryShare,
    [
      {
        sentence: "leaves canary alone if another stack owns the weight",
        resources: [canaryService({ replicas: 3 }), deployment("canary", { spec: { replicas: 3 } })],
      },
    ],
  ],
  [
    stableSize,
    [
      {
        sentence: "leaves a Deployment without its service alone",
        resources: [deployment("stable", { spec: { replicas: 1 } })],
      },
    ],
  ],
  [
    weightStep,
    [
      {
        sentence: "allows a rise that only rounding makes larger",
        resources: [canaryService({ shift: { weight: 25, from: 0, to: 25.001 } })],
      },
    ],
  ],
  [
    allowedRegistries,
    [
      {
        sentence: "allows a registry with a slash at its end, and localhost as a host",
        resources: [
          container("fop-gate", { image: "reg.example/a/b:1" }),
          container("fop-gate", { image: "localhost/b:1" }),
        ],
        settings: { registries: ["reg.example/a/", "localhost", "reg.qiniu.com", "docker.io"] },
      },
      {
        sentence: "takes a folder for a part of docker.io, whatever it begins or ends with",
        resources: [
          pods({
            initContainers: [],
            containers: [
              { name: "a", image: "localhosts/b:1" },
              { name: "b", image: "mylocalhost/b:1" },
              { name: "c", image: "b:1" },
              { name: "d" },
            ],
          }),
        ],
        settings: { registries: ["docker.io/mine"] },
        messages: [
          'Deployment dora-apps/fop-gate, container a has the image "localhosts/b:1", which is from docker.io, but only docker.io/mine is allowed:',
          'Deployment dora-apps/fop-gate, container b has the image "mylocalhost/b:1", which is from docker.io, but only docker.io/mine is allowed:',
          'Deployment dora-apps/fop-gate, container c has the image "b:1", which is from docker.io, but only docker.io/mine is allowed:',
          'Deployment dora-apps/fop-gate, container d has the image "", which is from docker.io, but only docker.io/mine is allowed:',
        ],
      },
      {
        sentence: "allows the library of docker.io only by its own name",
        resources: [
          pods({
            initContainers: [],
            containers: [
              { name: "a", image: "b:1" },
              { name: "b", image: "reg.example/b:1" },
            ],
          }),
        ],
        settings: { registries: ["docker.io/library", "reg.example/library"] },
        messages: [
          'Deployment dora-apps/fop-gate, container b has the image "reg.example/b:1", which is from reg.example, but only docker.io/library, reg.example/library are allowed:',
        ],
      },
    ],
  ],
  [
    budgetPerTrack,
    [
      {
        sentence: "leaves other kinds of objects alone",
        resources: [
          canaryService(),
          kubernetes("apps/v1:ReplicaSet", "x", { spec: { selector: { matchLabels: { app: "fop-gate" } } } }),
        ],
      },
      {
        sentence: "knows the labels of a service without a release",
        resources: [canaryService({ releases: noReleases }), budget({ matchLabels: { app: "fop-gate" } })],
        messages: [both],
      },
      {
        sentence: "leaves other labels of a service without a release alone",
        resources: [canaryService({ releases: noReleases }), budget({ matchLabels: { app: "other" } })],
      },
      {
        sentence: "leaves labels that the pods do not have alone",
        resources: [canaryService(), budget({ matchLabels: { app: "fop-gate", other: "x" } })],
      },
      {
        sentence: "allows a track by name",
        resources: [canaryService(), budget({ matchLabels: { track: "canary" } })],
      },
      {
        sentence: "refuses both tracks by a list",
        resources: [canaryService(), byTrack("In", "stable", "canary")],
        messages: [both],
      },
      { sentence: "allows one track by a list", resources: [canaryService(), byTrack("In", "stable")] },
      { sentence: "allows no track by a list", resources: [canaryService(), byTrack("In")] },
      {
        sentence: "refuses both tracks by the exclusion of others",
        resources: [canaryService(), byTrack("NotIn", "other")],
        messages: [both],
      },
      { sentence: "allows the exclusion of one track", resources: [canaryService(), byTrack("NotIn", "canary")] },
      { sentence: "allows pods without a track", resources: [canaryService(), byTrack("DoesNotExist")] },
      {
        sentence: "refuses both tracks by a label that neither has",
        resources: [canaryService(), budget({ matchExpressions: [{ key: "other", operator: "DoesNotExist" }] })],
        messages: [both],
      },
      {
        sentence: "refuses both tracks by the exclusion of values of a label that neither has",
        resources: [
          canaryService(),
          budget({ matchExpressions: [{ key: "other", operator: "NotIn", values: ["x"] }] }),
        ],
        messages: [both],
      },
      {
        sentence: "allows values of a label, or the label itself, that neither has",
        resources: [
          canaryService(),
          budget({ matchExpressions: [{ key: "other", operator: "In", values: ["x"] }] }),
          budget({ matchExpressions: [{ key: "other", operator: "Exists" }] }),
        ],
      },
      {
        sentence: "asks for each expression",
        resources: [
          canaryService(),
          budget({
            matchExpressions: [
              { key: "track", operator: "Exists" },
              { key: "track", operator: "In", values: ["stable"] },
            ],
          }),
        ],
      },
    ],
  ],
  [
    canaryCapacity,
    [
      {
        sentence: "leaves a canary without its service alone",
        resources: [deployment("canary"), httpRoute([{ backendRefs: [{ name: "fop-gate-canary", port: 80 }] }])],
      },
      {
        sentence: "allows exactly what is bearable",
        resources: [
          canaryService({ replicas: 10 }),
          deployment("canary", { spec: { replicas: 1 } }),
          httpRoute([
            {
              backendRefs: [
                { name: "fop-gate-stable", port: 80, weight: 90 },
                { name: "fop-gate-canary", port: 80, weight: 10 },
              ],
            },
          ]),
        ],
        settings: { headroom: 0 },
      },
      {
        sentence: "counts a rule for all other requests among several matches, and no rule for a path of its own",
        resources: [
          canaryService({ replicas: 10 }),
          deployment("canary", { spec: { replicas: 1 } }),
          httpRoute([
            { matches: [{ path: { value: "/beta" } }], backendRefs: [{ name: "fop-gate-canary", port: 80 }] },
          ]),
          httpRoute([
            {
              matches: [{ path: { value: "/beta" } }, { path: { value: "/" } }],
              backendRefs: [{ name: "fop-gate-canary", port: 80 }],
            },
          ]),
        ],
        messages: [
          "HTTPRoute dora-apps/fop-gate gives canary 100 % of the requests, but Deployment dora-apps/fop-gate-canary has 1 replicas:",
        ],
      },
    ],
  ],
  [
    capabilities,
    [
      {
        sentence: "names all that is wrong",
        resources: [
          pods({
            initContainers: [],
            containers: [{ name: "web", securityContext: { privileged: true, capabilities: { add: ["A", "B"] } } }],
          }),
        ],
        messages: [
          "Deployment dora-apps/fop-gate, container web: privileged is true and must not be; capabilities.drop is [] and must have ALL; capabilities.add has A, B and may have only NET_BIND_SERVICE; allowPrivilegeEscalation is unset and must be false: change its securityContext.",
        ],
      },
    ],
  ],
  [
    hostIsolation,
    [
      {
        sentence: "names all that is wrong",
        resources: [
          pods({ hostNetwork: true, hostPID: true, volumes: [], initContainers: [], containers: [{ name: "web" }] }),
        ],
        messages: [
          "Deployment dora-apps/fop-gate: hostNetwork is true and must not be; hostPID is true and must not be: a pod must not use",
        ],
      },
      {
        sentence: "allows a pod without volumes",
        resources: [pods({ volumes: undefined, initContainers: [], containers: [{ name: "web" }] })],
      },
    ],
  ],
  [
    nonRoot,
    [
      {
        sentence: "lets the user of a container take precedence over that of its pod",
        resources: [
          pods({
            securityContext: { runAsUser: 0, runAsNonRoot: true },
            initContainers: [],
            containers: [{ name: "web", securityContext: { runAsUser: 1000 } }],
          }),
        ],
      },
      {
        sentence: "takes the user of the pod for a container that has none",
        resources: [
          pods({
            securityContext: { runAsUser: 0, runAsNonRoot: true },
            initContainers: [],
            containers: [{ name: "web" }],
          }),
        ],
        messages: ["Deployment dora-apps/fop-gate, container web has runAsUser 0, which is root"],
      },
    ],
  ],
  [
    readinessProbes,
    [
      {
        sentence: "asks for none of Jobs",
        resources: [
          kubernetes("batch/v1:Job", "work", { spec: { template: { spec: { containers: [{ name: "work" }] } } } }),
          kubernetes("batch/v1:CronJob", "work", {
            spec: { jobTemplate: { spec: { template: { spec: { containers: [{ name: "work" }] } } } } },
          }),
        ],
      },
      {
        sentence: "asks for one of other pods",
        resources: [kubernetes("core/v1:Pod", "work", { spec: { containers: [{ name: "work" }] } })],
        messages: ["Pod dora-apps/work, container work has no readinessProbe"],
      },
    ],
  ],
];

describe("rules of policies", () => {
  for (const [rule, rows] of tables) {
    for (const { sentence, resources, settings = {}, outputs = {}, messages = [] } of rows) {
      it(`${rule.name} ${sentence}`, async () => {
        const found = await runPolicies(policiesOf([rule as Rule]), resources, { settings, outputs });
        const beginnings = found.map(({ message }, i) => message.slice(0, messages[i]?.length ?? message.length));
        assert.deepEqual(beginnings, messages);
      });
    }
  }
});
