/** Describes the objects beside a live service by arguments: its autoscaler, its disruption budget and its further Services. */

import { isDeepStrictEqual } from "node:util";
import type { AdditionalServiceArgs } from "../components/additional-service-args.ts";
import { cpuMetric, type HorizontalArgs } from "../components/autoscaling.ts";
import type { DisruptionBudgetArgs } from "../components/disruption-budget-args.ts";
import { selects } from "../components/label-selector.ts";
import { deploymentName } from "../components/names.ts";
import { type KindBeside, objectsBeside, otherFieldOf } from "../components/objects-beside.ts";
import { otherOwner } from "../components/other-owner.ts";
import { assertServiceArgs, labelsOf, type ServiceArgs } from "../components/service-args.ts";
import { clauseOf, UserError } from "../components/user-error.ts";
import type { AutoscalerObject } from "../kubernetes/objects/autoscaler.ts";
import type { DisruptionBudgetObject } from "../kubernetes/objects/disruption-budget.ts";
import type { PartialObject } from "../kubernetes/objects/metadata.ts";
import type { ServiceObject } from "../kubernetes/objects/service.ts";
import type { LiveService } from "./live-service.ts";
import { differs, notDescribed, type Remark } from "./remark.ts";
import { describeService } from "./service.ts";

/** What becomes of an object that is not described. */
const kept: Readonly<Record<KindBeside, string>> = {
  HorizontalPodAutoscaler:
    'it stays as it is and goes on scaling stable, whose number of pods the program leaves to it (replicas: "external")',
  PodDisruptionBudget: "it stays as it is, and counts the pods of both tracks from the first release on",
  Service: "it stays as it is, and sends requests to the pods of both tracks that have its labels, at weight 0 too",
};

/** What becomes of one that selects the live pods by labels that those of a release do not have. */
const losesPods: Readonly<Partial<Record<KindBeside, string>>> = {
  PodDisruptionBudget:
    "it stays as it is, and counts no pod of a release, because CanaryService sets a label of its selector itself: change its selector first",
  Service:
    "it stays as it is, and sends no request to a pod of a release, because CanaryService sets a label of its selector itself: change its selector first",
};

/** What is otherwise from the first promotion on, with an object that is described. */
const later: Readonly<Partial<Record<KindBeside, string>>> = {
  PodDisruptionBudget:
    "from the first promotion on it counts the pods of stable alone, and canary gets a budget of its own",
  Service:
    'from the first promotion on it follows the shared Service, so at weight 0 it does not reach canary; give it pods: "all" then if it has to, for example for metrics',
};

/** A live object, and the arguments that may describe it. */
interface Candidate {
  readonly kind: KindBeside;
  readonly object: PartialObject & { readonly spec: object };
  /** The arguments; or why there are none, without a full stop. */
  readonly found: Partial<ServiceArgs> | string;
}

/**
 * The arguments with those for the objects beside the service, and why the others are left as they are.
 *
 * @param args the arguments for the service without them
 */
export function describeBeside(
  live: LiveService,
  args: ServiceArgs,
): { readonly args: ServiceArgs; readonly remarks: readonly Remark[] } {
  let whole = args;
  const remarks = candidates(live).flatMap(({ kind, object, found }): Remark[] => {
    const what = `${kind} ${object.metadata.name}`;
    const stays = (isForRelease(live, args, kind, object) ? undefined : losesPods[kind]) ?? kept[kind];
    if (typeof found === "string") return [notDescribed(what, `${found}; ${stays}`)];
    const next = withArgs(whole, found);
    const why = obstacle(live, next, kind, object);
    if (why !== undefined) return [notDescribed(`${what}${why.field}`, `${why.reason}; ${stays}`)];
    whole = next;
    return later[kind] === undefined ? [] : [differs(what, later[kind])];
  });
  return { args: whole, remarks };
}

