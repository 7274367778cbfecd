/** The labels and annotations of live objects that a program does not describe, without those that tools and platforms write for themselves. */
import { additionalServiceName } from "./additional-service-args.ts";
import type { ObjectReference } from "./object-reference.ts";
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
 * undescribed({ kind: "Deployment", name: "web" }, "web", args, deployment.metadata).labels // labels that the program does not describe
 */
export function undescribed(object: ObjectReference, service: string, args: ServiceArgs, metadata: Metadata) {
  const ours = { ...labelsOf(service, args), track: "" };
  return {
    labels: without(metadata.labels, ours),
    annotations: without(metadata.annotations, describedOf(object, service, args)),
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
 * @example describedOf({ kind: "Deployment", name: "web" }, "web", { ...args, annotations: { team: "dora" } }) // { team: "dora" }
 */
export function describedOf({ kind, name }: ObjectReference, service: string, args: ServiceArgs): Labels {
  const { annotations, serviceAnnotations, services = {}, ingress } = args;
  const ofServices = Object.entries(services).map(
    ([each, { annotations }]) => [additionalServiceName(service, each), annotations] as const,
  );
  const described: { readonly [kind: string]: Labels | undefined } = {
    Deployment: annotations,
    Service: name === service ? serviceAnnotations : new Map(ofServices).get(name),
    Ingress: ingress?.annotations,
  };
  return described[kind] ?? {};
}

function startsWithOne(key: string, prefixes: readonly string[]): boolean {
  return prefixes.some((prefix) => key.startsWith(prefix));
}
