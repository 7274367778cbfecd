/** Renders a release: a pod template and its config files, identified by a hash of their content. */
import type { types } from "@pulumi/kubernetes";
import type { Unwrap } from "@pulumi/pulumi";
import { contentHash } from "./canonical.ts";
import type { FileSet, Files } from "./config-files.ts";
import { type Compat, defaults, templateDefaults } from "./defaults.ts";
import { fileSetsOf } from "./file-sets.ts";
import { namesOneBuild } from "./image.ts";
import type { Port } from "./port.ts";
import { releaseIdDigits } from "./release-id.ts";
import type { SecretArgs } from "./secret-args.ts";
import { withSecretNames } from "./secret-references.ts";
import { accountNameOf, type ServiceAccountArgs } from "./service-account-args.ts";
import { isWorker } from "./traffic/worker/args.ts";
import type { Track } from "./traffic.ts";
import { UserError } from "./user-error.ts";

/**
 * A container of the Kubernetes API (core/v1 Container). All values are constants, because a release contains no Outputs.
 *
 * @example
 * ```ts
 * const container: Container = { name: "web", image: "registry.example.com/web:1.2", readinessProbe: { httpGet: { path: "/healthz", port: 8080 } } };
 * ```
 */
export type Container = Unwrap<types.input.core.v1.Container>;
/**
 * A pod spec of the Kubernetes API (core/v1 PodSpec). All values are constants.
 *
 * @example
 * ```ts
 * const spec: PodSpec = { containers: [container], serviceAccountName: "web" };
 * ```
 */
export type PodSpec = Unwrap<types.input.core.v1.PodSpec>;

/**
 * A pod template without the labels `track` and `release`, which are added when it is deployed.
 *
 * @example
 * ```ts
 * const template: PodTemplate = { metadata: { labels: { app: "web" } }, spec: { containers: [container] } };
 * ```
 */
export interface PodTemplate {
  readonly metadata: { readonly labels: Record<string, string>; readonly annotations?: Record<string, string> };
  readonly spec: PodSpec;
}

/**
 * An immutable, content-addressed release: one pod template and the config files that it mounts. Plain JSON.
 *
 * @example
 * ```ts
 * const release: Release | undefined = rollout.releases.canary;
 * ```
 */
export interface Release {
  /** The first 12 hex digits of the SHA-256 of the canonical JSON of the other fields. */
  readonly id: string;
  readonly template: PodTemplate;
  /** The files by the name of their ConfigMap. */
  readonly configMaps: Record<string, Files>;
}

/**
 * The arguments that a release is rendered from.
 *
 * @example
 * ```ts
 * const args: ReleaseArgs = { containers: [container], configFiles: { config: { files: { "a.conf": "" }, mountPath: "/etc/web" } } };
 * ```
 */
export interface ReleaseArgs {
  /**
   * The containers of the pod. The first one is the service itself and must have a readinessProbe, because without one a pod
   * is ready before it can answer. A container without a preStop gets `preStop: { sleep: { seconds: 5 } }`, but not that of a worker,
   * which should stop taking work at once. Every image needs a digest, or a tag other than `latest`.
   */
  readonly containers: readonly Container[];
  /**
   * Why the containers of a worker (`ports: []`) have no readinessProbe, as a sentence. Then a pod is ready as soon as it runs. The
   * Deployments have it in an annotation.
   * @default the first container must have one
   */
  readonly noReadiness?: string;
  /**
   * Supporting containers, such as a log agent or a proxy. They run as native sidecars (KEP-753), which start before the
   * containers and stop after them. @default none
   */
  readonly sidecars?: readonly Container[];
  /** Config files, or environment variables, by set name. Each set becomes one immutable ConfigMap. @default none */
  readonly configFiles?: Record<string, FileSet>;
  /**
   * Secrets that CanaryService creates, by the names with which containers and volumes refer to them. Such a name takes precedence over an
   * existing Secret of the same name. A name that is not here is that of an existing Secret. @default none
   */
  readonly secrets?: Readonly<Record<string, SecretArgs>>;
  /** Volumes of the pod, in addition to those of `configFiles` and of `pod`. @default none */
  readonly volumes?: PodSpec["volumes"];
  /**
   * A ServiceAccount for the pods, owned by the stack of canary. Use `pod.serviceAccountName` for one that exists already.
   * @default none; the pods run as `pod.serviceAccountName`, else as `default`
   */
  readonly serviceAccount?: ServiceAccountArgs;
  /** Annotations of the pods, for example `prometheus.io/port`. @default none */
  readonly podAnnotations?: Record<string, string>;
  /**
   * All other fields of the pod spec, such as serviceAccountName, nodeSelector, affinity and initContainers. The init containers run in
   * the order given, before `sidecars`; one with `restartPolicy: "Always"` is a native sidecar. @default none
   */
  readonly pod?: Omit<PodSpec, "containers">;
  /** Seconds that a pod has to finish its requests before it is killed; more than 5. @default 90 */
  readonly terminationGracePeriodSeconds?: number;
  /**
   * The defaults of the pod template, by the month in which they were introduced. A new version of this package never changes those of
   * a month, so its installation rolls no pods. A later month is taken over with the next release. @default 2026-11, in every version
   */
  readonly compat?: Compat;
}

