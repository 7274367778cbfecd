import { oneLine } from "../border/foreign-text.ts";
import { pathOf } from "../border/path.ts";
import { type Plan, parsePlan, planName } from "../components/plan.ts";
import { UserError } from "../components/user-error.ts";
import type { Cluster } from "../kubernetes/cluster.ts";

/**
 * The plan that the program left in the cluster; undefined if it declares none.
 *
 * @throws Refusal if it cannot be understood
 */
export async function readPlan(api: Cluster, namespace: string, service: string): Promise<Plan | undefined> {
  const name = planName(service);
  const path = pathOf("api", "v1", "namespaces", namespace, "configmaps", name);
  const object = await api.get<{ data?: Record<string, string> }>(path);
  if (object === undefined) return undefined;
  try {
    return parsePlan(object.data?.plan ?? "");
  } catch (error) {
    throw new UserError(
      `The plan ${name} in namespace ${namespace} cannot be read (${oneLine((error as Error).message)}): run pulumi up --stack canary, which writes it anew, with the version of gray-release that this gray is of.`,
    );
  }
}
