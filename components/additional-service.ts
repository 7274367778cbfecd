/** The Services of a workload beside the shared one. */
import { Service } from "@pulumi/kubernetes/core/v1/service.js";
import type { CustomResourceOptions } from "@pulumi/pulumi";
import { additionalServiceName, followersOf } from "./additional-service-args.ts";
import { frontMetadata, type Written, withoutAwait } from "./front-metadata.ts";
import { resourceNameOf, type ServiceNames } from "./names.ts";
import { ownerAnnotations, sequenceAnnotations } from "./object-annotations.ts";
import { servicePorts } from "./port.ts";
import type { ServiceArgs } from "./service-args.ts";
import { chosenByServer } from "./service-spec.ts";
import type { Traffic } from "./traffic.ts";

/**
 * An additional Service.
 *
 * @param opts the options of the front. Its hooks protect the split of users' requests, so only a Service for users has them
 * @example additionalService(namesOf("web", args), "metrics", args, traffic, { owner, sequence: 0 }, { parent: this })
 */
export function additionalService(
  names: ServiceNames,
  name: string,
  args: ServiceArgs,
  traffic: Pick<Traffic, "selector">,
  written: Written,
  opts: CustomResourceOptions,
): Service {
  const object = additionalServiceObject(names.service, name, args, traffic, written);
  const { hooks, ...others } = opts;
  const isForUsers = followersOf(names.service, args).includes(object.metadata.name);
  return new Service(resourceNameOf(names, object.metadata.name), object, {
    ignoreChanges: chosenByServer(args.services?.[name]?.serviceSpec).map((field) => `spec.${field}`),
    ...others,
    ...(isForUsers && hooks && { hooks }),
  });
}

/**
 * An additional Service as it is sent to the API server.
 *
 * @example
 * additionalServiceObject("web", "metrics", args, { selector: { app: "web" } }, { owner, sequence: 0 }).metadata.name // "web-metrics"
 */
export function additionalServiceObject(
  service: string,
  name: string,
  args: ServiceArgs,
  { selector }: Pick<Traffic, "selector">,
  { owner, sequence }: Written,
) {
  const { ports, pods = "users", serviceSpec, annotations } = args.services?.[name] ?? { ports: [] };
  const selected = { users: selector, all: { app: service } }[pods as string] ?? { app: service, track: pods };
  return {
    metadata: {
      ...frontMetadata(service, additionalServiceName(service, name), args),
      annotations: {
        ...annotations,
        ...withoutAwait,
        ...(pods === "users" && sequenceAnnotations(sequence)),
        ...ownerAnnotations(owner),
      },
    },
    spec: { ...serviceSpec, selector: selected, ports: servicePorts(ports) },
  };
}
