/** Stacks for the examples of rules, made of what fop-gate's own stacks hold (fop-gate.json), each changed as an example needs it. */
import state from "../fop-gate.json" with { type: "json" };
import type { PodContainer, PodSpec } from "./pods.ts";
import type { ExampleResource } from "./rule.ts";

/** How the engine writes a text that only `up` will know (SDK: rpc.ts, unknownValue). */
export const onlyUpKnows = "04da6b54-80e4-46f7-96ec-b56ff0331ba9";

/** Changes to a resource: nested fields replace those of the same path, `undefined` takes one out. */
export type Changes = { readonly [field: string]: unknown };

/** What a stack of fop-gate holds, in the order of its registrations. */
export function stackOf(stack: "canary" | "prod"): readonly ExampleResource[] {
  return state[stack];
}

const service = found("gray-release:index:CanaryService", "fop-gate");
const { canary: release } = service.props.releases as Record<
  string,
  { readonly id: string; readonly template: object }
>;

/** The release that both tracks run. */
export const releaseId = release?.id ?? "";

/** The CanaryService fop-gate as if one stack owned both tracks, with no entrance from outside. */
export function canaryService(changes: Changes = {}): ExampleResource {
  const { ingress: _, debugIngress: __, shift: ___, ...props } = service.props;
  const both = {
    ...props,
    tracks: ["stable", "canary"],
    admissions: {},
    releases: { stable: release, canary: release },
  };
  return { ...service, props: changed(both, changes) };
}

/** The Deployment of a track of fop-gate. */
export function deployment(track: "stable" | "canary", changes: Changes = {}): ExampleResource {
  return kubernetes("apps/v1:Deployment", track === "canary" ? "fop-gate-canary" : "fop-gate", changes);
}

/** The Deployment of stable, with changes to its pods' spec. */
export function pods(changes: Changes): ExampleResource {
  return deployment("stable", { spec: { template: { spec: changes } } });
}

/** The Deployment of stable, with changes to one of its containers. */
export function container(name: "fop-gate" | "log-agent", changes: Changes): ExampleResource {
  const { containers, initContainers } = podSpec();
  const change = (all: readonly PodContainer[] = []) =>
    all.map((each) => (each.name === name ? changed({ ...each }, changes) : each));
  return pods({ containers: change(containers), initContainers: change(initContainers) });
}

/** The pods of both tracks. */
export function podSpec(): PodSpec {
  return (release as { readonly template: { readonly spec: PodSpec } }).template.spec;
}

/** An example of each rule on pods: a Deployment that was there before us, whose pods are as they were. */
export const adoptedExample = {
  name: "a Deployment that was there before us",
  resources: [
    canaryService(),
    deployment("stable", {
      metadata: { annotations: { "gray-release/adopted": releaseId } },
      spec: {
        minReadySeconds: 0,
        template: {
          metadata: { labels: { track: undefined, release: undefined } },
          spec: {
            containers: [{ name: "fop-gate", image: "fop-gate" }],
            initContainers: undefined,
            securityContext: undefined,
          },
        },
      },
    }),
  ],
};

/** A Kubernetes object of fop-gate, e.g. `kubernetes("core/v1:Service", "fop-gate")`: the one that its stacks hold, else one with metadata alone. */
export function kubernetes(type: string, name: string, changes: Changes = {}): ExampleResource {
  const known = all().find((each) => each.type === `kubernetes:${type}` && each.name === name);
  const labels = { app: "fop-gate", team: "dora", type: "basic", "gray-release/service": "fop-gate" };
  const one = known ?? {
    type: `kubernetes:${type}`,
    name,
    props: { metadata: { name, namespace: "dora-apps", labels } },
  };
  return { ...one, props: changed(one.props, changes) };
}

/** The ConfigMap of one of fop-gate's file sets, e.g. `config`. */
export function configMap(set: string, changes: Changes = {}): ExampleResource {
  const one = all().find(({ name }) => name.startsWith(`fop-gate-${set}-`));
  if (one === undefined) throw new Error(`fop-gate has no file set ${set}`);
  return { ...one, props: changed(one.props, changes) };
}

/** An HTTPRoute of fop-gate on the Gateway `public`, with these rules. */
export function httpRoute(rules: readonly object[], changes: Changes = {}): ExampleResource {
  const { type, name, props } = kubernetes("gateway.networking.k8s.io/v1:HTTPRoute", "fop-gate", {
    spec: { parentRefs: [{ name: "public" }], hostnames: ["fop-gate.example"], rules },
  });
  return { type, name, props: changed(props, changes) };
}

function all(): readonly ExampleResource[] {
  return [...stackOf("canary"), ...stackOf("prod")];
}

function found(type: string, name: string): ExampleResource {
  const one = all().find((each) => each.type === type && each.name === name);
  if (one === undefined) throw new Error(`the stacks of fop-gate hold no ${type} ${name}`);
  return one;
}

function changed(valid: Record<string, unknown>, changes: Changes): Record<string, unknown> {
  const result = { ...valid };
  for (const [field, value] of Object.entries(changes)) {
    const before = result[field];
    if (value === undefined) delete result[field];
    else result[field] = isNested(before) && isNested(value) ? changed(before, value) : value;
  }
  return result;
}

function isNested(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
