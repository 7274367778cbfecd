import * as v from "valibot";
import { type AccessArgs, accessSchema } from "./access.ts";
import { defaults } from "./defaults.ts";
import { type GatewayArgs, gatewaySchema } from "./gateway.ts";
import { type PlanArgs, planSchema } from "./plan.ts";
import type { ReleaseArgs } from "./release.ts";
import { mapOf, mustBe, percent, plainObject, wholeNumber } from "./schema.ts";
import { type Track, tracks } from "./traffic.ts";
import { UserError } from "./user-error.ts";

/** A port of the Service. */
export interface Port {
  /** @default `http` for the only port; needed where there are several */
  readonly name?: string;
  /** The port that callers use. */
  readonly port: number;
  /** The container's port, by number or name. @default port */
  readonly targetPort?: number | string;
}

/** A plain Ingress to the shared Service. */
export interface IngressArgs {
  readonly host: string;
  /** @default / */
  readonly path?: string;
  /** Number of the Service's port. @default the first port */
  readonly port?: number;
  /** @default the cluster's default class */
  readonly ingressClassName?: string;
  /** @default none */
  readonly annotations?: Record<string, string>;
  /** Name of the Secret with the certificate for the host. @default no TLS */
  readonly tlsSecretName?: string;
}

/** What a service under gray release is. */
export interface ServiceArgs extends ReleaseArgs {
  /** The namespace, which has to exist. */
  readonly namespace: string;
  /** Labels of every object and pod besides `app`, which is the service's name. @default none */
  readonly labels?: Record<string, string>;
  /** Annotations of the Deployments. @default none */
  readonly annotations?: Record<string, string>;
  /**
   * How the cluster is reached. With a provider of the program's own, the two must lead to one cluster.
   * @default the provider's kubeconfig and context; without one, kubernetes:kubeconfig and kubernetes:context of the
   * configuration, else the environment
   */
  readonly access?: AccessArgs;
  /** The tracks that this stack owns. The stack of canary owns the front too. @default both */
  readonly tracks?: readonly Track[];
  /** Name of the stack that owns canary, asked by a stack that owns stable alone. @default canary */
  readonly canaryStack?: string;
  /** Pods of stable; `external` where an autoscaler owns the number. */
  readonly replicas: number | "external";
  /** Percent of user traffic meant for canary, 0 to 100; 0 is dark. @default 10 */
  readonly weight?: number;
  /** Take the share that the pods can reach, however far it is from the weight. @default false */
  readonly acceptShare?: boolean;
  /** Ports of the Service, the main one first. */
  readonly ports: readonly Port[];
  /** The users' way in, owned by the stack of canary. @default none */
  readonly ingress?: IngressArgs;
  /**
   * The users' way in by the Gateway API, which splits the requests by weight and by rule; owned by the stack of canary.
   * @default traffic by number of pods
   */
  readonly gateway?: GatewayArgs;
  /** How a release is tried before users meet it; the stack of canary leaves it in the cluster. @default no plan */
  readonly plan?: PlanArgs;
  /** A second way in for those who look after the service, owned by the stack of stable. @default none */
  readonly debugIngress?: IngressArgs;
  /**
   * Which release: `next` is the newest one (of canary: the rendered one; of stable: the one that canary runs),
   * `current` keeps what runs, and an id of the history brings that release back with its config files.
   * @default next
   */
  readonly release?: string;
  /** Releases whose ConfigMaps are kept. @default 10 */
  readonly releaseHistoryLimit?: number;
  /** Seconds a new pod must stay ready before it counts. @default 30 */
  readonly minReadySeconds?: number;
  /** Pods above the full number while a track rolls. @default 1 */
  readonly maxSurge?: number;
  /** Pods below the full number while a track rolls. @default 0 */
  readonly maxUnavailable?: number;
  /** Seconds without progress after which a roll has failed; more than minReadySeconds. @default 600 */
  readonly progressDeadlineSeconds?: number;
}

