import { canonicalJson } from "./canonical.ts";
import { ingressSpec, servicePorts } from "./front.ts";
import { adoptedAnnotation, serviceLabel } from "./names.ts";
import { type PodTemplate, type Release, releaseId } from "./release.ts";
import { labelsOf, type ServiceArgs } from "./service-args.ts";
import { UserError } from "./user-error.ts";

type Labels = Readonly<Record<string, string>>;

/** What begins the annotations that tools write for themselves. */
const tools = ["kubectl.kubernetes.io/", "deployment.kubernetes.io/", "meta.helm.sh/", "pulumi.com/", "gray-release/"];
/** What begins those that a platform writes on whatever Deployment it finds. */
const platforms = ["autopilot.gke.io/", "cloud.google.com/", "field.cattle.io/"];

/** An object that was there before us, made by kubectl or Helm. Each has the name of the service. */
export type AdoptedKind = "Deployment" | "Service" | "Ingress";

/** What a run makes of a service that was there before us, until its first promotion is through. */
export interface Adopting {
  /** Objects that this run takes into the stack just as they are. */
  readonly imports: readonly AdoptedKind[];
  /** The selector of stable's Deployment; absent where this run does not keep its pods. */
  readonly selector?: Labels;
  /** Whether this run puts a Deployment with our selector in the place of the adopted one. */
  readonly replaces: boolean;
}

interface Metadata {
  readonly labels?: Labels;
  readonly annotations?: Labels;
  readonly ownerReferences?: readonly { readonly kind: string; readonly name: string }[];
  readonly managedFields?: readonly { readonly manager?: string }[];
}

interface ServicePort {
  readonly name?: string;
  readonly port: number;
  readonly targetPort: number | string;
  readonly protocol?: string;
}

/** A pod template as the API server has it. */
export interface LiveTemplate {
  readonly metadata: Partial<PodTemplate["metadata"]>;
  readonly spec: PodTemplate["spec"];
}

/** The live objects that are to be adopted; the fields looked at. */
export interface Adoptable {
  readonly deployment:
    | {
        readonly metadata: Metadata;
        readonly spec: {
          readonly replicas: number;
          readonly selector: { readonly matchExpressions?: readonly object[] };
          readonly template: { readonly metadata: { readonly labels?: Labels } };
        };
      }
    | undefined;
  readonly service:
    | {
        readonly metadata: Metadata;
        readonly spec: {
          readonly selector?: Labels;
          readonly type?: string;
          readonly ports?: readonly ServicePort[];
        };
      }
    | undefined;
  /** Taken in where the program describes one. */
  readonly ingress: { readonly metadata: Metadata; readonly spec?: object } | undefined;
}

/**
 * The annotation by which a Deployment leaves its ReplicaSet and pods alone when Pulumi deletes it: they serve on while the
 * first promotion puts another in its place.
 */
export const leavesPods = { "pulumi.com/deletionPropagationPolicy": "orphan" };

/** The annotations of a Deployment while its pods are as they were before us. @param release id of what it runs */
export function adoptedAnnotations(release: string): Record<string, string> {
  return { [adoptedAnnotation]: release, ...leavesPods };
}

/** What a Deployment runs that was there before us, as a release: its pod template as it is. */
export function adoptedRelease({ metadata, spec }: LiveTemplate): Release {
  const { labels = {}, annotations } = metadata;
  const template = { metadata: { labels, ...(annotations && { annotations }) }, spec };
  return { id: releaseId(template, {}), template, configMaps: {} };
}

/**
 * Whether what stands in the cluster can be taken in, and nothing about it has to change.
 *
 * 1. Nobody else owns it: no controller, no other service, no other Pulumi program.
 * 2. A plain Service (ClusterIP) selects the Deployment's pods, by labels that canary's pods will have as well.
 * 3. The pods have no label `track`.
 * 4. Number of pods, ports and Ingress are what the program describes.
 * 5. The Deployment has no annotation that the program does not describe, for the first promotion makes it anew; the Ingress
 *    has none of another value. Whatever else is on Service and Ingress stays as it is.
 *
 * @throws Refusal for the first of these that does not hold
 */
export function assertAdoptable(service: string, args: ServiceArgs, live: Adoptable): void {
  const why = obstacle(service, args, live);
  if (why === undefined) return;
  throw new UserError(`${service} in namespace ${args.namespace} cannot be adopted: ${why}.`);
}

