/** The declared resources of a stack as rules read them: services, Kubernetes objects, and the stack's outputs. */
import type { Template } from "./pod-spec.ts";
import { known } from "./unknown.ts";

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
  /** Ports of the Service. A worker has none, and no Service. */
  readonly ports?: readonly unknown[];
  /** Why the pods of a worker have no readinessProbe. */
  readonly noReadiness?: string;
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
  readonly serviceAccount?: { readonly name?: string };
  readonly disruptionBudget?: object;
  readonly services?: Readonly<Record<string, { readonly pods?: string }>>;
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

function readService(urn: string, resource: string, props: Resource["props"]): Service {
  const {
    name = resource,
    namespace,
    autoscaling,
    replicas = autoscaling && "external",
    tracks = ["stable", "canary"],
    admissions = {},
    releases = {},
  } = props;
  const {
    ports,
    noReadiness,
    shift,
    gateway,
    ingress,
    debugIngress,
    plan,
    serviceAccount,
    disruptionBudget,
    services,
  } = props;
  const ofObjects = { autoscaling, ingress, debugIngress, plan, serviceAccount, disruptionBudget, services };
  const optional = { ports, noReadiness, shift, gateway, ...ofObjects };
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