/**
 * Renders a release from its arguments. The same arguments give the same id on every machine.
 *
 * @param service name of the service, the prefix of the ConfigMaps' names
 * @param labels labels of every pod of the service
 * @param secretNames the name in the cluster of each Secret of the arguments (secret-content.ts). @default the names stay as they are
 * @throws UserError if an argument is invalid
 * @example
 * ```ts
 * const { id } = renderRelease("web", { app: "web" }, {
 *   containers: [{ name: "web", image: "web:1", readinessProbe: { httpGet: { path: "/healthz", port: 8080 } } }],
 * });
 * ```
 */
export function renderRelease(
  service: string,
  labels: Record<string, string>,
  args: ReleaseArgs & { readonly ports?: readonly Port[] },
  secretNames: Readonly<Record<string, string>> = {},
): Release {
  assertContainers(service, args);
  const { initContainers: _, volumes: podVolumes = [], ...pod } = args.pod ?? {};
  const initContainers = initContainersOf(args);
  const {
    configMaps,
    volumes: ofFiles,
    filled,
  } = fileSetsOf(
    service,
    args.configFiles ?? {},
    describedContainers(args).map((container) => container.name),
  );
  const volumes = [...(args.volumes ?? []), ...podVolumes, ...ofFiles];
  const duplicate = volumes.find((volume, i) => volumes.findIndex((other) => other.name === volume.name) !== i);
  if (duplicate)
    throw new UserError(
      `${service}: two volumes have the name "${duplicate.name}": rename the file set or the volume.`,
    );
  const account = accountOf(service, args);
  const described = plain({
    metadata: { labels, ...(args.podAnnotations && { annotations: args.podAnnotations }) },
    spec: {
      ...pod,
      ...(account !== undefined && { serviceAccountName: account }),
      terminationGracePeriodSeconds: graceSecondsOf(service, args),
      ...(initContainers.length > 0 && { initContainers: initContainers.map(filled) }),
      // No proxy sends to a worker, so it can stop at once.
      containers: args.containers.map((container) =>
        isWorker(args) ? filled(container) : withPreStop(filled(container), templateDefaultsOf(args)),
      ),
      ...(volumes.length && { volumes }),
    },
  });
  const template: PodTemplate = { ...described, spec: withSecretNames(described.spec, secretNames) };
  return { id: releaseId(template, configMaps), template, configMaps };
}

/**
 * The id of a release with this content.
 *
 * @throws UserError if the template is not plain JSON
 * @example releaseId({ metadata: { labels: {} }, spec: { containers: [] } }, {}) // 12 hex digits
 */
export function releaseId(template: PodTemplate, configMaps: Record<string, Files>): string {
  return contentHash({ template, configMaps }, releaseIdDigits, "release");
}

/**
 * The pod template of a track's Deployment: that of the release, with the labels `track` and `release`.
 *
 * @example deployedTemplate(release, "canary").metadata.labels.track // "canary"
 */
export function deployedTemplate({ id, template }: Release, track: Track): PodTemplate {
  const { metadata, spec } = template;
  return { metadata: { ...metadata, labels: { ...metadata.labels, track, release: id } }, spec };
}

/**
 * The names of the ConfigMaps that a pod with this spec mounts, or has as environment variables. It cannot start without them.
 *
 * @example
 * configMapsOf({ volumes: [{ name: "config", configMap: { name: "web-config-0123456789" } }] }) // ["web-config-0123456789"]
 */
export function configMapsOf({ volumes = [], containers = [], initContainers = [] }: ReadingSpec): string[] {
  const sources = [...initContainers, ...containers].flatMap(({ envFrom = [] }) => envFrom);
  const names = [
    ...volumes.map((volume) => volume.configMap?.name),
    ...sources.map((source) => source.configMapRef?.name),
  ];
  return names.filter((name) => name !== undefined);
}

