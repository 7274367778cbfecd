/** Describes a live pod template by the arguments of a release. */

import { defaults } from "../components/defaults.ts";
import { duplicateIn } from "../components/list-keys.ts";
import type { Container, PodSpec, ReleaseArgs } from "../components/release.ts";
import type { DeploymentObject } from "../kubernetes/objects/deployment.ts";
import { differs, notDescribed, type Remark } from "./remark.ts";
import { withoutDefaults } from "./server-defaults.ts";

/** The arguments for a pod template, and what they do not say. */
export interface DescribedPod {
  readonly args: ReleaseArgs;
  readonly remarks: readonly Remark[];
}

/** What the description of a pod needs beside its template. */
export interface PodContext {
  /** The port of the pods to which users are sent, by number or name; undefined if there is no Service. */
  readonly targetPort: number | string | undefined;
  /** The path of a readinessProbe for a first container that has none. @default it stays without */
  readonly readiness?: string | undefined;
}

/**
 * The arguments that render this pod template, without the API server's defaults. The labels of the pods are not among them.
 *
 * 1. ConfigMaps and Secrets stay as they are, by name, because other names would be other pods.
 * 2. The container behind the Service comes first if the live first one has no readinessProbe.
 * 3. Init containers stay in their order, native sidecars included.
 */
export function describePod(template: DeploymentObject["spec"]["template"], context: PodContext): DescribedPod {
  const { containers: all, volumes, terminationGracePeriodSeconds: grace, ...pod } = withoutDefaults(template.spec);
  const { containers, remarks } = orderedContainers(all as readonly Container[], context);
  const { initContainers = [] } = pod as Pick<PodSpec, "initContainers">;
  const annotations = template.metadata.annotations ?? {};
  const isOwnGrace = grace !== defaults.terminationGracePeriodSeconds;
  return {
    args: {
      containers,
      ...(volumes && { volumes }),
      ...(Object.keys(annotations).length > 0 && { podAnnotations: annotations }),
      ...(Object.keys(pod).length > 0 && { pod: pod as Omit<PodSpec, "containers"> }),
      ...(isOwnGrace && { terminationGracePeriodSeconds: grace ?? apiGraceSeconds }),
    },
    remarks: [...remarks, ...duplicateRemarks(pod, [...containers, ...initContainers]), ...sleepRemarks(containers)],
  };
}

/** The API server's default (core/v1 PodSpec). */
const apiGraceSeconds = 30;

function orderedContainers(
  containers: readonly Container[],
  { targetPort, readiness }: PodContext,
): { readonly containers: readonly Container[]; readonly remarks: readonly Remark[] } {
  const [first] = containers;
  if (first === undefined || first.readinessProbe !== undefined) return { containers, remarks: [] };
  const serving = containers.find((each) => each.readinessProbe !== undefined && serves(each, targetPort));
  if (serving) {
    const why = "the first container is the service itself and needs a readinessProbe";
    const remark = differs(`container ${serving.name}`, `it comes first in the program, because ${why}`);
    return { containers: [serving, ...containers.filter((each) => each !== serving)], remarks: [remark] };
  }
  if (readiness === undefined || targetPort === undefined) return { containers, remarks: [] };
  const probe = { httpGet: { path: readiness, port: targetPort } };
  const added = "it gets the readinessProbe that you gave, without which a pod counts as ready before it answers";
  return {
    containers: [{ ...first, readinessProbe: probe }, ...containers.slice(1)],
    remarks: [differs(`container ${first.name}`, added)],
  };
}

function serves({ ports = [] }: Container, target: number | string | undefined): boolean {
  return ports.some(({ name, containerPort }) => target !== undefined && (target === name || target === containerPort));
}

/** What the program has twice, as the live pods do, and `up` will refuse. */
function duplicateRemarks(pod: object, containers: readonly Container[]): Remark[] {
  const parts = [...containers.map((each) => [`container ${each.name}`, each] as const), ["pod", pod] as const];
  return parts.flatMap(([name, fields]) => {
    const found = duplicateIn(fields);
    if (found === undefined) return [];
    const why =
      "it stands there twice, which server-side apply refuses: remove one from the program, and give a Service that names a removed port its number";
    return [notDescribed(`${name}: ${found.list} ${found.key}`, why)];
  });
}

function sleepRemarks(containers: readonly Container[]): Remark[] {
  const without = containers.filter(({ lifecycle }) => lifecycle?.preStop === undefined).map(({ name }) => name);
  if (without.length === 0) return [];
  const seconds = defaults.preStopSleepSeconds;
  const why = `a release adds preStop: { sleep: { seconds: ${seconds} } }, so that a pod that ends serves until every proxy knows`;
  return [differs(`container ${without.join(", ")}`, why)];
}
