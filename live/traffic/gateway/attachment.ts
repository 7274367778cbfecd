/** Whether the Gateways of a route apply it, by the status that they report. Pure. */

import { oneLine } from "../../../border/foreign-text.ts";
import type { ParentRef, RouteCondition, RouteObject } from "../../../kubernetes/objects/route.ts";

/**
 * Why a Gateway does not apply a route; undefined if it reports that it does.
 *
 * 1. The Gateway reports a status for the route.
 * 2. It has accepted the route's current generation and resolved its backends.
 */
export function whyNotAccepted({ metadata, status }: RouteObject, ref: ParentRef): string | undefined {
  const { namespace, generation = 0 } = metadata;
  const id = ({ name, namespace: home = namespace, sectionName, port }: ParentRef) =>
    JSON.stringify([home, name, sectionName, port]);
  const statuses = (status?.parents ?? []).filter(({ parentRef }) => id(parentRef) === id(ref));
  const reasons = statuses.map(({ conditions = [] }) => {
    const trouble = (type: string) => troubleOf(type, conditions, generation);
    return trouble("Accepted") ?? trouble("ResolvedRefs");
  });
  return reasons.includes(undefined) ? undefined : (reasons[0] ?? "it reports no status for the route");
}

function troubleOf(type: string, conditions: readonly RouteCondition[], generation: number): string | undefined {
  const found = conditions.find((condition) => condition.type === type);
  if (found === undefined) return `it does not report ${type}`;
  // Optional in a condition. If a gateway leaves it out, the condition counts for the current generation.
  if ((found.observedGeneration ?? generation) < generation) return "it has not read the last change yet";
  return found.status === "True"
    ? undefined
    : `${type} is ${oneLine([found.status, found.reason, found.message].filter(Boolean).join(", "))}`;
}

/** Why a Gateway of a route does not apply it, with the name of the Gateway; undefined if all of them do. */
export function whyNotApplied(route: RouteObject): string | undefined {
  const refs = (route.spec.parentRefs ?? []).filter(({ kind = "Gateway" }) => kind === "Gateway");
  const troubles = refs.flatMap((ref) => {
    const why = whyNotAccepted(route, ref);
    return why === undefined ? [] : [`Gateway ${ref.name}: ${why}`];
  });
  return troubles.length === 0 ? undefined : troubles.join("; ");
}
