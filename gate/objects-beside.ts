/** Reads the objects beside a service that an adoption takes over with it. */

import { objectsBeside } from "../components/objects-beside.ts";
import { type ServiceArgs, tracksOf } from "../components/service-args.ts";
import { listPath, objectPath } from "../kubernetes/resources.ts";
import type { ServiceHandle } from "../kubernetes/service-handle.ts";
import { unlessForbidden } from "../kubernetes/unless-forbidden.ts";
import type { Live } from "../live/live.ts";

/**
 * The live objects beside a service that this stack describes, and the disruption budgets beside its own, as far as they may be listed.
 */
export async function readBeside(
  { api, namespace, service }: ServiceHandle,
  args: ServiceArgs,
): Promise<Required<Pick<Live, "beside" | "budgets">>> {
  const hasBudget = args.disruptionBudget !== undefined && tracksOf(args).includes("stable");
  const listed = hasBudget ? unlessForbidden(api.list(listPath("PodDisruptionBudget", namespace)), []) : [];
  const all = objectsBeside(service, args).map(async (reference) => {
    const { kind, name } = reference;
    const found = await api.get(objectPath(kind, namespace, name));
    return found ? [{ ...found, ...reference }] : [];
  });
  const [budgets, found] = await Promise.all([listed, Promise.all(all)]);
  return { beside: found.flat(), budgets };
}
