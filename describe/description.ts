/** Describes a live service by the arguments of CanaryService, and lists what these cannot say. Pure. */

import { assertAdoptable } from "../components/adoption.ts";
import { configMapsOf } from "../components/release.ts";
import type { ServiceArgs } from "../components/service-args.ts";
import { replacementOf } from "../components/traffic/gateway/replaced-route.ts";
import { describableAnnotations } from "../components/undescribed.ts";
import { clauseOf, UserError } from "../components/user-error.ts";
import { describeDeployment } from "./deployment.ts";
import { describeIngress } from "./ingress.ts";
import type { LiveService } from "./live-service.ts";
import { describeBeside } from "./objects-beside.ts";
import { describePod } from "./pod.ts";
import { notDescribed, type Remark } from "./remark.ts";
import { describeService } from "./service.ts";

/** A service by the arguments that its program gives, and what the program says less or otherwise. */
export interface Description {
  readonly service: string;
  /** Without `tracks`, `weight` and `release`, which the stacks set. */
  readonly args: ServiceArgs;
  readonly remarks: readonly Remark[];
  /** Why `gray adopt` would refuse the service, in a sentence; absent if it would not. */
  readonly obstacle?: string;
}

/** Labels that CanaryService sets itself. */
const ownLabels = ["app", "track", "release"];

/**
 * Describes a live service. The pods that the arguments render are the live ones, but for what the remarks say.
 *
 * @param readiness the path of a readinessProbe, if the first container has none
 * @throws UserError if there is no Service in front of the pods
 */
export function describe(live: LiveService, readiness?: string): Description {
  const { deployment, front, autoscalers } = live;
  const { name, namespace, annotations } = deployment.metadata;
  const template = deployment.spec.template;
  if (front === undefined) {
    throw new UserError(
      `No Service in namespace ${namespace} selects the pods of Deployment ${name}: create one of its name first, because users reach both tracks through it, or, if it is a worker, write the program yourself with ports: [] (docs/how-to/workers.md of gray-release).`,
    );
  }
  const [port] = front.spec.ports ?? [];
  if (port === undefined) {
    throw new UserError(`Service ${front.metadata.name} in namespace ${namespace} has no ports: give it one first.`);
  }
  const pod = describePod(template, { targetPort: port.targetPort, readiness });
  const sizes = describeDeployment(deployment, autoscalers.length > 0);
  const shared = describeService(front);
  const labels = Object.entries(template.metadata.labels ?? {}).filter(([key]) => !ownLabels.includes(key));
  const ofDeployment = describableAnnotations(annotations);
  const ingress = frontIngress(live, port.port);
  const routes = frontRoutes(live, port.port);
  const beside = describeBeside(live, {
    namespace,
    ...(labels.length > 0 && { labels: Object.fromEntries(labels) }),
    ...(Object.keys(ofDeployment).length > 0 && { annotations: ofDeployment }),
    ...sizes.args,
    ...pod.args,
    ...shared.args,
    ...ingress.args,
    ...routes.args,
  });
  const { args } = beside;
  const obstacle = obstacleTo(name, args, live);
  return {
    service: name,
    args,
    remarks: [
      ...foreignLabels(name, template.metadata.labels),
      ...sizes.remarks,
      ...pod.remarks,
      ...byReference(args),
      ...shared.remarks,
      ...ingress.remarks,
      ...routes.remarks,
      ...beside.remarks,
    ],
    ...(obstacle !== undefined && { obstacle }),
  };
}

function foreignLabels(service: string, labels: Readonly<Record<string, string>> = {}): Remark[] {
  return ownLabels.flatMap((key) => {
    const value = labels[key];
    if (value === undefined || (key === "app" && value === service)) return [];
    return [
      notDescribed(`label ${key}: ${value} of the pods`, "CanaryService sets this label itself, to another value"),
    ];
  });
}

/** ConfigMaps that the pods mount by a name of their own. */
function byReference(args: ServiceArgs): Remark[] {
  return configMapsOf(args).map((name) => {
    const why = `the pods go on mounting it by this name, so it is no part of a release and a change of it rolls no pod; keep it when you remove what made it, or move its files to configFiles`;
    return notDescribed(`files of ConfigMap ${name}`, why);
  });
}

/** The Ingress of the service's name, and why all others are left as they are. */
function frontIngress({ deployment, front, ingresses }: LiveService, mainPort: number) {
  const { name } = deployment.metadata;
  const remarks: Remark[] = [];
  let args: Pick<ServiceArgs, "ingress"> = {};
  for (const ingress of ingresses) {
    const own = ingress.metadata.name;
    const found = own === name ? describeIngress(ingress, front?.metadata.name ?? "", mainPort) : otherName(name);
    if (typeof found === "string") remarks.push(notDescribed(`Ingress ${own}`, `${found}; it stays as it is`));
    else args = { ingress: found };
  }
  return { args, remarks };
}

/** The HTTPRoutes that one Service has alone, and why all others are left as they are. */
function frontRoutes({ front, routes }: LiveService, mainPort: number) {
  const described = routes.map((route) => ({
    route,
    found: replacementOf(route, front?.metadata.name ?? "", mainPort),
  }));
  const args = described.flatMap(({ found }) => (typeof found === "string" ? [] : [found]));
  const named = args.length > 1 ? args.map((route) => ({ name: front?.metadata.name ?? "", ...route })) : args;
  return {
    args: named.length > 0 ? { gateway: { routes: named } } : {},
    remarks: described.flatMap(({ route, found }) =>
      typeof found === "string"
        ? [notDescribed(`HTTPRoute ${route.metadata.name}`, `${found}; it stays as it is`)]
        : [],
    ),
  };
}

function otherName(service: string): string {
  return `the Ingress of a program has the name of the service, ${service}`;
}

function obstacleTo(
  service: string,
  args: ServiceArgs,
  { deployment, front, ingresses, routes }: LiveService,
): string | undefined {
  const named = <T extends { readonly metadata: { readonly name: string } }>(object: T | undefined) =>
    object?.metadata.name === service ? object : undefined;
  try {
    const ingress = ingresses.find(named);
    assertAdoptable(service, args, { deployment, service: named(front), ingress, routes });
    return undefined;
  } catch (error) {
    return `${clauseOf(error)}.`;
  }
}
