/** The declared resources of a stack as rules read them: services, Kubernetes objects, and the stack's outputs. */
import type { Template } from "./pod-spec.ts";
import { known, paired } from "./unknown.ts";

/**
 * A CanaryService with the arguments from the program.
 *
 * @example const isDark = ({ shift }: Service) => shift?.weight === 0;
 */
export interface Service {
  readonly is: "service";
  readonly urn: string;
  readonly name: string;
  readonly namespace: string;
  /** Number of stable pods; `external` if an autoscaler owns it, also one that the service makes. */
  readonly replicas: number | "external";
  /** The autoscaler of stable that the service makes. */
  readonly autoscaling?: object;
  readonly tracks: readonly string[];
  /** The gate's admission of each track. */
  readonly admissions: Readonly<Record<string, Admission>>;
  /** The release that each track must run. */
  readonly releases: Readonly<Record<string, { readonly id: string; readonly template: Template }>>;
  /** The change of canary's share of user traffic by this run, in percent; absent if another stack owns the front. */
  readonly shift?: { readonly weight: number; readonly from: number; readonly to: number };
  readonly gateway?: { readonly routes: readonly { readonly hostnames?: readonly string[] }[] };
  readonly ingress?: PlainIngress;
  readonly debugIngress?: PlainIngress;
  readonly plan?: { readonly steps?: readonly PlanStep[] };
}

/** The gate's answer for a track, without parts that change with time alone. */
export interface Admission {
  readonly admitted: boolean;
  /** The reason of a refusal, or of an admission, as a code. */
  readonly code?: string;
  /** Whether it is admitted in a plan only: the release has no verdict yet, and `up` will require one. */
  readonly assumed?: boolean;
  /** Age of the verdict in whole hours at the time the track received the release. */
  readonly verdictHours?: number;
}

/** A step of the rollout plan. */
export interface PlanStep {
  readonly stage: string;
  readonly weight?: number;
}

/** An Ingress in the arguments of a service. */
interface PlainIngress {
  readonly host?: string;
  readonly path?: string;
  readonly pathType?: string;
  /** Several hosts or paths, in place of the other fields. */
  readonly rules?: readonly {
    readonly host?: string;
    readonly paths?: readonly { readonly path?: string; readonly pathType?: string }[];
  }[];
}

/**
 * A Kubernetes object with the fields from the program.
 *
 * @example const hasRoom = ({ fields }: KubernetesObject) => (fields.spec?.replicas ?? 1) > 1;
 */
export interface KubernetesObject {
  readonly is: "object";
  readonly urn: string;
  /** API group without its version, `core` for the group without a name. */
  readonly group: string;
  readonly kind: string;
  readonly namespace: string;
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  /** Whether Pulumi refuses to delete it. */
  readonly protect: boolean;
  /** All fields as the API has them. */
  readonly fields: Fields;
}

/** A Kubernetes object whose name, namespace or labels are known only during `up`, or a service with such an argument. */
export interface Unidentified {
  readonly is: "unidentified";
  readonly urn: string;
  readonly kind: string;
  /** Name in the program. */
  readonly name: string;
  /** Path of the value that is not known, e.g. `metadata.namespace`. */
  readonly unknown: string;
}

/** The outputs of a stack. */
export interface Outputs {
  readonly is: "outputs";
  readonly urn: string;
  readonly name: string;
  readonly values: Readonly<Record<string, unknown>>;
}

/**
 * A declared resource that rules look at.
 *
 * @example const isDeployment = (one: Declared) => one.is === "object" && one.kind === "Deployment";
 */
export type Declared = Service | KubernetesObject | Unidentified | Outputs;

/** The fields of a Kubernetes object that several rules read. */
export interface Fields {
  readonly metadata?: { readonly annotations?: Readonly<Record<string, string>> };
  readonly spec?: {
    readonly replicas?: number;
    readonly minReadySeconds?: number;
    readonly progressDeadlineSeconds?: number;
    readonly strategy?: {
      readonly type?: string;
      readonly rollingUpdate?: { readonly maxSurge?: number | string; readonly maxUnavailable?: number | string };
    };
    readonly template?: Template;
  };
}