const path = v.pipe(v.string(), v.startsWith("/", "must begin with /"));
const texts = mapOf(v.string());
const port = v.strictObject({
  name: v.optional(v.string()),
  port: wholeNumber(1, 65535),
  targetPort: v.optional(
    v.union([v.string(), wholeNumber(1, 65535)], "must be the name of a port or a whole number from 1 to 65535"),
  ),
});
const ingress = v.strictObject({
  host: v.pipe(v.string(), v.nonEmpty("must not be empty")),
  path: v.optional(path),
  port: v.optional(v.number()),
  ingressClassName: v.optional(v.string()),
  annotations: v.optional(texts),
  tlsSecretName: v.optional(v.string()),
});
/** As RFC 1035 has it, which Services ask for; shorter than 63 so that `-canary` and `-rollout` and a hash still fit. */
const dnsLabel = /^[a-z]([-a-z0-9]{0,38}[a-z0-9])?$/;
/** RFC 1123. */
const namespaceName = /^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/;
const fileSetName = v.pipe(
  v.string(),
  v.regex(dnsLabel, "a file set's name becomes part of a ConfigMap's name, so it must be a DNS label"),
);
const fileName = v.pipe(
  v.string(),
  v.regex(/^[-._a-zA-Z0-9]{1,253}$/, "a file's name may have letters, digits, dashes, dots and underscores"),
);
const fileSet = v.strictObject({
  files: mapOf(v.string(), fileName),
  mountPath: path,
  containers: v.optional(v.array(v.string())),
});
const replicas = 'must be a whole number of at least 1, or "external"';
const schema = v.strictObject({
  containers: v.array(plainObject()),
  sidecars: v.optional(v.array(plainObject())),
  configFiles: v.optional(mapOf(fileSet, fileSetName)),
  volumes: v.optional(v.array(plainObject())),
  podAnnotations: v.optional(texts),
  pod: v.optional(plainObject()),
  terminationGracePeriodSeconds: v.optional(wholeNumber(1)),
  namespace: v.pipe(v.string(), v.regex(namespaceName, "must be a DNS label, like dora-apps")),
  access: v.optional(accessSchema),
  labels: v.optional(texts),
  annotations: v.optional(texts),
  tracks: v.optional(
    v.pipe(v.array(v.picklist(tracks, "must be stable or canary")), v.nonEmpty("must name at least one track")),
  ),
  canaryStack: v.optional(v.pipe(v.string(), v.nonEmpty("must not be empty"))),
  replicas: v.union(
    [
      v.pipe(v.number(), v.safeInteger(replicas), v.minValue(1, "must be at least 1: stable always serves")),
      v.literal("external"),
    ],
    replicas,
  ),
  weight: v.optional(percent),
  acceptShare: v.optional(v.boolean()),
  ports: v.pipe(v.array(port), v.nonEmpty("must have at least one port")),
  ingress: v.optional(ingress),
  gateway: v.optional(gatewaySchema),
  plan: v.optional(planSchema),
  debugIngress: v.optional(ingress),
  release: v.optional(
    v.pipe(
      v.string(),
      v.regex(/^(next|current|[0-9a-f]{12})$/, "must be next, current or the id of a release (12 hex digits)"),
    ),
  ),
  releaseHistoryLimit: v.optional(wholeNumber(1)),
  minReadySeconds: v.optional(wholeNumber(0)),
  maxSurge: v.optional(wholeNumber(1)),
  maxUnavailable: v.optional(wholeNumber(0)),
  progressDeadlineSeconds: v.optional(wholeNumber(1)),
});

/** Labels that the product gives itself. */
const ownLabels = ["app", "track", "release"];

/**
 * Checks what types cannot say, or what came from a program without types.
 *
 * @throws Refusal naming the argument, what it is and what is allowed
 */