function obstacle(
  service: string,
  args: ServiceArgs,
  { deployment, service: shared, ingress }: Adoptable,
): string | undefined {
  if (!deployment) return `there is no Deployment ${service}, so name the service as its Deployment is named`;
  if (!shared)
    return `there is no Service ${service} in front of Deployment ${service}, so make one of this name first`;
  const taken: { kind: AdoptedKind; metadata: Metadata }[] = [
    { kind: "Deployment", metadata: deployment.metadata },
    { kind: "Service", metadata: shared.metadata },
    ...(ingress && args.ingress ? [{ kind: "Ingress", metadata: ingress.metadata } as const] : []),
  ];
  for (const { kind, metadata } of taken) {
    const [owner] = metadata.ownerReferences ?? [];
    if (owner) return `${kind} ${service} is kept by ${owner.kind} ${owner.name}, which would change it back`;
    const whose = metadata.labels?.[serviceLabel];
    if (whose !== undefined && whose !== service) return `${kind} ${service} is of the service ${whose}`;
    if (whose === undefined && metadata.managedFields?.some(({ manager }) => manager?.startsWith("pulumi-"))) {
      return `${kind} ${service} is of another Pulumi program, so take it out of that one's state first`;
    }
  }

  const { replicas, selector: ofPods, template } = deployment.spec;
  const pods = template.metadata.labels ?? {};
  const { selector = {}, type = "ClusterIP", ports = [] } = shared.spec;
  if (type !== "ClusterIP") {
    return `Service ${service} is of type ${type} and CanaryService makes one of type ClusterIP, so let users in by another Service beside it`;
  }
  if (Object.keys(selector).length === 0 || !has(pods, selector)) {
    return `Service ${service} selects ${show(selector)} and the pods of Deployment ${service} have ${show(pods)}, so it is not theirs`;
  }
  const ours = labelsOf(service, args);
  for (const [key, value] of Object.entries(selector)) {
    if (ours[key] === value) continue;
    return ["app", "track", "release"].includes(key)
      ? `Service ${service} selects ${key}=${value}, and CanaryService gives the label ${key} itself, so let the Service select others of its pods' labels first`
      : `Service ${service} selects ${key}=${value}, which canary's pods would not have, so give the program labels: { "${key}": "${value}" }`;
  }
  if ("track" in pods) return `the pods of Deployment ${service} have a label track already, which has to be ours`;
  if (ofPods.matchExpressions?.length) return `Deployment ${service} selects by expressions, which nobody here reads`;

  if (args.replicas !== "external" && args.replicas !== replicas) {
    return `Deployment ${service} has ${replicas} pods and the program says ${args.replicas}, so make them equal`;
  }
  const [livePorts, wantedPorts] = [ports, servicePorts(args)].map((each) => each.map(showPort).join(", "));
  if (livePorts !== wantedPorts) {
    return `Service ${service} has the ports ${livePorts} and the program says ${wantedPorts}, so describe them as they are`;
  }
  if (args.ingress && ingress) {
    const wanted = canonicalJson(ingressSpec(service, args, args.ingress));
    const is = canonicalJson(ingress.spec);
    if (is !== wanted) return `Ingress ${service} is ${is} and the program says ${wanted}, so describe it as it is`;
  }
  for (const { kind, metadata } of taken) {
    const described = describedOf(kind, args);
    for (const [key, value] of Object.entries(metadata.annotations ?? {})) {
      if (key in described && described[key] !== value) {
        return `${kind} ${service} has the annotation ${key}: ${value} and the program says ${described[key]}, so describe it as it is`;
      }
    }
  }
  const { annotations } = undescribed("Deployment", service, args, deployment.metadata);
  const [lost] = Object.entries(annotations).filter(([key]) => !startsWithOne(key, platforms));
  if (lost) {
    return `Deployment ${service} has the annotation ${lost.join(": ")}, which the one in its place will not have, so put it into annotations of the program or take it off`;
  }
  return undefined;
}

/**
 * Whether this traffic can be had while pods serve that were there before us.
 *
 * @param front what the shared Service selects until the first promotion
 * @throws Refusal if not
 */
export function assertBeside(service: string, args: ServiceArgs, weight: number, front: Labels): void {
  if (args.gateway || weight === 0) {
    const asked = args.gateway ? "gateway is set" : "weight is 0";
    const instead = args.gateway ? "leave gateway out" : "take a weight above 0";
    throw new UserError(
      `${service}: ${asked}, and the pods of ${service} that were adopted have no label track, so no Service can leave canary out: ${instead} until the first promotion (gray adopt ${service}).`,
    );
  }
  const ours = labelsOf(service, args);
  if (has(ours, front)) return;
  throw new UserError(
    `${service}: Service ${service}, which was adopted, selects ${show(front)} until the first promotion, and canary's pods would have ${show(ours)}: put the missing one back into labels.`,
  );
}

/** Labels and annotations of an object that the program does not describe, without those that tools write for themselves. */
export function undescribed(kind: AdoptedKind, service: string, args: ServiceArgs, metadata: Metadata) {
  const ours = { ...labelsOf(service, args), track: "" };
  return {
    labels: without(metadata.labels, ours),
    annotations: without(metadata.annotations, describedOf(kind, args)),
  };
}

function without(labels: Labels = {}, described: Labels): Labels {
  return Object.fromEntries(
    Object.entries(labels).filter(([key]) => !(key in described) && !startsWithOne(key, tools)),
  );
}

/** Of a Service a program describes none. */
function describedOf(kind: AdoptedKind, args: ServiceArgs): Labels {
  if (kind === "Service") return {};
  return (kind === "Deployment" ? args.annotations : args.ingress?.annotations) ?? {};
}

function startsWithOne(key: string, prefixes: readonly string[]): boolean {
  return prefixes.some((prefix) => key.startsWith(prefix));
}

function has(labels: Labels, wanted: Labels): boolean {
  return Object.entries(wanted).every(([key, value]) => labels[key] === value);
}

function show(labels: Labels): string {
  return (
    Object.entries(labels)
      .map(([key, value]) => `${key}=${value}`)
      .join(",") || "nothing"
  );
}

/** A port as the sentence shows it; `name: ""` in the program is one without a name. */
function showPort({ name = "", port, targetPort, protocol = "TCP" }: ServicePort): string {
  return `${port} to ${targetPort} (${protocol}, name "${name}")`;
}
