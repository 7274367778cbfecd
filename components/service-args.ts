/** The arguments of a service under gray release, and their validation. */
import * as v from "valibot";
import { type AccessArgs, accessSchema } from "./access.ts";
import { type AdditionalServiceArgs, additionalServicesSchema } from "./additional-service-args.ts";
import { type AutoscalingArgs, autoscalingSchema, sizeFault } from "./autoscaling.ts";
import { type Compat, defaults, templateDefaults } from "./defaults.ts";
import { type DisruptionBudgetArgs, disruptionBudgetSchema } from "./disruption-budget-args.ts";
import { fileContentMessage, fileSetsSchema } from "./file-sets-schema.ts";
import { type IngressArgs, ingressSchema } from "./ingress.ts";
import { assertUniqueEntries } from "./list-keys.ts";
import { dnsLabel, namesOf } from "./names.ts";
import { outputIn } from "./output-in.ts";
import { type PlanArgs, planSchema } from "./plan.ts";
import { type PodAmount, podAmount } from "./pod-amount.ts";
import { type Port, portSchema } from "./port.ts";
import { adviceFor } from "./refused-arguments.ts";
import { graceSecondsOf, type ReleaseArgs, templateDefaultsOf } from "./release.ts";
import { mapOf, mustBe, plainObject, wholeNumber } from "./schema.ts";
import { secretsSchema } from "./secret-args.ts";
import { serviceAccountSchema } from "./service-account-args.ts";
import { assertServicePorts } from "./service-ports.ts";
import { type ServiceSpec, serviceSpecSchema } from "./service-spec.ts";
import { type GatewayArgs, gatewaySchema } from "./traffic/gateway/args.ts";
import { assertWorker, isWorker } from "./traffic/worker/args.ts";
import { type Track, tracks } from "./traffic.ts";
import { type Percent, percentage } from "./units.ts";
import { UserError } from "./user-error.ts";

/**
 * The arguments of a service under gray release, for `openRollout` and `CanaryService`.
 *
 * @example
 * ```ts
 * const args: ServiceArgs = {
 *   namespace: "dora-apps",
 *   replicas: 9,
 *   ports: [{ port: 80, targetPort: 8080 }],
 *   containers: [{ name: "web", image: "web:1", readinessProbe: { httpGet: { path: "/healthz", port: 8080 } } }],
 * };
 * ```
 */
