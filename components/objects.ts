/** Lists the Kubernetes objects of a service. */
import { additionalServiceName } from "./additional-service-args.ts";
import { autoscalerReference } from "./autoscaling.ts";
import { backendName, debugIngressName, deploymentName } from "./names.ts";
import type { ObjectReference } from "./object-reference.ts";
import { planName } from "./plan.ts";
import { accountNameOf } from "./service-account-args.ts";
import { type ServiceArgs, tracksOf } from "./service-args.ts";
import { modeOf } from "./traffic/modes.ts";

/**
 * Every object of a service that a stack creates.
 *
 * @param configMaps names of the ConfigMaps that the releases in the history need
 * @param accounts names of the ServiceAccounts that they need beside that of the arguments. @default none
 * @param secrets names of the Secrets of the arguments, and of those that the releases need. @default none
 * @example objectsOf("web", args, [])[0] // { kind: "Deployment", name: "web" }
 */
export function objectsOf(
  service: string,
  args: ServiceArgs,
  configMaps: readonly string[],
  accounts: readonly string[] = [],
  secrets: readonly string[] = [],
): ObjectReference[] {
  const owned = tracksOf(args);
  const account = accountNameOf(service, args);
  const mode = modeOf(args);
  const { trackServices, routes } = mode.objects(service, args);
  const front: ObjectReference[] = [
    ...(mode.hasService ? [{ kind: "Service", name: service } as const] : []),
    ...trackServices.map((track) => ({ kind: "Service", name: backendName(service, track) }) as const),
    ...Object.keys(args.services ?? {}).map(
      (name) => ({ kind: "Service", name: additionalServiceName(service, name) }) as const,
    ),
    ...routes.map(({ kind, name }) => ({ kind, name })),
    ...(args.ingress ? [{ kind: "Ingress", name: service } as const] : []),
    ...(args.plan && mode.hasService ? [{ kind: "ConfigMap", name: planName(service) } as const] : []),
    ...configMaps.map((name) => ({ kind: "ConfigMap", name }) as const),
    ...secrets.map((name) => ({ kind: "Secret", name }) as const),
    ...(account === undefined ? accounts : [account, ...accounts]).map(
      (name) => ({ kind: "ServiceAccount", name }) as const,
    ),
  ];
  return [
    ...owned.map((track) => ({ kind: "Deployment", name: deploymentName(service, track) }) as const),
    ...(args.disruptionBudget ? owned : []).map(
      (track) => ({ kind: "PodDisruptionBudget", name: deploymentName(service, track) }) as const,
    ),
    ...(owned.includes("canary") ? front : []),
    ...(owned.includes("stable") && args.debugIngress
      ? [{ kind: "Ingress", name: debugIngressName(service) } as const]
      : []),
    ...(owned.includes("stable") && args.autoscaling ? [autoscalerReference(service, args.autoscaling)] : []),
  ];
}