export function assertServiceArgs(service: string, args: ServiceArgs): void {
  if (!dnsLabel.test(service)) {
    throw new UserError(
      `The service name "${service}" is no DNS label: use at most 40 lower-case letters, digits and dashes, like fop-gate.`,
    );
  }
  const { issues } = v.safeParse(schema, args, { message: mustBe });
  if (issues) throw new UserError(`${service}: ${sentence(issues[0])}.`);
  for (const field of ["labels", "annotations", "podAnnotations"] as const) {
    const isOwn = (key: string) => key.startsWith("gray-release/") || (field === "labels" && ownLabels.includes(key));
    const taken = Object.keys(args[field] ?? {}).find(isOwn);
    if (taken !== undefined)
      throw new UserError(`${service}: ${field}.${taken} is given by CanaryService itself: take it out of ${field}.`);
  }
  const { minReadySeconds = defaults.minReadySeconds, progressDeadlineSeconds = defaults.progressDeadlineSeconds } =
    args;
  if (progressDeadlineSeconds <= minReadySeconds) {
    throw new UserError(
      `${service}: progressDeadlineSeconds (${progressDeadlineSeconds}) must exceed minReadySeconds (${minReadySeconds}).`,
    );
  }
  const { terminationGracePeriodSeconds = defaults.terminationGracePeriodSeconds } = args;
  if (terminationGracePeriodSeconds <= defaults.preStopSleepSeconds) {
    throw new UserError(
      `${service}: terminationGracePeriodSeconds (${terminationGracePeriodSeconds}) must exceed the ${defaults.preStopSleepSeconds} s that a pod keeps serving after it was asked to end.`,
    );
  }
  const routes = args.gateway?.routes.map((route, i) => [`gateway.routes.${i}`, route] as const) ?? [];
  const checks = args.plan?.checks?.map((check, i) => [`plan.checks.${i}`, check] as const) ?? [];
  const ways = {
    ingress: args.ingress,
    ...Object.fromEntries([...routes, ...checks]),
    debugIngress: args.debugIngress,
  };
  for (const [which, way] of Object.entries<{ readonly port?: number } | undefined>(ways)) {
    if (way?.port !== undefined && !args.ports.some((each) => each.port === way.port)) {
      const known = args.ports.map((each) => each.port).join(", ");
      throw new UserError(
        `${service}: ${which}.port is ${way.port} and the Service has ${known}: choose one of its ports.`,
      );
    }
  }
  const named = portNames(args);
  const lost = args.ports.findIndex(({ targetPort }) => typeof targetPort === "string" && !named.includes(targetPort));
  if (lost >= 0) {
    throw new UserError(
      `${service}: ports.${lost}.targetPort is ${JSON.stringify(args.ports[lost]?.targetPort)} and the containers have ${named.join(", ") || "no port with a name"}: nobody would answer there, so choose one of theirs.`,
    );
  }
  const names = args.ports.map((each) => each.name);
  if (names.length > 1 && (names.includes(undefined) || new Set(names).size !== names.length)) {
    throw new UserError(`${service}: several ports need a name each that no other has: give ports[].name.`);
  }
}

/** The names of the ports of a pod's containers. */
function portNames({ containers, sidecars = [] }: ServiceArgs): string[] {
  const ports = [...containers, ...sidecars].flatMap(
    (container) => (container as { ports?: readonly { readonly name?: string }[] }).ports ?? [],
  );
  return ports.flatMap(({ name }) => (name === undefined ? [] : [name]));
}

/** The labels of every object and pod of a service. */
export function labelsOf(service: string, args: ServiceArgs): Record<string, string> {
  return { app: service, ...args.labels };
}

/** Number of the Service's port that everything goes to which names none. */
export function mainPort({ ports: [main] }: ServiceArgs): number {
  if (main === undefined) throw new Error("a service has at least one port");
  return main.port;
}

export function tracksOf(args: ServiceArgs): readonly Track[] {
  return tracks.filter((track) => (args.tracks ?? tracks).includes(track));
}

function sentence(issue: v.BaseIssue<unknown>): string {
  const at = v.getDotPath(issue);
  if (issue.expected === "never") return `unknown argument ${at}: correct its name or take it out`;
  if (issue.input === undefined) return `${at} is missing: ${issue.expected === null ? issue.message : "set it"}`;
  // A kubeconfig holds credentials.
  if (at?.startsWith("access")) return `${at} ${issue.message}`;
  if (issue.path?.at(-1)?.origin === "key") return `${at} has a name that is not allowed: ${issue.message}`;
  return `${at} is ${JSON.stringify(issue.input)}: ${issue.message}`;
}
