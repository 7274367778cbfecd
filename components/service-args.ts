import { z } from "zod";
import { defaults } from "./defaults.ts";
import { Refusal } from "./refusal.ts";
import type { ReleaseArgs } from "./release.ts";
import { type Track, tracks } from "./traffic.ts";

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

const port = z.strictObject({
  name: z.string().optional(),
  port: z.int().min(1).max(65535),
  targetPort: z.union([z.string(), z.int().min(1).max(65535)]).optional(),
});
const ingress = z.strictObject({
  host: z.string().min(1),
  path: z.string().startsWith("/").optional(),
  port: z.int().optional(),
  ingressClassName: z.string().optional(),
  annotations: z.record(z.string(), z.string()).optional(),
  tlsSecretName: z.string().optional(),
});
/** As RFC 1035 has it, which Services ask for; shorter than 63 so that `-canary` and `-rollout` and a hash still fit. */
const dnsLabel = /^[a-z]([-a-z0-9]{0,38}[a-z0-9])?$/;
/** RFC 1123. */
const namespaceName = /^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/;
const labels = z.record(z.string(), z.string());
const plainObject = z.record(z.string(), z.unknown());
const schema = z.strictObject({
  containers: z.array(plainObject),
  sidecars: z.array(plainObject).optional(),
  configFiles: z
    .record(
      z.string().regex(dnsLabel, "a file set's name becomes part of a ConfigMap's name, so it must be a DNS label"),
      z.strictObject({
        files: z.record(
          z
            .string()
            .regex(/^[-._a-zA-Z0-9]{1,253}$/, "a file's name may have letters, digits, dashes, dots and underscores"),
          z.string(),
        ),
        mountPath: z.string().startsWith("/"),
        containers: z.array(z.string()).optional(),
      }),
    )
    .optional(),
  volumes: z.array(plainObject).optional(),
  podAnnotations: labels.optional(),
  pod: plainObject.optional(),
  terminationGracePeriodSeconds: z.int().min(1).optional(),
  namespace: z.string().regex(namespaceName, "must be a DNS label, like dora-apps"),
  labels: labels.optional(),
  annotations: labels.optional(),
  tracks: z
    .array(z.enum(["stable", "canary"]))
    .min(1)
    .optional(),
  canaryStack: z.string().min(1).optional(),
  replicas: z.union([z.int().min(1, "must be at least 1: stable always serves"), z.literal("external")]),
  weight: z.number().min(0, "must be 0 to 100").max(100, "must be 0 to 100").optional(),
  acceptShare: z.boolean().optional(),
  ports: z.array(port).min(1),
  ingress: ingress.optional(),
  debugIngress: ingress.optional(),
  release: z
    .string()
    .regex(/^(next|current|[0-9a-f]{12})$/, "must be next, current or the id of a release (12 hex digits)")
    .optional(),
  releaseHistoryLimit: z.int().min(1).optional(),
  minReadySeconds: z.int().min(0).optional(),
  maxSurge: z.int().min(1).optional(),
  maxUnavailable: z.int().min(0).optional(),
  progressDeadlineSeconds: z.int().min(1).optional(),
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
    throw new Refusal(
      `The service name "${service}" is no DNS label: use at most 40 lower-case letters, digits and dashes, like fop-gate.`,
    );
  }
  const parsed = schema.safeParse(args);
  const issue = parsed.error?.issues[0];
  if (issue) throw new Refusal(`${service}: ${sentence(issue, args)}.`);
  const taken = ownLabels.find((label) => args.labels && label in args.labels);
  if (taken) throw new Refusal(`${service}: labels.${taken} is given by CanaryService itself: take it out of labels.`);
  const { minReadySeconds = defaults.minReadySeconds, progressDeadlineSeconds = defaults.progressDeadlineSeconds } =
    args;
  if (progressDeadlineSeconds <= minReadySeconds) {
    throw new Refusal(
      `${service}: progressDeadlineSeconds (${progressDeadlineSeconds}) must exceed minReadySeconds (${minReadySeconds}).`,
    );
  }
  const { terminationGracePeriodSeconds = defaults.terminationGracePeriodSeconds } = args;
  if (terminationGracePeriodSeconds <= defaults.preStopSleepSeconds) {
    throw new Refusal(
      `${service}: terminationGracePeriodSeconds (${terminationGracePeriodSeconds}) must exceed the ${defaults.preStopSleepSeconds} s that a pod keeps serving after it was asked to end.`,
    );
  }
  for (const [which, way] of Object.entries({ ingress: args.ingress, debugIngress: args.debugIngress })) {
    if (way?.port !== undefined && !args.ports.some((each) => each.port === way.port)) {
      const known = args.ports.map((each) => each.port).join(", ");
      throw new Refusal(
        `${service}: ${which}.port is ${way.port} and the Service has ${known}: choose one of its ports.`,
      );
    }
  }
  const names = args.ports.map((each) => each.name);
  if (names.length > 1 && (names.includes(undefined) || new Set(names).size !== names.length)) {
    throw new Refusal(`${service}: several ports need a name each that no other has: give ports[].name.`);
  }
}

/** The labels of every object and pod of a service. */
export function labelsOf(service: string, args: ServiceArgs): Record<string, string> {
  return { app: service, ...args.labels };
}

export function tracksOf(args: ServiceArgs): readonly Track[] {
  return tracks.filter((track) => (args.tracks ?? tracks).includes(track));
}

function sentence(issue: z.core.$ZodIssue, args: ServiceArgs): string {
  const at = issue.path.join(".");
  if (issue.code === "unrecognized_keys") {
    return `unknown argument ${[...issue.path, issue.keys[0]].join(".")}: correct its name or take it out`;
  }
  if (issue.code === "invalid_key") return `${at} has a name that is not allowed: ${issue.issues[0]?.message}`;
  const found = issue.path.reduce<unknown>(
    (value, key) => (value as Record<PropertyKey, unknown> | undefined)?.[key],
    args,
  );
  const wanted = issue.code === "invalid_union" ? 'must be a whole number of at least 1, or "external"' : issue.message;
  return `${at} is ${JSON.stringify(found)}: ${wanted}`;
}
