/** The front of a service: the Services, Ingresses and routes before both tracks. */
import { CustomResource } from "@pulumi/kubernetes/apiextensions/customResource.js";
import { Service } from "@pulumi/kubernetes/core/v1/service.js";
import { Ingress } from "@pulumi/kubernetes/networking/v1/ingress.js";
import type { CustomResourceOptions, Input } from "@pulumi/pulumi";
import { followersAnnotations } from "./additional-service-args.ts";
import { frontMetadata, type Written, withoutAwait } from "./front-metadata.ts";
import { type IngressArgs, ingressSpec } from "./ingress.ts";
import { backendName, resourceNameOf, type ServiceNames } from "./names.ts";
import { ownerAnnotations, sequenceAnnotations } from "./object-annotations.ts";
import { servicePorts } from "./port.ts";
import { mainPort, type ServiceArgs } from "./service-args.ts";
import { chosenByServer } from "./service-spec.ts";
import type { ModeRoute } from "./traffic/mode.ts";
import type { Track, Traffic } from "./traffic.ts";

/**
 * The Service before both tracks. At weight 0 it selects only stable.
 *
 * @example sharedService(namesOf("web", args), args, traffic, { owner, sequence: 0 }, { parent: this })
 */
export function sharedService(
  names: ServiceNames,
  args: ServiceArgs,
  traffic: Traffic,
  { owner, sequence }: Written,
  opts: CustomResourceOptions,
): Service {
  return new Service(names.resource, sharedServiceObject(names.service, args, traffic, { owner, sequence }), {
    ignoreChanges: chosenByServer(args.serviceSpec).map((field) => `spec.${field}`),
    ...opts,
  });
}

/**
 * The shared Service as it is sent to the API server.
 *
 * @example
 * sharedServiceObject("web", args, { selector: { app: "web" } }, { owner, sequence: 0 }).spec.selector // { app: "web" }
 */
export function sharedServiceObject(
  service: string,
  args: ServiceArgs,
  { selector }: Pick<Traffic, "selector">,
  { owner, sequence }: Written,
) {
  const annotations = {
    ...args.serviceAnnotations,
    ...followersAnnotations(service, args),
    ...withoutAwait,
    ...sequenceAnnotations(sequence),
    ...ownerAnnotations(owner),
  };
  return {
    metadata: { ...frontMetadata(service, service, args), annotations },
    spec: { ...args.serviceSpec, selector, ports: servicePorts(args.ports) },
  };
}

/**
 * The Service of one track only. It reaches a dark canary from inside the cluster; gateways route to it.
 *
 * @example trackService(namesOf("web", args), "canary", args, owner, { parent: this })
 */
export function trackService(
  names: ServiceNames,
  track: Track,
  args: ServiceArgs,
  owner: string,
  opts: CustomResourceOptions,
): Service {
  const { service } = names;
  const name = backendName(service, track);
  return new Service(
    resourceNameOf(names, name),
    {
      metadata: { ...frontMetadata(service, name, args), annotations: { ...withoutAwait, ...ownerAnnotations(owner) } },
      // The ports of the nodes are those of the shared Service.
      spec: {
        selector: { app: service, track },
        ports: servicePorts(args.ports).map(({ nodePort: _, ...port }) => port),
      },
    },
    opts,
  );
}

/**
 * An object by which a traffic mode splits users' requests.
 *
 * @param traffic the settings of the mode for the weight
 * @param token secret value of the request header that reaches canary at any weight
 * @example modeRoute(namesOf("web", args), args, route, traffic, token, { owner, sequence: 0 }, { parent: this })
 */
export function modeRoute(
  { service, resource }: ServiceNames,
  args: ServiceArgs,
  route: ModeRoute,
  traffic: Traffic,
  token: Input<string>,
  written: Written,
  opts: CustomResourceOptions,
): CustomResource {
  const { apiVersion, kind, name } = route;
  return new CustomResource(
    // Services in two namespaces may have routes of the same name, and a resource name is unique in a program.
    name === service ? resource : `${resource}:${name}`,
    { apiVersion, kind, ...routeObject(service, args, route, traffic, token, written) },
    opts,
  );
}

/**
 * A route as it is sent to the API server.
 *
 * @throws UserError if it cannot express the user rules
 * @example routeObject("web", args, route, traffic, token, { owner, sequence: 0 })
 */
export function routeObject(
  service: string,
  args: ServiceArgs,
  { name, spec }: ModeRoute,
  traffic: Traffic,
  token: Input<string>,
  { owner, sequence }: Written,
) {
  return {
    metadata: {
      ...frontMetadata(service, name, args),
      annotations: { ...withoutAwait, ...sequenceAnnotations(sequence), ...ownerAnnotations(owner) },
    },
    spec: spec(traffic, token),
  };
}

/**
 * The Ingress object for {@link IngressArgs}.
 *
 * @example serviceIngress("web", namesOf("web", args), args, { host: "shop.example.com" }, owner, { parent: this })
 */
export function serviceIngress(
  name: string,
  names: ServiceNames,
  args: ServiceArgs,
  ingress: IngressArgs,
  owner: string,
  opts: CustomResourceOptions,
): Ingress {
  return new Ingress(resourceNameOf(names, name), ingressObject(name, names.service, args, ingress, owner), opts);
}

/**
 * An Ingress as it is sent to the API server.
 *
 * @example ingressObject("web", "web", args, { host: "shop.example.com" }, owner).metadata.name // "web"
 */
export function ingressObject(name: string, service: string, args: ServiceArgs, ingress: IngressArgs, owner: string) {
  return {
    metadata: {
      ...frontMetadata(service, name, args),
      annotations: { ...ingress.annotations, ...withoutAwait, ...ownerAnnotations(owner) },
    },
    spec: ingressSpec(service, mainPort(args), ingress),
  };
}
