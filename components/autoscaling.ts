/** The arguments of stable's autoscaler, and what they say about stable's number of pods. */
import type { types } from "@pulumi/kubernetes";
import type { Unwrap } from "@pulumi/pulumi";
import * as v from "valibot";
import { deploymentName } from "./names.ts";
import type { ObjectReference } from "./object-reference.ts";
import { checked, plainObject, wholeNumber } from "./schema.ts";
import { type Percent, percentOf } from "./units.ts";

type HorizontalSpec = Unwrap<types.input.autoscaling.v2.HorizontalPodAutoscalerSpec>;

/**
 * A HorizontalPodAutoscaler of stable (autoscaling/v2). Its fields are those of the API, beside the short form `cpu`.
 *
 * @example
 * ```ts
 * const autoscaling: HorizontalArgs = { minReplicas: 3, maxReplicas: 20, cpu: "70%" };
 * ```
 */
export interface HorizontalArgs {
  /** The fewest pods of stable. @default 1 */
  readonly minReplicas?: number;
  /** The most pods of stable. A canary behind a gateway never has more either. */
  readonly maxReplicas: number;
  /**
   * The CPU time that stable's pods use on average, in percent of what their containers request. It becomes the first metric.
   * @default 80 % if there are no `metrics` either (the API's own default)
   */
  readonly cpu?: Percent;
  /** What it scales by, as in the API. @default the CPU time alone */
  readonly metrics?: HorizontalSpec["metrics"];
  /** How fast it scales, as in the API. @default the API's own */
  readonly behavior?: HorizontalSpec["behavior"];
}

/**
 * A ScaledObject of KEDA for stable (keda.sh/v1alpha1). Its fields are those of the API. CanaryService sets `scaleTargetRef`, except its
 * `envSourceContainerName`.
 *
 * @example
 * ```ts
 * const autoscaling: KedaArgs = { keda: { maxReplicaCount: 20, triggers: [{ type: "cpu", metricType: "Utilization", metadata: { value: "70" } }] } };
 * ```
 */
export interface KedaArgs {
  /** Its spec, with what KEDA scales by in `triggers`. */
  readonly keda: ScaledObjectSpec;
}

/**
 * The spec of a ScaledObject, without its `scaleTargetRef`. Every field of the API can be given.
 *
 * @example const spec: ScaledObjectSpec = { triggers: [{ type: "cron", metadata: {} }] };
 */
export interface ScaledObjectSpec {
  /** What KEDA scales by, as in the API. */
  readonly triggers: readonly object[];
  /** The fewest pods of stable. At least 1, because stable always serves. @default 1; the API's own default is 0 */
  readonly minReplicaCount?: number;
  /** The most pods of stable. @default 100 (the API's own default) */
  readonly maxReplicaCount?: number;
  /** The pods of stable while no trigger is active. At least 1, because stable always serves. @default minReplicaCount */
  readonly idleReplicaCount?: number;
  readonly [field: string]: unknown;
}

/** The autoscaler of stable. @example const autoscaling: AutoscalingArgs = { minReplicas: 3, maxReplicas: 20, cpu: "70%" }; */
export type AutoscalingArgs = HorizontalArgs | KedaArgs;

/** The arguments of a service that say how many pods stable has. */
export interface StableSize {
  readonly replicas?: number | "external";
  readonly autoscaling?: AutoscalingArgs;
}

const cpuMessage = 'must be a whole percentage of at least 1, or a text such as "70%"';
const list = (message: string) => v.pipe(v.array(plainObject(), message), v.nonEmpty(message));
const horizontal = v.pipe(
  v.strictObject({
    minReplicas: v.optional(wholeNumber(1)),
    maxReplicas: wholeNumber(1),
    cpu: v.optional(v.custom<Percent>((input) => isPercent(input), cpuMessage)),
    metrics: v.optional(list("must be a list of metrics, as in autoscaling/v2")),
    behavior: v.optional(plainObject()),
  }),
  checked(({ minReplicas = 1, maxReplicas }) =>
    minReplicas > maxReplicas
      ? { at: ["maxReplicas"], message: `must be at least minReplicas (${minReplicas})` }
      : undefined,
  ),
);
const keda = v.strictObject({
  keda: v.pipe(
    v.looseObject({
      triggers: list("must be a list of at least one trigger"),
      minReplicaCount: v.optional(wholeNumber(1)),
      maxReplicaCount: v.optional(wholeNumber(1)),
      idleReplicaCount: v.optional(wholeNumber(1)),
      scaleTargetRef: v.optional(
        v.pipe(
          plainObject(),
          checked((target) => {
            const own = ["apiVersion", "kind", "name"].find((field) => field in target);
            return own === undefined
              ? undefined
              : { at: [own], message: "it is always stable's Deployment, so remove it" };
          }),
        ),
      ),
    }),
    checked(({ minReplicaCount = leastByKeda, maxReplicaCount = mostByKeda }) =>
      minReplicaCount > maxReplicaCount
        ? { at: ["minReplicaCount"], message: `must be at most maxReplicaCount (${maxReplicaCount})` }
        : undefined,
    ),
  ),
});

