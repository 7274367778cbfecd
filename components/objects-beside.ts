/** The objects beside a live Deployment and its Service that an adoption takes over too: autoscaler, disruption budget and further Services. */
import { additionalServiceName } from "./additional-service-args.ts";
import { autoscalerReference, cpuMetric, type HorizontalArgs, horizontalSpec } from "./autoscaling.ts";
import { canonicalJson } from "./canonical.ts";
import { budgetSpec } from "./disruption-budget-args.ts";
import { deploymentName } from "./names.ts";
import type { ObjectReference } from "./object-reference.ts";
import { servicePorts } from "./port.ts";
import { type ServiceArgs, tracksOf } from "./service-args.ts";
import { chosenByServer } from "./service-spec.ts";

type Labels = Readonly<Record<string, string>>;
type Spec = Readonly<Record<string, unknown>>;

/** The kinds of these objects. */
export type KindBeside = "HorizontalPodAutoscaler" | "PodDisruptionBudget" | "Service";

/** An object beside a service that a program describes. */
export interface ReferenceBeside extends ObjectReference {
  readonly kind: KindBeside;
  /** The argument that describes it, such as `services.metrics`. */
  readonly argument: string;
}

/** A field in which a live object differs from the program. */
export interface OtherField {
  readonly field: string;
  readonly live: unknown;
  readonly described: unknown;
}

/** The pods of a live service. */
export interface LivePods {
  /** The labels that its Deployment selects. */
  readonly deployment: Labels;
  /** The labels that its shared Service selects. */
  readonly service: Labels;
}

/**
 * The objects beside a service that this stack would take over if they are live.
 *
 * @example objectsBeside("web", { ...args, autoscaling: { maxReplicas: 20 } })[0]?.name // "web"
 */
export function objectsBeside(service: string, args: ServiceArgs): ReferenceBeside[] {
  const { autoscaling, disruptionBudget, services = {} } = args;
  const owned = tracksOf(args);
  const ofStable: ReferenceBeside[] = [
    ...(autoscaling && !("keda" in autoscaling)
      ? [
          {
            kind: "HorizontalPodAutoscaler",
            name: autoscalerReference(service, autoscaling).name,
            argument: "autoscaling",
          } as const,
        ]
      : []),
    ...(disruptionBudget
      ? [
          {
            kind: "PodDisruptionBudget",
            name: deploymentName(service, "stable"),
            argument: "disruptionBudget",
          } as const,
        ]
      : []),
  ];
  const ofCanary = Object.keys(services).map(
    (each): ReferenceBeside => ({
      kind: "Service",
      name: additionalServiceName(service, each),
      argument: `services.${each}`,
    }),
  );
  return [...(owned.includes("stable") ? ofStable : []), ...(owned.includes("canary") ? ofCanary : [])];
}

/**
 * The first field in which a live object differs from what the program makes of it while adopted pods serve; undefined if there is none, so
 * that taking it over changes nothing.
 *
 * @example otherFieldOf("web", args, { kind: "PodDisruptionBudget", name: "web", argument: "disruptionBudget" }, live.spec, pods)?.field // "selector"
 */
export function otherFieldOf(
  service: string,
  args: ServiceArgs,
  { kind, argument }: ReferenceBeside,
  live: Spec,
  pods: LivePods,
): OtherField | undefined {
  if (kind === "Service") return otherFieldOfService(args, argument.replace(/^services\./, ""), live, pods.service);
  const described =
    kind === "PodDisruptionBudget"
      ? budgetSpec(service, "stable", args.disruptionBudget, pods.deployment)
      : wholeHorizontal(deploymentName(service, "stable"), args.autoscaling as HorizontalArgs);
  const fields = [...new Set([...Object.keys(live), ...Object.keys(described)])].sort();
  return firstOther(fields, live, described);
}

/** The spec of an autoscaler with the defaults of the API server. */
function wholeHorizontal(deployment: string, args: HorizontalArgs): Spec {
  return { minReplicas: 1, metrics: [cpuMetric(80)], ...horizontalSpec(deployment, args) };
}

/** Until the first promotion a further Service can only select the pods that the shared one selects. */
function otherFieldOfService(args: ServiceArgs, name: string, live: Spec, selector: Labels): OtherField | undefined {
  const { ports = [], pods = "users", serviceSpec } = args.services?.[name] ?? {};
  if (pods !== "users") return { field: "pods", live: "users", described: pods };
  const described: Spec = { type: "ClusterIP", ...serviceSpec, selector, ports: servicePorts(ports).map(wholePort) };
  const chosen = chosenByServer(serviceSpec).filter((field) => field !== "type");
  const fields = [...new Set([...Object.keys(live), ...Object.keys(described)])].sort();
  const livePorts = ((live.ports ?? []) as readonly LivePort[]).map(wholePort);
  return firstOther(
    fields.filter((field) => !chosen.includes(field)),
    { ...live, ports: livePorts },
    described,
  );
}

interface LivePort {
  readonly name?: string;
  readonly protocol?: string;
}

/** An absent name equals `name: ""` in the program. */
function wholePort<T extends LivePort>({ name = "", protocol = "TCP", ...others }: T) {
  return { name, protocol, ...others };
}

function firstOther(fields: readonly string[], live: Spec, described: Spec): OtherField | undefined {
  const field = fields.find((each) => canonicalJson(live[each] ?? null) !== canonicalJson(described[each] ?? null));
  return field === undefined ? undefined : { field, live: live[field], described: described[field] };
}