function candidates({ deployment, front, services, autoscalers, budgets }: LiveService): Candidate[] {
  const service = deployment.metadata.name;
  const named = <T extends PartialObject>(object: T, describe: () => Partial<ServiceArgs>) => {
    const wanted = deploymentName(service, "stable");
    return object.metadata.name === wanted ? describe() : `the one of a program has the name of the service, ${wanted}`;
  };
  return [
    ...autoscalers.map((object): Candidate => {
      const found =
        autoscalers.length > 1
          ? "another autoscaler scales the same Deployment"
          : named(object, () => ({ autoscaling: horizontalArgs(object) }));
      return { kind: "HorizontalPodAutoscaler", object, found };
    }),
    ...budgets.map((object): Candidate => {
      const found =
        budgets.length > 1
          ? "another budget counts the same pods, which the API server does not evict then"
          : named(object, () => ({ disruptionBudget: budgetArgs(object) }));
      return { kind: "PodDisruptionBudget", object, found };
    }),
    ...services
      .filter((each) => each !== front)
      .map((object): Candidate => {
        const { name } = object.metadata;
        const found = name.startsWith(`${service}-`)
          ? { services: { [name.slice(service.length + 1)]: serviceArgs(object) } }
          : `the further Services of a program are named ${service}-…`;
        return { kind: "Service", object, found };
      }),
  ];
}

/** Whether an object selects the pods of a release, of either track. */
function isForRelease({ deployment }: LiveService, args: ServiceArgs, kind: KindBeside, { spec }: Candidate["object"]) {
  if (kind === "HorizontalPodAutoscaler") return true;
  const { selector } = spec as { readonly selector?: object };
  const pods = labelsOf(deployment.metadata.name, args);
  return ["stable", "canary"].every((track) =>
    selects(kind === "Service" ? { matchLabels: { ...selector } } : selector, { ...pods, track }),
  );
}

function withArgs(args: ServiceArgs, { services, ...found }: Partial<ServiceArgs>): ServiceArgs {
  const { replicas, ...others } = args;
  return {
    ...(found.autoscaling ? others : args),
    ...found,
    ...(services && { services: { ...args.services, ...services } }),
  };
}

/** Why the arguments cannot describe an object; undefined if they can. */
function obstacle(
  { deployment, front }: LiveService,
  args: ServiceArgs,
  kind: KindBeside,
  { metadata, spec }: Candidate["object"],
): { readonly field: string; readonly reason: string } | undefined {
  const service = deployment.metadata.name;
  const owner = otherOwner("it", service, metadata);
  if (owner !== undefined) return { field: "", reason: owner };
  const reference = objectsBeside(service, args).find((each) => each.kind === kind && each.name === metadata.name);
  if (reference === undefined) return { field: "", reason: "no argument makes it" };
  try {
    assertServiceArgs(service, args);
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    return { field: "", reason: clauseOf(error) };
  }
  const selected = { deployment: deployment.spec.selector.matchLabels ?? {}, service: front?.spec.selector ?? {} };
  const other = otherFieldOf(service, args, reference, spec as Readonly<Record<string, unknown>>, selected);
  if (other === undefined) return undefined;
  return { field: `: ${other.field}`, reason: `the argument ${reference.argument} cannot say it as it is` };
}

/** The CPU time as the first metric has a short form. */
function horizontalArgs({ spec: { minReplicas = 1, maxReplicas, metrics = [], behavior } }: AutoscalerObject) {
  const [first, ...others] = metrics;
  const cpu = (first as Partial<ReturnType<typeof cpuMetric>> | undefined)?.resource?.target?.averageUtilization;
  const isShort = cpu !== undefined && isDeepStrictEqual(first, cpuMetric(cpu));
  const rest = isShort ? others : metrics;
  const args: HorizontalArgs = {
    ...(minReplicas !== 1 && { minReplicas }),
    maxReplicas,
    ...(isShort && { cpu: `${cpu}%` }),
    ...(rest.length > 0 && { metrics: rest as NonNullable<HorizontalArgs["metrics"]> }),
    ...(behavior && { behavior }),
  };
  return args;
}

function budgetArgs({ spec: { maxUnavailable, minAvailable, unhealthyPodEvictionPolicy } }: DisruptionBudgetObject) {
  const args: DisruptionBudgetArgs = {
    ...(maxUnavailable !== undefined && { maxUnavailable }),
    ...(minAvailable !== undefined && { minAvailable }),
    ...(unhealthyPodEvictionPolicy && { unhealthyPodEvictionPolicy }),
  };
  return args;
}

function serviceArgs(service: ServiceObject): AdditionalServiceArgs {
  const { ports, serviceSpec, serviceAnnotations } = describeService(service).args;
  return { ports, ...(serviceSpec && { serviceSpec }), ...(serviceAnnotations && { annotations: serviceAnnotations }) };
}