export interface ServiceArgs extends ReleaseArgs {
  /**
   * The name of the service and of its objects in Kubernetes. Set it if services in several namespaces of one program have the same name,
   * because the name of a resource is unique in a program.
   * @default the name of the resource
   */
  readonly name?: string;
  /** The namespace. It must exist. */
  readonly namespace: string;
  /** Labels of every object and pod, in addition to `app`, `track` and `release`, which CanaryService sets. @default none */
  readonly labels?: Record<string, string>;
  /** Annotations of the Deployments. @default none */
  readonly annotations?: Record<string, string>;
  /**
   * How to reach the cluster. If the program has a provider of its own, both must lead to the same cluster.
   * @default the provider's kubeconfig and context; without a provider, kubernetes:kubeconfig and kubernetes:context of the
   * Pulumi configuration, else the environment
   */
  readonly access?: AccessArgs;
  /** The tracks that this stack owns. The stack that owns canary also owns the front. @default both */
  readonly tracks?: readonly Track[];
  /** Name of the stack that owns canary. A stack that owns only stable reads the outputs of that stack. @default canary */
  readonly canaryStack?: string;
  /**
   * Number of stable pods, at least 1. Use `external` if an autoscaler that CanaryService does not make owns the number. Leave it out
   * with `autoscaling`.
   */
  readonly replicas?: number | "external";
  /**
   * The autoscaler of stable: a HorizontalPodAutoscaler, or a ScaledObject of KEDA. Owned by the stack of stable. No `up` changes the number
   * that it set, and canary follows it while a rollout lasts.
   * @default none
   */
  readonly autoscaling?: AutoscalingArgs;
  /** Percent of user traffic for canary, 0 to 100. At 0 canary is dark. @default "10%" */
  readonly weight?: Percent;
  /** Accept the share that whole pods can reach, even if it is far from the weight. @default false */
  readonly acceptShare?: boolean;
  /**
   * Ports of the Service, the main port first. An empty list describes a worker: it takes its work from elsewhere, such as a queue, and
   * has no Service, Ingress or gateway.
   */
  readonly ports: readonly Port[];
  /**
   * Other fields of the shared Service's spec, such as `type`, `sessionAffinity`, `trafficDistribution` and `externalTrafficPolicy`
   * (core/v1 ServiceSpec). A field that is removed again from the program keeps its live value.
   * @default none
   */
  readonly serviceSpec?: ServiceSpec;
  /** Annotations of the shared Service. @default none */
  readonly serviceAnnotations?: Readonly<Record<string, string>>;
  /**
   * Further Services for the same pods, by name: each becomes the Service `<service>-<name>`, owned by the stack of canary. By default it
   * follows the shared Service at every weight.
   * @default none
   */
  readonly services?: Readonly<Record<string, AdditionalServiceArgs>>;
  /** How many pods of a track may be evicted at once. @default no PodDisruptionBudget */
  readonly disruptionBudget?: DisruptionBudgetArgs;
  /** The Ingress for users, owned by the stack of canary. @default none */
  readonly ingress?: IngressArgs;
  /**
   * Routes of the Gateway API for users, which split the requests by weight and by rule. Owned by the stack of canary.
   * @default traffic by number of pods
   */
  readonly gateway?: GatewayArgs;
  /** The checks and steps of a rollout. The stack of canary stores the checks in the cluster. @default no plan */
  readonly plan?: PlanArgs;
  /** A second Ingress for the operators of the service, owned by the stack of stable. @default none */
  readonly debugIngress?: IngressArgs;
  /**
   * The release to run: `next`, `current` or an id from the release history. `next` is the newest release: for canary the one
   * that these arguments describe, for stable the one that canary runs. `current` keeps the running release. An id restores
   * that release with its config files.
   * @default next
   */
  readonly release?: string;
  /** Number of releases in the history, at least 1. Their ConfigMaps are retained. @default 10 */
  readonly releaseHistoryLimit?: number;
  /** Seconds that a new pod must stay ready before it counts as available. @default 30 */
  readonly minReadySeconds?: number;
  /** Additional pods while a track rolls, at least 1; a percentage is rounded up. @default 1 */
  readonly maxSurge?: PodAmount;
  /** Missing pods while a track rolls; a percentage is rounded down. @default 0 */
  readonly maxUnavailable?: PodAmount;
  /**
   * Seconds that a pod may need from its creation to ready, at most progressDeadlineSeconds. Only the timeout of a roll depends on it.
   * @default what startup probes allow, or twice what live pods needed
   */
  readonly startSeconds?: number;
  /** Seconds without progress after which Kubernetes reports a roll as failed; more than minReadySeconds. @default 600 */
  readonly progressDeadlineSeconds?: number;
}

