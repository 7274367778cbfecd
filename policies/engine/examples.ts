/** Resources for the examples of rules. They come from the stacks of fop-gate (fop-gate.json), and each example changes them. */
import state from "../fop-gate.json" with { type: "json" };
import type { PodContainer, PodSpec } from "./pod-spec.ts";
import type { ExampleResource } from "./rule.ts";

/** The engine's placeholder for a text that is known only during `up` (SDK: rpc.ts, unknownValue). */
export const unknownUntilUp = "04da6b54-80e4-46f7-96ec-b56ff0331ba9";

/** Changes to a resource: nested fields replace those of the same path, and `undefined` removes a field. */
export type Changes = { readonly [field: string]: unknown };

/**
 * The resources of a stack of fop-gate, in the order of their registration.
 *
 * @example stackOf("prod").find(({ name }) => name === "fop-gate-debug")
 */
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

/**
 * The CanaryService fop-gate in a stack that owns both tracks, without an Ingress.
 *
 * @example canaryService({ replicas: "external" })
 */
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

/** The Deployment of a track of fop-gate. @example deployment("stable", { spec: { replicas: 8 } }) */
export function deployment(track: "stable" | "canary", changes: Changes = {}): ExampleResource {
  return kubernetes("apps/v1:Deployment", track === "canary" ? "fop-gate-canary" : "fop-gate", changes);
}

/** The Deployment of stable, with changes to its pods' spec. @example pods({ hostNetwork: true }) */
export function pods(changes: Changes): ExampleResource {
  return deployment("stable", { spec: { template: { spec: changes } } });
}

/** The Deployment of stable, with changes to one of its containers. @example container("fop-gate", { image: "fop-gate:2" }) */
export function container(name: "fop-gate" | "log-agent", changes: Changes): ExampleResource {
  const { containers, initContainers } = podSpec();
  const change = (all: readonly PodContainer[] = []) =>
    all.map((each) => (each.name === name ? changed({ ...each }, changes) : each));
  return pods({ containers: change(containers), initContainers: change(initContainers) });
}

/** The pod spec of both tracks. @example podSpec().containers?.[0]?.name // "fop-gate" */
export function podSpec(): PodSpec {
  return (release as { readonly template: { readonly spec: PodSpec } }).template.spec;
}

/** An allowed example of each rule on pods: an adopted Deployment, whose pods stay unchanged. */
export const adoptedExample = {
  name: "an adopted Deployment",
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

/**
 * A Kubernetes object: the one of fop-gate's stacks, or, if they have none of this name, a new one with only metadata.
 *
 * @example kubernetes("core/v1:Service", "fop-gate")
 */
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

/** The ConfigMap of one of fop-gate's file sets, e.g. `config`. @example configMap("config", { immutable: false }) */
export function configMap(set: string, changes: Changes = {}): ExampleResource {
  const one = all().find(({ name }) => name.startsWith(`fop-gate-${set}-`));
  if (one === undefined) throw new Error(`fop-gate has no file set ${set}`);
  return { ...one, props: changed(one.props, changes) };
}

/**
 * An HTTPRoute of fop-gate on the Gateway `public`, with these rules.
 *
 * @example httpRoute([{ backendRefs: [{ name: "fop-gate-stable", port: 80 }] }])
 */
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
  if (one === undefined) throw new Error(`the stacks of fop-gate have no ${type} ${name}`);
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
