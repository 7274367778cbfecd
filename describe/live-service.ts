/** The live objects of a service that no program of ours has made, and which of a namespace's objects they are. Pure. */

import { hasLabels, selects } from "../components/label-selector.ts";
import type { AutoscalerObject } from "../kubernetes/objects/autoscaler.ts";
import type { DeploymentObject } from "../kubernetes/objects/deployment.ts";
import type { DisruptionBudgetObject } from "../kubernetes/objects/disruption-budget.ts";
import type { IngressObject } from "../kubernetes/objects/ingress.ts";
import type { RouteObject } from "../kubernetes/objects/route.ts";
import type { ServiceObject } from "../kubernetes/objects/service.ts";

/** Objects of a namespace, or those of one service. */
export interface Objects {
  readonly services: readonly ServiceObject[];
  readonly ingresses: readonly IngressObject[];
  readonly routes: readonly RouteObject[];
  readonly autoscalers: readonly AutoscalerObject[];
  readonly budgets: readonly DisruptionBudgetObject[];
}

/** A Deployment with the objects that select its pods, lead to its Services or scale it. */
export interface LiveService extends Objects {
  readonly deployment: DeploymentObject;
  /** The Service in front of both tracks later: the one with the name of the Deployment, else one that users reach, else the first. */
  readonly front: ServiceObject | undefined;
}

/** The objects of a namespace that belong to a Deployment. */
export function liveServiceOf(deployment: DeploymentObject, all: Objects): LiveService {
  const pods = deployment.spec.template.metadata.labels ?? {};
  const services = all.services.filter(({ spec }) => isSelected(pods, spec.selector));
  const names = services.map(({ metadata }) => metadata.name);
  const leadsTo = (targets: readonly string[]) => targets.some((name) => names.includes(name));
  const ingresses = all.ingresses.filter((ingress) => leadsTo(targetsOfIngress(ingress)));
  const routes = all.routes.filter((route) => leadsTo(targetsOfRoute(route)));
  const reached = new Set([...ingresses.flatMap(targetsOfIngress), ...routes.flatMap(targetsOfRoute)]);
  const front =
    services.find(({ metadata }) => metadata.name === deployment.metadata.name) ??
    services.find(({ metadata }) => reached.has(metadata.name)) ??
    services[0];
  return {
    deployment,
    front,
    services,
    ingresses,
    routes,
    autoscalers: all.autoscalers.filter(({ spec: { scaleTargetRef: target } }) => {
      return target.kind === "Deployment" && target.name === deployment.metadata.name;
    }),
    budgets: all.budgets.filter(({ spec: { selector } }) => selects(selector, pods)),
  };
}

type Labels = Readonly<Record<string, string>>;

function isSelected(labels: Labels, selector: Labels = {}): boolean {
  return Object.keys(selector).length > 0 && hasLabels(labels, selector);
}

function targetsOfIngress({ spec = {} }: IngressObject): string[] {
  const paths = (spec.rules ?? []).flatMap(({ http }) => http?.paths ?? []);
  const backends = [spec.defaultBackend, ...paths.map(({ backend }) => backend)];
  return backends.flatMap((backend) => backend?.service?.name ?? []);
}

function targetsOfRoute({ spec }: RouteObject): string[] {
  return (spec.rules ?? []).flatMap(({ backendRefs = [] }) => backendRefs.map(({ name }) => name));
}
