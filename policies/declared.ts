import { UnknownValueError } from "@pulumi/policy";

/** A CanaryService, by the arguments that the program gave it. */
export interface Service {
  readonly is: "service";
  readonly urn: string;
  readonly name: string;
  readonly namespace: string;
  readonly replicas: number | "external";
  readonly tracks: readonly string[];
  readonly admissions: Readonly<Record<string, { readonly admitted: boolean; readonly code?: string }>>;
  /** Track -> the release that it is to run. */
  readonly releases: Readonly<Record<string, { readonly id: string; readonly template: Template }>>;
  /** How canary's share of the user traffic came to be what it is, in percent; absent where another stack owns the front. */
  readonly shift?: { readonly from: number; readonly to: number };
  readonly gateway?: { readonly routes: readonly { readonly hostnames?: readonly string[] }[] };
  readonly ingress?: PlainIngress;
  readonly debugIngress?: PlainIngress;
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
  /** All fields as the API has them. */
  readonly fields: Fields;
}

export type Declared = Service | KubernetesObject;

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

export interface Template {
  readonly metadata?: { readonly labels?: Readonly<Record<string, string>> };
  readonly spec?: {
    readonly terminationGracePeriodSeconds?: number;
    readonly containers?: readonly PodContainer[];
    readonly initContainers?: readonly PodContainer[];
  };
}

export interface PodContainer {
  readonly name: string;
  readonly readinessProbe?: object;
  readonly ports?: readonly { readonly name?: string; readonly containerPort: number }[];
  readonly lifecycle?: { readonly preStop?: { readonly sleep?: { readonly seconds?: number } } };
}

interface Resource {
  readonly type: string;
  readonly name: string;
  readonly urn: string;
  // biome-ignore lint/suspicious/noExplicitAny: as @pulumi/policy declares it
  readonly props: Record<string, any>;
}

/** The label that names the service an object belongs to. */
const serviceLabel = "gray-release/service";
const kubernetesType = /^kubernetes:(?:([^/:]+)\/)?[^/:]+:(\w+)$/;

/** The resource as rules see it; undefined if it is neither a service nor a Kubernetes object with a name. */
export function readDeclared({ type, name, urn, props }: Resource): Declared | undefined {
  if (type === "gray-release:index:CanaryService") {
    const { namespace, replicas, tracks = ["stable", "canary"], admissions = {}, releases = {}, ...rest } = props;
    const { shift, gateway, ingress, debugIngress } = rest;
    const traffic = { shift, gateway, ingress, debugIngress };
    return { is: "service", urn, name, namespace, replicas, tracks, admissions, releases, ...traffic };
  }
  const [, group = "core", kind] = kubernetesType.exec(type) ?? [];
  if (kind === undefined || props.metadata?.name === undefined) return undefined;
  const { name: objectName, namespace = "default", labels = {} } = props.metadata;
  return { is: "object", urn, group, kind, namespace, name: objectName, labels, fields: props };
}

/** `Deployment dora-apps/fop-gate`, for messages. */
export function called({ kind, namespace, name }: KubernetesObject): string {
  return `${kind} ${namespace}/${name}`;
}

/** The service that an object is labelled with. */
export function serviceOf({ labels }: KubernetesObject): string | undefined {
  return labels[serviceLabel];
}

export function servicesOf(declared: readonly Declared[]): Service[] {
  return declared.filter((one) => one.is === "service");
}

/** Whether this is the Deployment of a track of a service, of the given track if there is one. */
export function isTrack(one: Declared, track?: string): one is KubernetesObject {
  if (one.is !== "object" || one.kind !== "Deployment" || serviceOf(one) === undefined) return false;
  return track === undefined ? one.labels.track !== undefined : one.labels.track === track;
}

/** Whether a Deployment was there before us: its pods stay as they are until its first promotion. */
export function isAdopted({ fields }: KubernetesObject): boolean {
  return fields.metadata?.annotations?.["gray-release/adopted"] !== undefined;
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
 * A value that only `up` will know, and that a rule has to read, ends the judgement of the thing that has it, and Pulumi says so.
 * It is no reason not to judge the others.
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
  const [a, b] = [readA(one), readB(one)];
  return [
    ...(a === undefined ? [] : readable(others, readB).map((other): [A, B] => [a, other])),
    ...(b === undefined ? [] : readable(others, readA).map((other): [A, B] => [other, b])),
  ];
}

/** What there is to read of other things, as far as it is known. */
export function readable<T>(others: readonly Declared[], read: (each: Declared) => T | undefined): T[] {
  const found = others.map((other) => {
    try {
      return read(other);
    } catch (error) {
      if (error instanceof UnknownValueError) return undefined;
      throw error;
    }
  });
  return found.filter((each) => each !== undefined);
}
