/** The ports on the path of a request: those in HTTPRoutes and Ingresses, of Services, and of pods. */
import { type Declared, isTrack, type KubernetesObject, serviceOf } from "./declared.ts";
import { backendsOf, ingressSpec, isHttpRoute, isIngress, routeSpec } from "./entrances.ts";

/** A port with its name, if it has one. */
export interface Port {
  readonly name: string | undefined;
  readonly number: number;
}

/** An HTTPRoute or an Ingress with the ports that it names. */
export interface NamedPorts {
  readonly object: KubernetesObject;
  readonly to: readonly {
    readonly namespace: string;
    readonly service: string | undefined;
    readonly port: number | string | undefined;
  }[];
}

/**
 * The ports that an HTTPRoute or an Ingress names; undefined of other kinds of objects.
 *
 * @example readNamedPorts(ingress)?.to[0]?.port // 80
 */
export function readNamedPorts(one: Declared): NamedPorts | undefined {
  if (isHttpRoute(one)) {
    return { object: one, to: (routeSpec(one).rules ?? []).flatMap((rule) => backendsOf(rule, one)) };
  }
  if (!isIngress(one)) return undefined;
  const { defaultBackend, rules = [] } = ingressSpec(one);
  const backends = [defaultBackend, ...rules.flatMap(({ http }) => (http?.paths ?? []).map(({ backend }) => backend))];
  const to = backends.flatMap((backend) => {
    if (backend?.service === undefined) return [];
    const { name, port } = backend.service;
    return [{ namespace: one.namespace, service: name, port: port?.number ?? port?.name }];
  });
  return { object: one, to };
}

interface ServiceSpec {
  readonly selector?: Readonly<Record<string, string>>;
  readonly ports?: readonly { readonly name?: string; readonly port: number; readonly targetPort?: number | string }[];
}

/** A Service that belongs to a service under gray release, with its ports. */
export interface ReadService {
  readonly object: KubernetesObject;
  readonly selector: readonly (readonly [label: string, value: string])[];
  readonly ports: readonly (Port & { readonly target: number | string })[];
}

/**
 * The ports of a service's Service; undefined of anything else.
 *
 * @example readServicePorts(one)?.ports[0]?.target // "http"
 */
export function readServicePorts(one: Declared): ReadService | undefined {
  if (one.is !== "object" || one.kind !== "Service" || one.group !== "core" || serviceOf(one) === undefined)
    return undefined;
  const { selector = {}, ports = [] } = (one.fields.spec ?? {}) as ServiceSpec;
  return {
    object: one,
    selector: Object.entries(selector),
    ports: ports.map(({ name, port, targetPort = port }) => ({ name, number: port, target: targetPort })),
  };
}

/** The Deployment of a track, with the labels and ports of its pods. */
export interface ReadTrack {
  readonly object: KubernetesObject;
  readonly labels: Readonly<Record<string, string>>;
  readonly ports: readonly Port[];
}

/**
 * The ports of a track's pods; undefined of anything other than the Deployment of a track.
 *
 * @example readTrackPorts(one)?.ports // [{ name: "http", number: 8080 }]
 */
export function readTrackPorts(one: Declared): ReadTrack | undefined {
  if (!isTrack(one)) return undefined;
  const { metadata, spec } = one.fields.spec?.template ?? {};
  const containers = [...(spec?.containers ?? []), ...(spec?.initContainers ?? [])];
  const ports = containers.flatMap((container) => container.ports ?? []);
  return {
    object: one,
    labels: { ...metadata?.labels },
    ports: ports.map(({ name, containerPort }) => ({ name, number: containerPort })),
  };
}

/**
 * Whether a port with this number or name is among the ports.
 *
 * @example hasPort([{ name: "http", number: 8080 }], "http") // true
 */
export function hasPort(ports: readonly Port[], wanted: number | string | undefined): boolean {
  return wanted !== undefined && ports.some(({ name, number }) => wanted === number || wanted === name);
}

/**
 * The ports as a text for messages, as in `http (8080), 9090`.
 *
 * @example portList([{ name: "http", number: 8080 }, { name: undefined, number: 9090 }]) // "http (8080), 9090"
 */
export function portList(ports: readonly Port[]): string {
  return (
    ports.map(({ name, number }) => (name === undefined ? `${number}` : `${name} (${number})`)).join(", ") || "none"
  );
}