/** The parts of a pod spec that name ConfigMaps. */
interface ReadingSpec extends Pick<PodSpec, "volumes"> {
  readonly containers?: readonly Pick<Container, "envFrom">[] | undefined;
  readonly initContainers?: readonly Pick<Container, "envFrom">[] | undefined;
}

/** Adds a preStop, which keeps the container serving until the proxies have stopped sending to it. */
function withPreStop(container: Container, { preStopSleepSeconds: seconds }: TemplateDefaults): Container {
  if (container.lifecycle?.preStop !== undefined) return container;
  return {
    ...container,
    lifecycle: { ...container.lifecycle, preStop: { sleep: { seconds } } },
  };
}

type TemplateDefaults = (typeof templateDefaults)[Compat];

/** The defaults of a pod template with these arguments. @example templateDefaultsOf({ ...args, compat: "2026-11" }).preStopSleepSeconds // 5 */
export function templateDefaultsOf({ compat = defaults.compat }: Pick<ReleaseArgs, "compat">): TemplateDefaults {
  return templateDefaults[compat];
}

/** Removes `undefined` fields, so that the release is the same before and after it is stored as JSON. */
function plain(template: PodTemplate): PodTemplate {
  contentHash(template, 1, "pod");
  return JSON.parse(JSON.stringify(template));
}

/**
 * All containers of a pod: the service's own, then the init containers, then the sidecars.
 *
 * @example describedContainers({ containers: [web], sidecars: [agent] }).map(({ name }) => name) // ["web", "agent"]
 */
export function describedContainers(args: ReleaseArgs): readonly Container[] {
  return [...args.containers, ...initContainersOf(args)];
}

/**
 * The init containers of a pod in their order: those of `pod`, then the sidecars as native ones (KEP-753).
 *
 * @example initContainersOf({ containers: [web], sidecars: [agent] }) // [{ ...agent, restartPolicy: "Always" }]
 */
export function initContainersOf({ sidecars = [], pod }: ReleaseArgs): readonly Container[] {
  return [...(pod?.initContainers ?? []), ...sidecars.map((sidecar) => ({ ...sidecar, restartPolicy: "Always" }))];
}

/**
 * Seconds that a pod of this service has to finish its requests.
 *
 * @throws UserError if two different numbers are given
 * @example graceSecondsOf("web", { containers: [], terminationGracePeriodSeconds: 90 }) // 90
 */
export function graceSecondsOf(service: string, args: ReleaseArgs): number {
  const { terminationGracePeriodSeconds: own, pod } = args;
  const ofPod = pod?.terminationGracePeriodSeconds;
  if (own !== undefined && ofPod !== undefined && own !== ofPod) {
    throw new UserError(
      `${service}: terminationGracePeriodSeconds is ${own} and pod.terminationGracePeriodSeconds is ${ofPod}: give one of them.`,
    );
  }
  return own ?? ofPod ?? templateDefaultsOf(args).terminationGracePeriodSeconds;
}

function assertContainers(service: string, args: ReleaseArgs): void {
  const [first] = args.containers;
  if (first === undefined)
    throw new UserError(`${service}: containers is empty: give the container of the service itself.`);
  if (first.readinessProbe === undefined && args.noReadiness === undefined) {
    throw new UserError(
      `${service}: container ${first.name} has no readinessProbe: give it one, or a new pod gets requests before it can answer them; a worker (ports: []) may give the reason in noReadiness instead.`,
    );
  }
  if (args.pod && "containers" in args.pod) {
    throw new UserError(
      `${service}: pod.containers would replace the containers: give them in containers or in sidecars.`,
    );
  }
  for (const { name, image = "" } of describedContainers(args)) {
    if (!namesOneBuild(image)) {
      const found = image === "" ? "has no image" : `has the image "${image}"`;
      throw new UserError(
        `${service}: container ${name} ${found}, which does not name one build: use a tag other than "latest", or a digest, so that both tracks run the same bytes.`,
      );
    }
  }
}

/** The name of the ServiceAccount that the arguments describe, if they do. @throws UserError if the pod names another one */
function accountOf(service: string, args: ReleaseArgs): string | undefined {
  const account = accountNameOf(service, args);
  const { serviceAccountName, serviceAccount } = args.pod ?? {};
  const other = [serviceAccountName, serviceAccount].find((name) => name !== undefined && name !== account);
  if (account === undefined || other === undefined) return account;
  throw new UserError(
    `${service}: pod.serviceAccountName is ${other} and serviceAccount creates ${account}: give one of them, or make their names equal.`,
  );
}
