/** The release of an adopted Deployment, and what an adoption does until the first promotion. */
import { adoptedAnnotation } from "./names.ts";
import type { ObjectReference } from "./object-reference.ts";
import { type PodTemplate, type Release, releaseId } from "./release.ts";

type Labels = Readonly<Record<string, string>>;

/** The adoption tasks of a run. They apply until the first promotion of an adopted service has finished. */
export interface Adopting {
  /** Objects that this run imports into the stack unchanged. */
  readonly imports: readonly ObjectReference[];
  /** The selector of the adopted stable Deployment. Absent if this run does not keep its pods. */
  readonly selector?: Labels;
  /** Whether this run replaces the adopted Deployment by one with the selector of gray release. */
  readonly replaces: boolean;
  /** Whether the live HTTPRoutes go on leading to the shared Service, so that the program's routes wait for the first promotion. */
  readonly keepsRoutes?: true;
}

/** A pod template as the API server returns it. */
export interface LiveTemplate {
  readonly metadata: Partial<PodTemplate["metadata"]>;
  readonly spec: PodTemplate["spec"];
}

/**
 * The annotation that keeps a Deployment's ReplicaSet and pods alive when Pulumi deletes the Deployment. The pods continue to
 * serve while the first promotion replaces the Deployment.
 */
export const leavesPods = { "pulumi.com/deletionPropagationPolicy": "orphan" };

/**
 * The annotations of an adopted Deployment until its first promotion.
 *
 * @param release id of the release that it runs
 * @example adoptedAnnotations("0123456789ab")["gray-release/adopted"] // "0123456789ab"
 */
export function adoptedAnnotations(release: string): Record<string, string> {
  return { [adoptedAnnotation]: release, ...leavesPods };
}

/**
 * The release of an adopted Deployment: its pod template, unchanged.
 *
 * @example adoptedRelease(deployment.spec.template).id // 12 hex digits
 */
export function adoptedRelease({ metadata, spec }: LiveTemplate): Release {
  const { labels = {}, annotations } = metadata;
  const template = { metadata: { labels, ...(annotations && { annotations }) }, spec };
  return { id: releaseId(template, {}), template, configMaps: {} };
}