/** KEDA's own default is 0. */
const leastByKeda = 1;
/** KEDA's own default. */
const mostByKeda = 100;

/** The schema of {@link AutoscalingArgs}. */
export const autoscalingSchema = v.lazy((input) =>
  typeof input === "object" && input !== null && "keda" in input ? keda : horizontal,
);

/** Whether an autoscaler owns stable's number of pods. @example isScaled({ replicas: "external" }) // true */
export function isScaled({ replicas, autoscaling }: StableSize): boolean {
  return autoscaling !== undefined || replicas === "external";
}

/** What is wrong with the arguments together; undefined if nothing is. @example sizeFault({ replicas: 9 }) // undefined */
export function sizeFault({ replicas, autoscaling }: StableSize): string | undefined {
  if (autoscaling === undefined && replicas === undefined)
    return "replicas is missing: set it, or set autoscaling if an autoscaler sets the number of stable pods";
  return autoscaling !== undefined && typeof replicas === "number"
    ? `replicas is ${replicas}, and autoscaling sets the number of stable pods: remove one of them`
    : undefined;
}

/**
 * The number of stable pods in the program; undefined if an autoscaler owns it.
 *
 * @example fixedReplicas({ replicas: 9 }) // 9
 */
export function fixedReplicas(size: StableSize): number | undefined {
  return isScaled(size) ? undefined : (size.replicas as number);
}

/**
 * The fewest and the most pods that stable's autoscaler sets, as far as the program knows them.
 *
 * @example boundsOf({ minReplicas: 3, maxReplicas: 20 }) // { least: 3, most: 20 }
 */
export function boundsOf(autoscaling: AutoscalingArgs | undefined): { readonly least: number; readonly most?: number } {
  if (autoscaling === undefined) return { least: 1 };
  if (!("keda" in autoscaling)) return { least: autoscaling.minReplicas ?? 1, most: autoscaling.maxReplicas };
  const { minReplicaCount = leastByKeda, maxReplicaCount = mostByKeda } = autoscaling.keda;
  return { least: minReplicaCount, most: maxReplicaCount };
}

/** The kinds of autoscalers. */
export const autoscalerKinds = ["HorizontalPodAutoscaler", "ScaledObject"] as const;
/** One of {@link autoscalerKinds}. */
export type AutoscalerKind = (typeof autoscalerKinds)[number];

/** The kind of autoscaler that the arguments describe. @example autoscalerKind({ maxReplicas: 20 }) // "HorizontalPodAutoscaler" */
export function autoscalerKind(autoscaling: AutoscalingArgs): AutoscalerKind {
  return "keda" in autoscaling ? "ScaledObject" : "HorizontalPodAutoscaler";
}

/**
 * The autoscaler of a service; it has the name of stable's Deployment.
 *
 * @example autoscalerReference("web", { maxReplicas: 20 }) // { kind: "HorizontalPodAutoscaler", name: "web" }
 */
export function autoscalerReference(
  service: string,
  autoscaling: AutoscalingArgs,
): ObjectReference & { kind: AutoscalerKind } {
  return { kind: autoscalerKind(autoscaling), name: deploymentName(service, "stable") };
}

/**
 * The spec of the HorizontalPodAutoscaler of stable, as it is sent to the API server.
 *
 * @param deployment name of stable's Deployment
 * @example horizontalSpec("web", { maxReplicas: 20 }).scaleTargetRef.name // "web"
 */
export function horizontalSpec(deployment: string, { cpu, metrics = [], ...given }: HorizontalArgs) {
  const all = [...(cpu === undefined ? [] : [cpuMetric(percentOf(cpu))]), ...metrics];
  return { ...given, ...(all.length > 0 && { metrics: all }), scaleTargetRef: scaleTarget(deployment) };
}

/**
 * The metric of the CPU time, in percent of what the containers request.
 *
 * @example cpuMetric(70).resource.target.averageUtilization // 70
 */
export function cpuMetric(averageUtilization: number) {
  return { type: "Resource", resource: { name: "cpu", target: { type: "Utilization", averageUtilization } } };
}

/** The reference of an autoscaler to a Deployment. @example scaleTarget("web").kind // "Deployment" */
export function scaleTarget(deployment: string) {
  return { apiVersion: "apps/v1", kind: "Deployment", name: deployment };
}

function isPercent(input: unknown): boolean {
  const percent = typeof input === "number" || typeof input === "string" ? percentOf(input as Percent) : Number.NaN;
  return Number.isInteger(percent) && percent >= 1;
}