/** A resource as Pulumi passes it to a policy. */
export interface Resource {
  readonly type: string;
  readonly name: string;
  readonly urn: string;
  // biome-ignore lint/suspicious/noExplicitAny: as @pulumi/policy declares it
  readonly props: Record<string, any>;
  readonly opts?: { readonly protect?: boolean };
}

/** The label with the name of the service that an object belongs to. */
const serviceLabel = "gray-release/service";
/** Types of Kubernetes resources. A patch resource changes the object of its name, so it counts as this object. */
const kubernetesType = /^kubernetes:(?:([^/:]+)\/)?[^/:]+:(\w+?)(?:Patch)?$/;

/**
 * The resource as rules read it; undefined if it is neither a service nor a Kubernetes object with a name.
 *
 * @example readDeclared({ type: "kubernetes:core/v1:Service", name: "web", urn, props })?.is // "object"
 */
export function readDeclared({ type, name, urn, props, opts }: Resource): Declared | undefined {
  if (type === "gray-release:index:CanaryService") {
    const service = known(() => readService(urn, name, props));
    return "value" in service
      ? service.value
      : { is: "unidentified", urn, kind: "CanaryService", name, unknown: service.unknown };
  }
  const [, group = "core", kind] = kubernetesType.exec(type) ?? [];
  if (kind === undefined) return undefined;
  const identity = known(() => {
    const { generateName, name = generateName, namespace = "default", labels } = props.metadata ?? {};
    return { name, namespace, labels: { ...labels } };
  });
  if ("unknown" in identity) return { is: "unidentified", urn, kind, name, unknown: identity.unknown };
  if (identity.value.name === undefined) return undefined;
  return { is: "object", urn, group, kind, ...identity.value, protect: opts?.protect ?? false, fields: props };
}

function readService(urn: string, name: string, props: Resource["props"]): Service {
  const {
    namespace,
    autoscaling,
    replicas = autoscaling && "external",
    tracks = ["stable", "canary"],
    admissions = {},
    releases = {},
  } = props;
  const { shift, gateway, ingress, debugIngress, plan } = props;
  const optional = { autoscaling, shift, gateway, ingress, debugIngress, plan };
  return { is: "service", urn, name, namespace, replicas, tracks, admissions, releases, ...optional };
}

/**
 * The outputs of the stack.
 *
 * @example readOutputs({ type: "pulumi:pulumi:Stack", name: "shop-live", urn, props }).is // "outputs"
 */
export function readOutputs({ name, urn, props }: Resource): Outputs {
  return { is: "outputs", urn, name, values: props };
}

/** Kind, namespace and name of an object for messages. @example called(object) // "Deployment dora-apps/fop-gate" */
export function called({ kind, namespace, name }: KubernetesObject): string {
  return `${kind} ${namespace}/${name}`;
}

/**
 * The name of the service that an object belongs to, by its label.
 *
 * @example one.is === "object" && serviceOf(one) === "web" // whether it belongs to the service web
 */
export function serviceOf({ labels }: KubernetesObject): string | undefined {
  return labels[serviceLabel];
}

/** The service, or undefined of anything else; for {@link pairsOf}. @example asService(one)?.replicas */
export function asService(one: Declared): Service | undefined {
  return one.is === "service" ? one : undefined;
}

/**
 * The Kubernetes object, or undefined of anything else; for {@link pairsOf}.
 *
 * @example asObject(one)?.kind // "Deployment"
 */
export function asObject(one: Declared): KubernetesObject | undefined {
  return one.is === "object" ? one : undefined;
}

/** All services among the declared resources. @example servicesOf(declared).map(({ name }) => name) // ["web"] */
export function servicesOf(declared: readonly Declared[]): Service[] {
  return declared.filter((one) => one.is === "service");
}

