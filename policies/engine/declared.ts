import type { Template } from "./pods.ts";
import { known, paired } from "./unknown.ts";

/** A CanaryService, by the arguments that the program gave it. */
export interface Service {
  readonly is: "service";
  readonly urn: string;
  readonly name: string;
  readonly namespace: string;
  readonly replicas: number | "external";
  readonly tracks: readonly string[];
  /** What the gate says of each track. */
  readonly admissions: Readonly<Record<string, Admission>>;
  /** Track -> the release that it is to run. */
  readonly releases: Readonly<Record<string, { readonly id: string; readonly template: Template }>>;
  /** How canary's share of the user traffic came to be what it is, in percent; absent where another stack owns the front. */
  readonly shift?: { readonly weight: number; readonly from: number; readonly to: number };
  readonly gateway?: { readonly routes: readonly { readonly hostnames?: readonly string[] }[] };
  readonly ingress?: PlainIngress;
  readonly debugIngress?: PlainIngress;
  readonly plan?: { readonly steps?: readonly PlanStep[] };
}

/** The gate's answer, as far as it stays the same while nothing happens. */
export interface Admission {
  readonly admitted: boolean;
  /** Why, of a refusal. */
  readonly code?: string;
  /** Whether it is admitted in a plan only: nobody has judged the release, and `up` will ask for a verdict. */
  readonly supposed?: boolean;
  /** Whole hours that the verdict was old when the track took the release. */
  readonly verdictHours?: number;
}

/** A row of the rollout plan. */
export interface PlanStep {
  readonly stage: string;
  readonly weight?: number;
}

/** A plain Ingress among the arguments of a service. */
interface PlainIngress {
  readonly host: string;
  readonly path?: string;
}

/** A Kubernetes object, by the fields that the program gave it. */
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

/** A Kubernetes object whose name, namespace or labels only `up` will know, or a service with an argument of that kind. */
export interface Unidentified {
  readonly is: "unidentified";
  readonly urn: string;
  readonly kind: string;
  /** As the program calls it. */
  readonly name: string;
  /** Path of the value that is not known, e.g. `metadata.namespace`. */
  readonly unknown: string;
}

/** What a stack hands out. */
export interface Outputs {
  readonly is: "outputs";
  readonly urn: string;
  readonly name: string;
  readonly values: Readonly<Record<string, unknown>>;
}

export type Declared = Service | KubernetesObject | Unidentified | Outputs;

/** The fields of an object that rules read; other kinds have none of them. */
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

/** A resource as Pulumi shows it to a policy. */
export interface Resource {
  readonly type: string;
  readonly name: string;
  readonly urn: string;
  // biome-ignore lint/suspicious/noExplicitAny: as @pulumi/policy declares it
  readonly props: Record<string, any>;
  readonly opts?: { readonly protect?: boolean };
}

/** The label that names the service an object belongs to. */
const serviceLabel = "gray-release/service";
/** A patch changes the object that it names, so it is judged as that. */
const kubernetesType = /^kubernetes:(?:([^/:]+)\/)?[^/:]+:(\w+?)(?:Patch)?$/;

/** The resource as rules see it; undefined if it is neither a service nor a Kubernetes object with a name. */
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
  const { namespace, replicas, tracks = ["stable", "canary"], admissions = {}, releases = {} } = props;
  const { shift, gateway, ingress, debugIngress, plan } = props;
  const optional = { shift, gateway, ingress, debugIngress, plan };
  return { is: "service", urn, name, namespace, replicas, tracks, admissions, releases, ...optional };
}

/** The stack, by its outputs. */
export function readOutputs({ name, urn, props }: Resource): Outputs {
  return { is: "outputs", urn, name, values: props };
}

/** `Deployment dora-apps/fop-gate`, for messages. */
export function called({ kind, namespace, name }: KubernetesObject): string {
  return `${kind} ${namespace}/${name}`;
}

/** The service that an object is labelled with. */
export function serviceOf({ labels }: KubernetesObject): string | undefined {
  return labels[serviceLabel];
}

/** For {@link pairsOf}. */
export function asService(one: Declared): Service | undefined {
  return one.is === "service" ? one : undefined;
}

/** For {@link pairsOf}. */
export function asObject(one: Declared): KubernetesObject | undefined {
  return one.is === "object" ? one : undefined;
}

export function servicesOf(declared: readonly Declared[]): Service[] {
  return declared.filter((one) => one.is === "service");
}

/** Whether this is the Deployment of a track of a service, of the given track if there is one. */
export function isTrack(one: Declared, track?: string): one is KubernetesObject {
  if (one.is !== "object" || one.kind !== "Deployment" || serviceOf(one) === undefined) return false;
  return track === undefined ? one.labels.track !== undefined : one.labels.track === track;
}

/**
 * Whether this is a Deployment of stable that was there before us: its pods stay as they are until its first promotion, without the
 * labels that each release of ours has.
 */
export function isAdopted(one: KubernetesObject): boolean {
  const { metadata, spec } = one.fields;
  if (!isTrack(one, "stable") || metadata?.annotations?.["gray-release/adopted"] === undefined) return false;
  const { track, release } = spec?.template?.metadata?.labels ?? {};
  return track === undefined && release === undefined;
}

/** The CanaryService of this stack that an object belongs to by its label and namespace. */
export function homeOf(object: KubernetesObject, declared: readonly Declared[]): Service | undefined {
  return servicesOf(declared).find(
    (service) => service.name === serviceOf(object) && service.namespace === object.namespace,
  );
}

/**
 * This thing with each of those that were declared before it, whichever of the two is the A.
 *
 * A value that only `up` will know, and that a rule has to read, is a violation of the thing that has it, in a stack with a service
 * (rule.ts). It is no reason not to judge the others.
 *
 * @param readA all that the rule has to know of an A; undefined of anything else
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

/** What there is to read of other things, as far as it is known. */
export function readable<T>(others: readonly Declared[], read: (each: Declared) => T | undefined): T[] {
  const found: T[] = [];
  for (const other of others) {
    const one = readOnce(other, read);
    if ("value" in one && one.value !== undefined) found.push(one.value);
  }
  return found;
}

type Read<T> = ReturnType<typeof known<T>>;

/** What was read of a thing by a function: it stays as it was declared, and each later thing is held against all before it. */
const stackState = new WeakMap<object, WeakMap<Declared, unknown>>();

function readOnce<T>(one: Declared, read: (each: Declared) => T): Read<T> {
  const ofReader = stackState.get(read) ?? new WeakMap<Declared, unknown>();
  stackState.set(read, ofReader);
  const before = ofReader.get(one) as Read<T> | undefined;
  if (before !== undefined) return before;
  const found = known(() => read(one));
  ofReader.set(one, found);
  return found;
}
