import { CustomResource } from "@pulumi/kubernetes/apiextensions/customResource.js";
import { Service } from "@pulumi/kubernetes/core/v1/service.js";
import { Ingress } from "@pulumi/kubernetes/networking/v1/ingress.js";
import type { CustomResourceOptions, Input } from "@pulumi/pulumi";
import { goesAtOnce } from "./deletion.ts";
import { driven, ownedBy } from "./driven.ts";
import { type GatewayArgs, routeSpec } from "./gateway.ts";
import { backendName, serviceLabel } from "./names.ts";
import { type IngressArgs, labelsOf, mainPort, type ServiceArgs } from "./service-args.ts";
import type { Track, Traffic } from "./traffic.ts";

/** Pulumi would hold `up` for as long as a selected canary pod is not ready; the Deployment is what is waited for. */
const waitsForNothing = { "pulumi.com/skipAwait": "true", ...goesAtOnce };

/** Fields that the API server chooses where nobody else has: a Service that was there before us keeps what it has. */
const chosen = [
  "clusterIP",
  "clusterIPs",
  "internalTrafficPolicy",
  "ipFamilies",
  "ipFamilyPolicy",
  "sessionAffinity",
  "type",
];

/** What an object is written with that is changed past Pulumi too. */
interface Written {
  /** The stack's owner id. */
  readonly owner: string;
  readonly sequence: number;
}

/** The Service in front of both tracks. At weight 0 it selects stable alone. */
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
        annotations: { ...waitsForNothing, ...driven(sequence), ...ownedBy(owner) },
      },
      spec: { selector: traffic.selector, ports: servicePorts(args) },
    },
    { ignoreChanges: chosen.map((field) => `spec.${field}`), ...opts },
  );
}

/** The Service of one track alone: the way to a dark canary from inside the cluster, and what a gateway sends to. */
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
      metadata: { ...metadata(service, name, args), annotations: { ...waitsForNothing, ...ownedBy(owner) } },
      spec: { selector: { app: service, track }, ports: servicePorts(args) },
    },
    opts,
  );
}

/**
 * The HTTPRoutes of a service in gateway mode: the token to canary, the user rules, and the weight for the rest.
 *
 * @param backends weights of the tracks
 * @param token secret value of the header that reaches canary at any weight
 */
export function httpRoutes(
  service: string,
  args: ServiceArgs & { readonly gateway: GatewayArgs },
  backends: Record<Track, number>,
  token: Input<string>,
  { owner, sequence }: Written,
  opts: CustomResourceOptions,
): CustomResource[] {
  const { routes, rules = [] } = args.gateway;
  return routes.map((route) => {
    const name = route.name ?? service;
    const port = route.port ?? mainPort(args);
    return new CustomResource(
      // Two services, in two namespaces, may have routes of one name.
      name === service ? service : `${service}:${name}`,
      {
        apiVersion: "gateway.networking.k8s.io/v1",
        kind: "HTTPRoute",
        metadata: {
          ...metadata(service, name, args),
          annotations: { ...waitsForNothing, ...driven(sequence), ...ownedBy(owner) },
        },
        spec: routeSpec(route, args.namespace, { service, port, token, rules, backends }),
      },
      opts,
    );
  });
}

/** An Ingress to the shared Service. */
export function serviceIngress(
  name: string,
  service: string,
  args: ServiceArgs,
  ingress: IngressArgs,
  owner: string,
  opts: CustomResourceOptions,
): Ingress {
  const annotations = { ...ingress.annotations, ...waitsForNothing, ...ownedBy(owner) };
  return new Ingress(
    name,
    { metadata: { ...metadata(service, name, args), annotations }, spec: ingressSpec(service, args, ingress) },
    opts,
  );
}

/** One host and path to the shared Service. */
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

/** The ports of the Services. */
export function servicePorts(args: ServiceArgs) {
  return args.ports.map(({ name = "http", port, targetPort = port }) => ({ name, port, targetPort }));
}
