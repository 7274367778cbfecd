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
    const { namespace, replicas, tracks = ["stable", "canary"], admissions = {}, releases = {} } = props;
    return { is: "service", urn, name, namespace, replicas, tracks, admissions, releases };
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

/** The CanaryService of this stack that an object belongs to by its label and namespace. */
export function homeOf(object: KubernetesObject, declared: readonly Declared[]): Service | undefined {
  return servicesOf(declared).find(
    (service) => service.name === serviceOf(object) && service.namespace === object.namespace,
  );
}