const compats = Object.keys(templateDefaults) as Compat[];
const texts = mapOf(v.string());
/** RFC 1123. */
const namespaceName = /^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/;
const replicas = 'must be a whole number of at least 1, or "external"';
const schema = v.strictObject({
  name: v.optional(v.string()),
  containers: v.array(plainObject()),
  sidecars: v.optional(v.array(plainObject())),
  configFiles: v.optional(fileSetsSchema),
  secrets: v.optional(secretsSchema),
  volumes: v.optional(v.array(plainObject())),
  serviceAccount: v.optional(serviceAccountSchema),
  podAnnotations: v.optional(texts),
  pod: v.optional(plainObject()),
  terminationGracePeriodSeconds: v.optional(wholeNumber(1)),
  compat: v.optional(v.picklist(compats, `must be ${compats.join(" or ")}, which this version of gray-release knows`)),
  namespace: v.pipe(v.string(), v.regex(namespaceName, "must be a DNS label, like dora-apps")),
  access: v.optional(accessSchema),
  labels: v.optional(texts),
  annotations: v.optional(texts),
  tracks: v.optional(
    v.pipe(v.array(v.picklist(tracks, "must be stable or canary")), v.nonEmpty("must name at least one track")),
  ),
  canaryStack: v.optional(v.pipe(v.string(), v.nonEmpty("must not be empty"))),
  replicas: v.optional(
    v.union(
      [
        v.pipe(v.number(), v.safeInteger(replicas), v.minValue(1, "must be at least 1: stable always serves")),
        v.literal("external"),
      ],
      replicas,
    ),
  ),
  autoscaling: v.optional(autoscalingSchema),
  weight: v.optional(percentage),
  acceptShare: v.optional(v.boolean()),
  serviceSpec: v.optional(serviceSpecSchema(true)),
  serviceAnnotations: v.optional(texts),
  ports: v.array(portSchema),
  noReadiness: v.optional(v.pipe(v.string(), v.regex(/\S/, "must be the reason, as a sentence"))),
  services: v.optional(additionalServicesSchema),
  disruptionBudget: v.optional(disruptionBudgetSchema),
  ingress: v.optional(ingressSchema),
  gateway: v.optional(gatewaySchema),
  plan: v.optional(planSchema),
  debugIngress: v.optional(ingressSchema),
  release: v.optional(
    v.pipe(
      v.string(),
      v.regex(/^(next|current|[0-9a-f]{12})$/, "must be next, current or the id of a release (12 hex digits)"),
    ),
  ),
  releaseHistoryLimit: v.optional(wholeNumber(1)),
  minReadySeconds: v.optional(wholeNumber(0)),
  startSeconds: v.optional(wholeNumber(1)),
  maxSurge: v.optional(podAmount(1)),
  maxUnavailable: v.optional(podAmount(0, 100)),
  progressDeadlineSeconds: v.optional(wholeNumber(1)),
});

/** Labels that CanaryService sets. */
const ownLabels = ["app", "track", "release"];
/** Annotations of Services and Ingresses that CanaryService sets. */
const ownAnnotations = ["pulumi.com/skipAwait", "pulumi.com/patchForce", "pulumi.com/deletionPropagationPolicy"];

/**
 * Checks the arguments at run time: types cannot express every limit, and a JavaScript program has no types.
 *
 * @throws UserError that names the argument, its value and the allowed values
 * @example assertServiceArgs("web", { ...args, replicas: 0 }) // throws "web: replicas is 0: must be at least 1: …"
 */
