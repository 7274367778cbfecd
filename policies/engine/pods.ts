/** Finds the pods and containers that a service's objects create. */
import { called, type Declared, isAdopted, type KubernetesObject, serviceOf } from "./declared.ts";
import type { PodContainer, PodSpec, Template } from "./pod-spec.ts";

/**
 * One container of the pods that an object creates.
 *
 * @example const nameOf = ({ called, serves }: FoundContainer) => (serves ? called : undefined);
 */
export interface FoundContainer {
  /** `Deployment dora-apps/fop-gate, container log-agent`, for messages. */
  readonly called: string;
  readonly container: PodContainer;
  readonly pod: PodSpec;
  /** Whether it runs as long as the pod: it is an ordinary container or a sidecar. */
  readonly serves: boolean;
}

/**
 * The pod that an object of a service creates; undefined of anything else, and of an adopted Deployment.
 *
 * @example podOf(one)?.pod.hostNetwork // whether its pods use the network of the node
 */
export function podOf(one: Declared): { readonly object: KubernetesObject; readonly pod: PodSpec } | undefined {
  if (one.is !== "object" || serviceOf(one) === undefined || isAdopted(one)) return undefined;
  const spec = specOf(one);
  return spec === undefined ? undefined : { object: one, pod: spec };
}

/**
 * Every container of the pods that an object of a service creates, including sidecars and init containers.
 *
 * @example containersOf(one).filter(({ serves }) => serves).map(({ container }) => container.image)
 */
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
