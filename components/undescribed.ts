/** The labels and annotations of live objects that a program does not describe, without those that tools and platforms write for themselves. */
import type { AdoptedKind } from "./adopted-release.ts";
import { labelsOf, type ServiceArgs } from "./service-args.ts";

type Labels = Readonly<Record<string, string>>;

/** Prefixes of annotations that tools write for their own use. */
const tools = ["kubectl.kubernetes.io/", "deployment.kubernetes.io/", "meta.helm.sh/", "pulumi.com/", "gray-release/"];
/** Prefixes of annotations that a platform writes on every Deployment. */
const platforms = ["autopilot.gke.io/", "cloud.google.com/", "field.cattle.io/"];

interface Metadata {
  readonly labels?: Labels;
  readonly annotations?: Labels;
}

/**
 * The labels and annotations of an object that are not in the program, without those that tools write for their own use.
 *
 * @example
 * undescribed("Deployment", "web", args, deployment.metadata).labels // labels that the program does not describe
 */
export function undescribed(kind: AdoptedKind, service: string, args: ServiceArgs, metadata: Metadata) {
  const ours = { ...labelsOf(service, args), track: "" };
  return {
    labels: without(metadata.labels, ours),
    annotations: without(metadata.annotations, describedOf(kind, args)),
  };
}

/**
 * The annotations of a live object that a program may describe: without those that tools and platforms write for their own use.
 *
 * @example describableAnnotations({ "kubectl.kubernetes.io/restartedAt": "now", team: "dora" }) // { team: "dora" }
 */
export function describableAnnotations(annotations: Labels = {}): Labels {
  const others = [...tools, ...platforms];
  return Object.fromEntries(Object.entries(annotations).filter(([key]) => !startsWithOne(key, others)));
}

function without(labels: Labels = {}, described: Labels): Labels {
  return Object.fromEntries(
    Object.entries(labels).filter(([key]) => !(key in described) && !startsWithOne(key, tools)),
  );
}

/**
 * The annotations of an object in the program.
 *
 * @example describedOf("Deployment", { ...args, annotations: { team: "dora" } }) // { team: "dora" }
 */
export function describedOf(kind: AdoptedKind, args: ServiceArgs): Labels {
  const { annotations: Deployment, serviceAnnotations: Service, ingress } = args;
  return { Deployment, Service, Ingress: ingress?.annotations }[kind] ?? {};
}

function startsWithOne(key: string, prefixes: readonly string[]): boolean {
  return prefixes.some((prefix) => key.startsWith(prefix));
}
