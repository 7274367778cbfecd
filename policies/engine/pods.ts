/** The pods that a service's objects create, with the fields that rules read (core/v1 PodSpec). */
import { called, type Declared, isAdopted, type KubernetesObject, serviceOf } from "./declared.ts";

/** A pod template. */
export interface Template {
  readonly metadata?: { readonly labels?: Readonly<Record<string, string>> };
  readonly spec?: PodSpec;
}

/** The spec of a pod. */
export interface PodSpec {
  readonly terminationGracePeriodSeconds?: number;
  readonly containers?: readonly PodContainer[];
  readonly initContainers?: readonly PodContainer[];
  readonly volumes?: readonly Volume[];
  readonly hostNetwork?: boolean;
  readonly hostPID?: boolean;
  readonly hostIPC?: boolean;
  readonly securityContext?: SecurityContext & { readonly sysctls?: readonly { readonly name: string }[] };
}

/** A container or an init container of a pod. */
export interface PodContainer {
  readonly name: string;
  readonly image?: string;
  /** An init container with `Always` is a sidecar (KEP-753). */
  readonly restartPolicy?: string;
  readonly readinessProbe?: object;
  readonly ports?: readonly { readonly name?: string; readonly containerPort: number; readonly hostPort?: number }[];
  readonly lifecycle?: {
    readonly preStop?: {
      readonly sleep?: { readonly seconds?: number };
      readonly exec?: { readonly command?: readonly string[] };
    };
  };
  readonly resources?: Readonly<Record<"requests" | "limits", Readonly<Record<string, string>> | undefined>>;
  readonly env?: readonly EnvVar[];
  readonly envFrom?: readonly { readonly configMapRef?: { readonly name?: string } }[];
  readonly securityContext?: SecurityContext & {
    readonly privileged?: boolean;
    readonly allowPrivilegeEscalation?: boolean;
    readonly readOnlyRootFilesystem?: boolean;
    readonly procMount?: string;
    readonly capabilities?: { readonly add?: readonly string[]; readonly drop?: readonly string[] };
  };
}

/** An environment variable of a container. */
export interface EnvVar {
  readonly name: string;
  readonly value?: string;
  readonly valueFrom?: { readonly configMapKeyRef?: { readonly name?: string } };
}

/** Settings that both a pod and its containers can have. The container's setting takes precedence. */
export interface SecurityContext {
  readonly runAsNonRoot?: boolean;
  readonly runAsUser?: number;
  readonly seccompProfile?: { readonly type?: string };
  readonly windowsOptions?: { readonly hostProcess?: boolean };
}

/** A volume of a pod. Its kind is the key beside `name`. */
export interface Volume {
  readonly name: string;
  readonly configMap?: { readonly name?: string };
  readonly projected?: { readonly sources?: readonly { readonly configMap?: { readonly name?: string } }[] };
  readonly [kind: string]: unknown;
}

/** One container of the pods that an object creates. */
export interface FoundContainer {
  /** `Deployment dora-apps/fop-gate, container log-agent`, for messages. */
  readonly called: string;
  readonly container: PodContainer;
  readonly pod: PodSpec;
  /** Whether it runs as long as the pod: it is an ordinary container or a sidecar. */
  readonly serves: boolean;
}

/** The pod that an object of a service creates; undefined of anything else, and of an adopted Deployment. */
export function podOf(one: Declared): { readonly object: KubernetesObject; readonly pod: PodSpec } | undefined {
  if (one.is !== "object" || serviceOf(one) === undefined || isAdopted(one)) return undefined;
  const spec = specOf(one);
  return spec === undefined ? undefined : { object: one, pod: spec };
}

/** Every container of the pods that an object of a service creates, including sidecars and init containers. */
export function containersOf(one: Declared): FoundContainer[] {
  const found = podOf(one);
  if (found === undefined) return [];
  const { object, pod } = found;
  const as = (serves: (container: PodContainer) => boolean) => (container: PodContainer) => ({
    called: `${called(object)}, container ${container.name}`,
    container,
    pod,
    serves: serves(container),
  });
  return [
    ...(pod.initContainers ?? []).map(as(({ restartPolicy }) => restartPolicy === "Always")),
    ...(pod.containers ?? []).map(as(() => true)),
  ];
}

/**
 * A rule's `judge` for single containers.
 *
 * @param judge the violation of a container as a sentence; undefined if it has none
 *
 * @example
 * judge: eachContainer(({ called, container }) =>
 *   container.image === undefined ? `${called} has no image: set one.` : undefined,
 * )
 */
export function eachContainer(judge: (found: FoundContainer) => string | undefined) {
  return (one: Declared): string[] => containersOf(one).flatMap((found) => judge(found) ?? []);
}

/** The pod spec of a Pod, or of the pod template of any other kind of object. */
function specOf({ kind, fields }: KubernetesObject): PodSpec | undefined {
  const spec = fields.spec as
    | (PodSpec & {
        readonly template?: Template;
        readonly jobTemplate?: { readonly spec?: { readonly template?: Template } };
      })
    | undefined;
  if (kind === "Pod") return spec;
  return (spec?.template ?? spec?.jobTemplate?.spec?.template)?.spec;
}
