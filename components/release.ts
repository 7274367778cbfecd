import type { types } from "@pulumi/kubernetes";
import type { Unwrap } from "@pulumi/pulumi";
import { contentHash } from "./canonical.ts";
import { assertFits, configMapName, type FileSet, type Files } from "./config-files.ts";
import { defaults } from "./defaults.ts";
import { releaseIdDigits } from "./release-id.ts";
import type { Track } from "./traffic.ts";
import { UserError } from "./user-error.ts";

/** A container as the Kubernetes API has it (core/v1 Container), in constants: a release holds no Outputs. */
export type Container = Unwrap<types.input.core.v1.Container>;
export type PodSpec = Unwrap<types.input.core.v1.PodSpec>;

/** A pod template without the labels `track` and `release`, which are put on when it is deployed. */
export interface PodTemplate {
  readonly metadata: { readonly labels: Record<string, string>; readonly annotations?: Record<string, string> };
  readonly spec: PodSpec;
}

/** An immutable, content-addressed thing to run: one pod template and the config files it mounts. Plain JSON. */
export interface Release {
  /** The first 12 hex digits of the SHA-256 of the canonical JSON of the rest. */
  readonly id: string;
  readonly template: PodTemplate;
  /** ConfigMap name -> its files. */
  readonly configMaps: Record<string, Files>;
}

/** What a release is rendered from. */
export interface ReleaseArgs {
  /**
   * The containers that serve. The first one is the service itself and must have a readinessProbe: without it a pod
   * counts as ready before it can answer. Each gets `preStop: { sleep: 5 s }` unless it has a preStop of its own.
   */
  readonly containers: readonly Container[];
  /**
   * Containers that help the first ones (a log agent, a proxy). They run as native sidecars (KEP-753): started before
   * the containers and ended after them. @default none
   */
  readonly sidecars?: readonly Container[];
  /** Config files by the name of their set; each set becomes one immutable ConfigMap. @default none */
  readonly configFiles?: Record<string, FileSet>;
  /** Further volumes of the pod; those of `configFiles` are made from them. @default none */
  readonly volumes?: PodSpec["volumes"];
  /** Annotations of the pods, e.g. `prometheus.io/port`. @default none */
  readonly podAnnotations?: Record<string, string>;
  /** Anything else of the pod: serviceAccountName, nodeSelector, affinity ... @default none */
  readonly pod?: Omit<PodSpec, "containers" | "initContainers" | "volumes" | "terminationGracePeriodSeconds">;
  /** Seconds a pod gets to end its requests before it is killed. @default 90 */
  readonly terminationGracePeriodSeconds?: number;
}

/**
 * Renders the release that these arguments describe. Pure: the same arguments give the same id on every machine.
 *
 * @param service the name of the service, which names the ConfigMaps
 * @param labels the labels that every pod of the service carries
 * @throws Refusal if an argument cannot become a release
 */
export function renderRelease(service: string, labels: Record<string, string>, args: ReleaseArgs): Release {
  assertImages(args);
  const configMaps: Record<string, Files> = {};
  const volumes = [...(args.volumes ?? [])];
  const mounts = new Map<string, { name: string; mountPath: string; readOnly: true }[]>();
  for (const [set, { files, mountPath, containers }] of Object.entries(args.configFiles ?? {})) {
    assertFits(set, files);
    const name = configMapName(service, set, files);
    configMaps[name] = files;
    volumes.push({ name: set, configMap: { name } });
    for (const container of containers ?? args.containers.slice(0, 1).map((first) => first.name)) {
      mounts.set(container, [...(mounts.get(container) ?? []), { name: set, mountPath, readOnly: true }]);
    }
  }
  assertMountTargets(mounts.keys(), args);
  const twice = volumes.find((volume, i) => volumes.findIndex((other) => other.name === volume.name) !== i);
  if (twice) throw new UserError(`Two volumes are called "${twice.name}": rename the file set or the volume.`);
  const mounted = (container: Container): Container => {
    const extra = mounts.get(container.name);
    return extra === undefined
      ? container
      : { ...container, volumeMounts: [...(container.volumeMounts ?? []), ...extra] };
  };
  const template: PodTemplate = plain({
    metadata: { labels, ...(args.podAnnotations && { annotations: args.podAnnotations }) },
    spec: {
      ...args.pod,
      terminationGracePeriodSeconds: args.terminationGracePeriodSeconds ?? defaults.terminationGracePeriodSeconds,
      ...(args.sidecars?.length && {
        initContainers: args.sidecars.map((sidecar) => ({ ...mounted(sidecar), restartPolicy: "Always" })),
      }),
      containers: args.containers.map((container) => drained(mounted(container))),
      ...(volumes.length && { volumes }),
    },
  });
  return { id: releaseId(template, configMaps), template, configMaps };
}

/** @throws Refusal if the template is not plain JSON */
export function releaseId(template: PodTemplate, configMaps: Record<string, Files>): string {
  return contentHash({ template, configMaps }, releaseIdDigits, "release");
}

/** The pod template by which a track runs a release: the release's own, with the labels `track` and `release`. */
export function deployedTemplate({ id, template }: Release, track: Track): PodTemplate {
  const { metadata, spec } = template;
  return { metadata: { ...metadata, labels: { ...metadata.labels, track, release: id } }, spec };
}

/** The names of the ConfigMaps that a pod of this spec cannot start without. */
export function configMapsOf(spec: PodSpec): string[] {
  const names = (spec.volumes ?? []).map((volume) => volume.configMap?.name);
  return names.filter((name) => name !== undefined);
}

/** The container with a preStop that keeps it serving until the proxies know that it goes. */
function drained(container: Container): Container {
  if (container.lifecycle?.preStop !== undefined) return container;
  return {
    ...container,
    lifecycle: { ...container.lifecycle, preStop: { sleep: { seconds: defaults.preStopSleepSeconds } } },
  };
}

/** Drops `undefined` fields, so that the release is the same before and after a trip through JSON. */
function plain(template: PodTemplate): PodTemplate {
  contentHash(template, 1, "pod");
  return JSON.parse(JSON.stringify(template));
}

function assertImages(args: ReleaseArgs): void {
  const [first] = args.containers;
  if (first === undefined) throw new UserError("containers is empty: give the container of the service itself.");
  if (first.readinessProbe === undefined) {
    throw new UserError(
      `Container ${first.name} has no readinessProbe: give it one, or a new pod gets requests before it can answer them.`,
    );
  }
  for (const { name, image } of [...args.containers, ...(args.sidecars ?? [])]) {
    const tag = /^[^@]+(?:@sha256:[0-9a-f]{64}|:([A-Za-z0-9_][A-Za-z0-9_.-]{0,127}))$/.exec(image ?? "");
    if (tag === null || tag[1] === "latest") {
      const found = image === undefined || image === "" ? "has no image" : `has the image "${image}"`;
      throw new UserError(
        `Container ${name} ${found}, which does not name one build: use a tag other than "latest", or a digest, so that both tracks run the same bytes.`,
      );
    }
  }
}

function assertMountTargets(targets: Iterable<string>, args: ReleaseArgs): void {
  const known = [...args.containers, ...(args.sidecars ?? [])].map((container) => container.name);
  for (const target of targets) {
    if (!known.includes(target)) {
      throw new UserError(
        `configFiles names the container "${target}", and the pod has ${known.join(", ")}: correct the name.`,
      );
    }
  }
}
