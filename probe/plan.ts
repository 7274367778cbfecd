import { oneLine } from "../border/foreign-text.ts";
import { type Plan, parsePlan, planName } from "../components/plan.ts";
import { UserError } from "../components/user-error.ts";
import { objectPath } from "../kubernetes/resources.ts";
import type { ServiceHandle } from "../kubernetes/service-handle.ts";

/**
 * Reads the rollout plan that the program wrote into the cluster.
 *
 * @returns undefined if the program declares no plan
 * @throws UserError if the plan cannot be understood
 */
export async function readPlan({ api, namespace, service }: ServiceHandle): Promise<Plan | undefined> {
  const name = planName(service);
  const path = objectPath("ConfigMap", namespace, name);
  const object = await api.get(path);
  if (object === undefined) return undefined;
  try {
    return parsePlan(object.data?.plan ?? "");
  } catch (error) {
    throw new UserError(
      `The plan ${name} in namespace ${namespace} cannot be read (${oneLine((error as Error).message)}): run pulumi up of the stack that owns canary, which writes it again, with the same version of gray-release as this gray.`,
    );
  }
}
