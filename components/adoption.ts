/** Checks whether an existing service, created by kubectl or Helm, can be taken under gray release without a change to its objects. */
import { isScaled } from "./autoscaling.ts";
import { canonicalJson } from "./canonical.ts";
import { ingressSpec } from "./ingress.ts";
import { hasLabels, type LabelSelector, selects } from "./label-selector.ts";
import { deploymentName } from "./names.ts";
import type { ObjectReference } from "./object-reference.ts";
import { otherFieldOf, type ReferenceBeside } from "./objects-beside.ts";
import { otherOwner } from "./other-owner.ts";
import { servicePorts } from "./port.ts";
import { labelsOf, mainPort, type ServiceArgs } from "./service-args.ts";
import { type ForeignRoute, routeObstacle } from "./traffic/gateway/replaced-route.ts";
import { modeNameOf } from "./traffic/modes.ts";
import { isWorker } from "./traffic/worker/args.ts";
import { describableAnnotations, describedOf, undescribed } from "./undescribed.ts";
import { UserError } from "./user-error.ts";

type Labels = Readonly<Record<string, string>>;

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
  readonly appProtocol?: string;
}

/** The live objects to adopt, with the fields that the checks read. */
export interface Adoptable {
  readonly deployment:
    | {
        readonly metadata: Metadata;
        readonly spec: {
          readonly replicas: number;
          readonly selector: { readonly matchLabels?: Labels; readonly matchExpressions?: readonly object[] };
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
  /** Adopted only if the program describes an Ingress. */
  readonly ingress: { readonly metadata: Metadata; readonly spec?: object } | undefined;
  /** The live HTTPRoutes that the program has routes in place of. They are taken over after the first promotion. @default none */
  readonly routes?: readonly (ForeignRoute & { readonly metadata: Metadata })[];
  /** The live objects beside the service that the program describes. @default none */
  readonly beside?: readonly (ReferenceBeside & { readonly metadata: Metadata; readonly spec: object })[];
  /** The disruption budgets of the namespace, if the program describes one. @default none */
  readonly budgets?: readonly {
    readonly metadata: { readonly name: string };
    readonly spec: { readonly selector?: LabelSelector };
  }[];
}

/**
 * Checks that the live objects can be adopted without a change.
 *
 * 1. They have no other owner: no controller, no other service, no other Pulumi program.
 * 2. A Service, whose other fields are those of the program, selects the Deployment's pods, by labels that canary's pods will also have.
 * 3. The pods have no label `track`.
 * 4. The number of pods, the ports and the Ingress match the program.
 * 5. The Deployment has no annotation that is missing in the program, because the first promotion recreates the Deployment.
 *    No annotation of the Ingress has another value than in the program. Other labels and annotations of the Service and the
 *    Ingress are not touched.
 * 6. The autoscaler, the disruption budget and the further Services of the program that are live are those of the program.
 * 7. With a disruption budget in the program no other one counts the pods, because the API server evicts no pod that two budgets count.
 *
 * @throws UserError for the first condition that does not hold
 * @example assertAdoptable("web", args, { deployment, service, ingress: undefined })
 */
export function assertAdoptable(service: string, args: ServiceArgs, live: Adoptable): void {
  const why = obstacle(service, args, live);
  if (why === undefined) return;
  throw new UserError(`${service} in namespace ${args.namespace} cannot be adopted: ${why}.`);
}

function obstacle(
  service: string,
  args: ServiceArgs,
  { deployment, service: shared, ingress, routes = [], beside = [], budgets = [] }: Adoptable,
): string | undefined {
  if (!deployment) return `there is no Deployment ${service}, so give the service the name of its Deployment`;
  if (isWorker(args))
    return "ports is [], which describes a worker, and only a Deployment behind a Service can be adopted, so install the worker under another service name, then delete the Deployment";
  if (!shared)
    return `there is no Service ${service} in front of Deployment ${service}, so create a Service of this name first`;
  const adopted: (ObjectReference & { metadata: Metadata })[] = [
    { kind: "Deployment", name: service, metadata: deployment.metadata },
    { kind: "Service", name: service, metadata: shared.metadata },
    ...(ingress && args.ingress ? [{ kind: "Ingress", name: service, metadata: ingress.metadata } as const] : []),
    ...beside,
  ];
  for (const [what, metadata] of [
    ...adopted.map(({ kind, name, metadata }) => [`${kind} ${name}`, metadata] as const),
    ...routes.map(({ metadata }) => [`HTTPRoute ${metadata.name}`, metadata] as const),
  ]) {
    const owner = otherOwner(what, service, metadata);
    if (owner !== undefined) return owner;
  }

  const { replicas, selector: ofPods, template } = deployment.spec;
  const pods = template.metadata.labels ?? {};
  const { selector = {}, type = "ClusterIP", ports = [] } = shared.spec;
  const wantedType = args.serviceSpec?.type ?? "ClusterIP";
  if (type !== wantedType) {
    return `Service ${service} is of type ${type} and the program has ${wantedType}, so add serviceSpec: { type: "${type}" } to the program`;
  }
  const differs = Object.entries(args.serviceSpec ?? {}).find(
    ([field, wanted]) =>
      canonicalJson((shared.spec as Record<string, unknown>)[field] ?? null) !== canonicalJson(wanted ?? null),
  );
  if (differs) {
    return `Service ${service} has another ${differs[0]} than the program, so change serviceSpec.${differs[0]} in the program to the live value`;
  }
  if (Object.keys(selector).length === 0 || !hasLabels(pods, selector)) {
    return `Service ${service} selects ${show(selector)} and the pods of Deployment ${service} have ${show(pods)}, so it does not select these pods: correct the selector of the Service first`;
  }
  const ours = labelsOf(service, args);
  for (const [key, value] of Object.entries(selector)) {
    if (ours[key] === value) continue;
    return ["app", "track", "release"].includes(key)
      ? `Service ${service} selects ${key}=${value}, and CanaryService sets the label ${key} itself, so change the Service first to select by other labels of its pods`
      : `Service ${service} selects ${key}=${value}, which canary's pods would not have, so add labels: { "${key}": "${value}" } to the program`;
  }
  if ("track" in pods)
    return `the pods of Deployment ${service} already have a label track, which CanaryService sets itself, so rename that label on the Deployment first, which rolls its pods`;
  if (ofPods.matchExpressions?.length) {
    return `Deployment ${service} selects by matchExpressions, and adoption supports only matchLabels, so create the Deployment anew with matchLabels, or choose another service name`;
  }

  if (!isScaled(args) && args.replicas !== replicas) {
    return `Deployment ${service} has ${replicas} pods and the program has ${args.replicas}, so make them equal`;
  }
  const [livePorts, wantedPorts] = [ports, servicePorts(args.ports)].map((each) => each.map(showPort).join(", "));
  if (livePorts !== wantedPorts) {
    return `Service ${service} has the ports ${livePorts} and the program has ${wantedPorts}, so change the program to the live ports`;
  }
  if (args.ingress && ingress) {
    const wanted = ingressSpec(service, mainPort(args), args.ingress) as Record<string, unknown>;
    const is = (ingress.spec ?? {}) as Record<string, unknown>;
    const fields = [...new Set([...Object.keys(is), ...Object.keys(wanted)])].sort();
    const other = fields.find((field) => canonicalJson(is[field] ?? null) !== canonicalJson(wanted[field] ?? null));
    if (other !== undefined) {
      const [live, described] = [is, wanted].map((spec) => excerpt(spec[other]));
      return `Ingress ${service} has ${other} ${live} and the program has ${described}, so change ingress in the program to the live ${other} (kubectl get ingress ${service} -n ${args.namespace} -o yaml)`;
    }
  }
  const otherRoute = routes.map((route) => routeObstacle(service, args, route)).find((why) => why !== undefined);
  if (otherRoute !== undefined) return otherRoute;
  for (const { metadata, ...object } of adopted) {
    const described = describedOf(object, service, args);
    for (const [key, value] of Object.entries(metadata.annotations ?? {})) {
      if (key in described && described[key] !== value) {
        return `${object.kind} ${object.name} has the annotation ${key}: ${value} and the program has ${described[key]}, so change the program to the live value`;
      }
    }
  }
  const { annotations } = undescribed({ kind: "Deployment", name: service }, service, args, deployment.metadata);
  const [lost] = Object.entries(describableAnnotations(annotations));
  if (lost) {
    return `Deployment ${service} has the annotation ${lost.join(": ")}, which its replacement will not have, so add it to annotations in the program or remove it from the Deployment`;
  }
  const selected = { deployment: ofPods.matchLabels ?? {}, service: selector };
  for (const { spec, ...object } of beside) {
    const { kind, name, argument } = object;
    const other = otherFieldOf(service, args, object, spec as Readonly<Record<string, unknown>>, selected);
    if (other === undefined) continue;
    const [live, described] = [other.live, other.described].map(excerpt);
    const without =
      kind === "HorizontalPodAutoscaler" ? 'set replicas: "external" in place of autoscaling' : `remove ${argument}`;
    return `${kind} ${name} has ${other.field} ${live} and the program makes ${described} of it, so make them equal, or ${without}, so that this ${kind} stays as it is`;
  }
  const own = deploymentName(service, "stable");
  const second = budgets.find(({ metadata: { name }, spec }) => name !== own && selects(spec.selector, pods));
  if (second) {
    const { name } = second.metadata;
    return `PodDisruptionBudget ${name} counts the pods of Deployment ${service}, and the API server evicts no pod that two budgets count, so remove disruptionBudget from the program, so that ${name} stays as it is, or remove ${name} first`;
  }
  return undefined;
}

/**
 * Checks that the traffic arguments are possible while adopted pods serve.
 *
 * @param weight percent of user traffic for canary
 * @param front the labels that the shared Service selects until the first promotion
 * @throws UserError if the weight is 0, traffic is not split by number of pods, or canary's pods lack a label of `front`
 * @example assertBeside("web", args, 10, { app: "web" })
 */
export function assertBeside(service: string, args: ServiceArgs, weight: number, front: Labels): void {
  const mode = modeNameOf(args);
  const isByPods = mode === "replicas";
  if (!isByPods || weight === 0) {
    const asked = isByPods ? "weight is 0" : `${mode} is set`;
    const advice = isByPods ? "use a weight above 0" : `remove ${mode}`;
    throw new UserError(
      `${service}: ${asked}, and the adopted pods of ${service} have no label track, so no Service can exclude canary: ${advice} until the first promotion (gray adopt ${service}).`,
    );
  }
  const ours = labelsOf(service, args);
  if (hasLabels(ours, front)) return;
  throw new UserError(
    `${service}: the adopted Service ${service} selects ${show(front)} until the first promotion, and canary's pods would have ${show(ours)}: add the missing label to labels in the program.`,
  );
}

function show(labels: Labels): string {
  return (
    Object.entries(labels)
      .map(([key, value]) => `${key}=${value}`)
      .join(",") || "nothing"
  );
}

/** The most characters of a field that a message quotes. */
const quoted = 200;

/** A field for messages; "none" if it is absent. */
function excerpt(value: unknown): string {
  if (value === undefined) return "none";
  const text = canonicalJson(value);
  return text.length > quoted ? `${text.slice(0, quoted)}…` : text;
}

/** A port for messages. An absent name equals `name: ""` in the program. */
function showPort({ name = "", port, targetPort, protocol = "TCP", appProtocol }: ServicePort): string {
  return `${port} to ${targetPort} (${protocol}, name "${name}"${appProtocol === undefined ? "" : `, ${appProtocol}`})`;
}