export function assertServiceArgs(name: string, args: ServiceArgs): void {
  if (outputIn(name) !== undefined) {
    throw new UserError(
      "The name of a CanaryService is an Output, whose value is not known while the program runs: give a constant, or read it from the configuration or a StackReference first.",
    );
  }
  // The values of Secrets may be Outputs (secret-content.ts).
  const output = outputIn(args, (path) => /^secrets\.[^.]*\.data$/.test(path));
  if (output !== undefined) {
    throw new UserError(
      `${name}: ${output || "the whole of its arguments"} is an Output, whose value is not known while the program runs, and a release is identified by its content: give a constant, read it from the configuration or a StackReference first, or put a confidential value into secrets.`,
    );
  }
  const { service } = namesOf(name, args ?? {});
  if (!dnsLabel.test(service)) {
    throw new UserError(
      `The service name "${service}" is not a DNS label: use at most 40 lower-case letters, digits and dashes, like fop-gate.`,
    );
  }
  const { issues } = v.safeParse(schema, args, { message: mustBe });
  if (issues) throw new UserError(`${service}: ${sentence(issues[0])}.`);
  const fault = sizeFault(args);
  if (fault !== undefined) throw new UserError(`${service}: ${fault}.`);
  const { labels, annotations, podAnnotations, serviceAnnotations, ingress, debugIngress, services = {} } = args;
  for (const [field, given, own] of [
    ["labels", labels, ownLabels],
    ["annotations", annotations, []],
    ["podAnnotations", podAnnotations, []],
    ["serviceAnnotations", serviceAnnotations, ownAnnotations],
    ["ingress.annotations", ingress?.annotations, ownAnnotations],
    ["debugIngress.annotations", debugIngress?.annotations, ownAnnotations],
    ["serviceAccount.annotations", args.serviceAccount?.annotations, ownAnnotations],
    ...Object.entries(services).map(
      ([each, { annotations }]) => [`services.${each}.annotations`, annotations, ownAnnotations] as const,
    ),
  ] as const) {
    const isOwn = (key: string) => key.startsWith("gray-release/") || (own as readonly string[]).includes(key);
    const taken = Object.keys(given ?? {}).find(isOwn);
    if (taken !== undefined)
      throw new UserError(`${service}: ${field}.${taken} is set by CanaryService itself: remove it from ${field}.`);
  }
  const { minReadySeconds = defaults.minReadySeconds, progressDeadlineSeconds = defaults.progressDeadlineSeconds } =
    args;
  if (progressDeadlineSeconds <= minReadySeconds) {
    throw new UserError(
      `${service}: progressDeadlineSeconds (${progressDeadlineSeconds}) must exceed minReadySeconds (${minReadySeconds}): raise the one or lower the other.`,
    );
  }
  if (args.startSeconds !== undefined && args.startSeconds > progressDeadlineSeconds) {
    throw new UserError(
      `${service}: startSeconds (${args.startSeconds}) must not exceed progressDeadlineSeconds (${progressDeadlineSeconds}), after which Kubernetes reports the roll as failed: raise progressDeadlineSeconds.`,
    );
  }
  assertWorker(service, args);
  const graceSeconds = graceSecondsOf(service, args);
  const { preStopSleepSeconds } = templateDefaultsOf(args);
  if (!isWorker(args) && graceSeconds <= preStopSleepSeconds) {
    throw new UserError(
      `${service}: terminationGracePeriodSeconds (${graceSeconds}) must exceed the ${preStopSleepSeconds} s that a pod keeps serving after its termination begins: raise it.`,
    );
  }
  assertServicePorts(service, args);
  assertUniqueEntries(service, args);
}

/**
 * The labels of every object and pod of a service.
 *
 * @example labelsOf("web", { ...args, labels: { team: "shop" } }) // { app: "web", team: "shop" }
 */
export function labelsOf(service: string, args: ServiceArgs): Record<string, string> {
  return { app: service, ...args.labels };
}

/**
 * Number of the Service's first port, which routes, Ingresses and checks use by default. A worker has none of them.
 *
 * @example mainPort({ ...args, ports: [{ port: 80 }, { name: "admin", port: 81 }] }) // 80
 */
export function mainPort({ ports: [main] }: ServiceArgs): number {
  if (main === undefined) throw new Error("a worker has no port");
  return main.port;
}

/** The tracks that a stack owns, stable first. @example tracksOf({ ...args, tracks: ["canary"] }) // ["canary"] */
export function tracksOf(args: ServiceArgs): readonly Track[] {
  return tracks.filter((track) => (args.tracks ?? tracks).includes(track));
}

function sentence(issue: v.BaseIssue<unknown>): string {
  const at = v.getDotPath(issue);
  const advice = adviceFor(at ?? "");
  if (issue.expected === "never" && advice !== undefined) return `${at} is no argument of a service: ${advice}`;
  if (issue.expected === "never") return `unknown argument ${at}: correct its name or remove it`;
  if (issue.input === undefined) return `${at} is missing: ${issue.expected === null ? issue.message : "set it"}`;
  if (issue.path?.at(-1)?.origin === "key") return `${at} has a name that is not allowed: ${issue.message}`;
  // No value in the message: a kubeconfig and a Secret contain credentials, and a file may be long.
  const isConfidential = ["access", "secrets"].includes(String(issue.path?.[0]?.key));
  if (isConfidential || issue.message === fileContentMessage) return `${at} ${issue.message}`;
  return `${at} is ${JSON.stringify(issue.input)}: ${issue.message}`;
}