/**
 * Whether this is the Deployment of a track of a service.
 *
 * @param track the track. @default any
 * @example isTrack(one, "stable") && one.fields.spec?.replicas // the pods of stable
 */
export function isTrack(one: Declared, track?: string): one is KubernetesObject {
  if (one.is !== "object" || one.kind !== "Deployment" || serviceOf(one) === undefined) return false;
  return track === undefined ? one.labels.track !== undefined : one.labels.track === track;
}

/**
 * Whether this is an adopted Deployment of stable. Its pods stay unchanged until its first promotion, without the labels of a
 * release.
 *
 * @example isAdopted(deployment) // false
 */
export function isAdopted(one: KubernetesObject): boolean {
  const { metadata, spec } = one.fields;
  if (!isTrack(one, "stable") || metadata?.annotations?.["gray-release/adopted"] === undefined) return false;
  const { track, release } = spec?.template?.metadata?.labels ?? {};
  return track === undefined && release === undefined;
}

/**
 * The CanaryService of this stack that an object belongs to by its label and namespace.
 *
 * @example homeOf(object, declared)?.replicas // 9
 */
export function homeOf(object: KubernetesObject, declared: readonly Declared[]): Service | undefined {
  return servicesOf(declared).find(
    (service) => service.name === serviceOf(object) && service.namespace === object.namespace,
  );
}

/**
 * Pairs a resource with each other declared resource: it may be the A or the B of a pair. Rules that compare two resources use
 * it, because their order is not fixed.
 *
 * If a rule needs a value that is known only during `up`, the resource with the value violates the rule, in a stack with a
 * service (pack.ts). The rule still judges the other resources.
 *
 * @param one the resource to judge
 * @param declared the resources declared so far
 * @param readA reads the values that the rule needs of an A; undefined of anything else
 * @param readB the same of a B
 * @example
 * ```ts
 * const asService = (one: Declared) => (one.is === "service" ? one : undefined);
 * const asIngress = (one: Declared) => (one.is === "object" && one.kind === "Ingress" ? one : undefined);
 * const judge: Rule["judge"] = (one, { declared }) =>
 *   pairsOf(one, declared, asIngress, asService).flatMap(([ingress, service]) =>
 *     ingress.name === service.name ? [] : [`${called(ingress)} is not named ${service.name}: rename it.`],
 *   );
 * ```
 */
export function pairsOf<A, B>(
  one: Declared,
  declared: readonly Declared[],
  readA: (each: Declared) => A | undefined,
  readB: (each: Declared) => B | undefined,
): [A, B][] {
  const others = declared.filter((other) => other !== one);
  const [a, b] = paired(() => [readA(one), readB(one)]);
  return [
    ...(a === undefined ? [] : readable(others, readB).map((other): [A, B] => [a, other])),
    ...(b === undefined ? [] : readable(others, readA).map((other): [A, B] => [other, b])),
  ];
}

/**
 * Reads a value of each resource, without those in which it is not known yet.
 *
 * @example readable(declared, asService)
 */
export function readable<T>(others: readonly Declared[], read: (each: Declared) => T | undefined): T[] {
  const found: T[] = [];
  for (const other of others) {
    const one = readOnce(other, read);
    if ("value" in one && one.value !== undefined) found.push(one.value);
  }
  return found;
}

type Read<T> = ReturnType<typeof known<T>>;

/** Values by reading function and resource. A resource never changes, and each later resource is compared with it. */
const cache = new WeakMap<object, WeakMap<Declared, unknown>>();

function readOnce<T>(one: Declared, read: (each: Declared) => T): Read<T> {
  const ofReader = cache.get(read) ?? new WeakMap<Declared, unknown>();
  cache.set(read, ofReader);
  const before = ofReader.get(one) as Read<T> | undefined;
  if (before !== undefined) return before;
  const found = known(() => read(one));
  ofReader.set(one, found);
  return found;
}
