/** The front of a service: the Services, Ingresses and routes before both tracks. */
import { CustomResource } from "@pulumi/kubernetes/apiextensions/customResource.js";
import { Service } from "@pulumi/kubernetes/core/v1/service.js";
import { Ingress } from "@pulumi/kubernetes/networking/v1/ingress.js";
import type { CustomResourceOptions, Input } from "@pulumi/pulumi";
import { backgroundDeletion } from "./deletion.ts";
import { backendName, serviceLabel } from "./names.ts";
import { ownerAnnotations, sequenceAnnotations } from "./object-annotations.ts";
import { type IngressArgs, labelsOf, mainPort, type ServiceArgs } from "./service-args.ts";
import type { ModeRoute } from "./traffic/mode.ts";
import type { Track, Traffic } from "./traffic.ts";

/** `up` waits for the Deployments only. Otherwise it would wait for a Service while any of its canary pods is not ready. */
const withoutAwait = { "pulumi.com/skipAwait": "true", ...backgroundDeletion };

/** Fields that get a default from the API server. An adopted Service keeps its own values. */
const serverDefaults = [
  "clusterIP",
  "clusterIPs",
  "internalTrafficPolicy",
  "ipFamilies",
  "ipFamilyPolicy",
  "sessionAffinity",
  "type",
];

/** The annotation values of an object that is also changed outside Pulumi. */
interface Written {
  /** The stack's owner id. */
  readonly owner: string;
  /** Number of the object's last write (gate/sequence.ts). */
  readonly sequence: number;
}

/**
 * The Service before both tracks. At weight 0 it selects only stable.
 *
 * @example sharedService("web", args, traffic, { owner, sequence: 0 }, { parent: this })
 */
export function sharedService(
  service: string,
  args: ServiceArgs,
  traffic: Traffic,
  { owner, sequence }: Written,
  opts: CustomResourceOptions,
): Service {
  return new Service(
    service,
    {
      metadata: {
        ...metadata(service, service, args),
        annotations: { ...withoutAwait, ...sequenceAnnotations(sequence), ...ownerAnnotations(owner) },
      },
      spec: { selector: traffic.selector, ports: servicePorts(args) },
    },
    { ignoreChanges: serverDefaults.map((field) => `spec.${field}`), ...opts },
  );
}

/**
 * The Service of one track only. It reaches a dark canary from inside the cluster; gateways route to it.
 *
 * @example trackService("web", "canary", args, owner, { parent: this })
 */
export function trackService(
  service: string,
  track: Track,
  args: ServiceArgs,
  owner: string,
  opts: CustomResourceOptions,
): Service {
  const name = backendName(service, track);
  return new Service(
    name,
    {
      metadata: { ...metadata(service, name, args), annotations: { ...withoutAwait, ...ownerAnnotations(owner) } },
      spec: { selector: { app: service, track }, ports: servicePorts(args) },
    },
    opts,
  );
}

/**
 * An object by which a traffic mode splits users' requests.
 *
 * @param traffic the settings of the mode for the weight
 * @param token secret value of the request header that reaches canary at any weight
 * @example modeRoute("web", args, route, traffic, token, { owner, sequence: 0 }, { parent: this })
 */
export function modeRoute(
  service: string,
  args: ServiceArgs,
  { apiVersion, kind, name, spec }: ModeRoute,
  traffic: Traffic,
  token: Input<string>,
  { owner, sequence }: Written,
  opts: CustomResourceOptions,
): CustomResource {
  return new CustomResource(
    // Services in two namespaces may have routes of the same name, and a resource name is unique in a program.
    name === service ? service : `${service}:${name}`,
    {
      apiVersion,
      kind,
      metadata: {
        ...metadata(service, name, args),
        annotations: { ...withoutAwait, ...sequenceAnnotations(sequence), ...ownerAnnotations(owner) },
      },
      spec: spec(traffic, token),
    },
    opts,
  );
}

/**
 * The Ingress object for {@link IngressArgs}.
 *
 * @example serviceIngress("web", "web", args, { host: "shop.example.com" }, owner, { parent: this })
 */
export function serviceIngress(
  name: string,
  service: string,
  args: ServiceArgs,
  ingress: IngressArgs,
  owner: string,
  opts: CustomResourceOptions,
): Ingress {
  const annotations = { ...ingress.annotations, ...withoutAwait, ...ownerAnnotations(owner) };
  return new Ingress(
    name,
    { metadata: { ...metadata(service, name, args), annotations }, spec: ingressSpec(service, args, ingress) },
    opts,
  );
}

/**
 * The spec of an Ingress that routes one host and path to the shared Service.
 *
 * @example ingressSpec("web", args, { host: "shop.example.com" }).rules[0]?.host // "shop.example.com"
 */
export function ingressSpec(service: string, args: ServiceArgs, ingress: IngressArgs) {
  const { host, path = "/", port = mainPort(args), ingressClassName, tlsSecretName } = ingress;
  const backend = { service: { name: service, port: { number: port } } };
  return {
    ...(ingressClassName !== undefined && { ingressClassName }),
    ...(tlsSecretName !== undefined && { tls: [{ hosts: [host], secretName: tlsSecretName }] }),
    rules: [{ host, http: { paths: [{ path, pathType: "Prefix", backend }] } }],
  };
}

function metadata(service: string, name: string, args: ServiceArgs) {
  return { name, namespace: args.namespace, labels: { ...labelsOf(service, args), [serviceLabel]: service } };
}

/**
 * The ports of every Service of a service, with defaults filled in.
 *
 * @example servicePorts({ ...args, ports: [{ port: 80 }] }) // [{ name: "http", port: 80, targetPort: 80 }]
 */
export function servicePorts(args: ServiceArgs) {
  return args.ports.map(({ name = "http", port, targetPort = port }) => ({ name, port, targetPort }));
}
