/** The table of the traffic modes that have objects of their own in the cluster. */

import type { ModeName } from "../../components/traffic/modes.ts";
import type { ServiceHandle } from "../../kubernetes/service-handle.ts";
import { gateway } from "./gateway/mode.ts";
import type { LiveMode, LiveRoute } from "./mode.ts";

/** The modes with routes. */
export const liveModes: readonly LiveMode[] = [gateway];

/** The mode whose routes are of this kind; undefined if there is none. */
export function modeByRouteKind(wanted: string): LiveMode | undefined {
  return liveModes.find(({ kind }) => kind === wanted);
}

/** The name of the mode that live routes belong to. */
export function modeNameOfRoutes([route]: readonly LiveRoute[]): ModeName {
  return (route && modeByRouteKind(route.kind)?.name) ?? "replicas";
}

/** The live routes of a service, of every mode. Empty if traffic is split by number of pods. */
export async function readAllRoutes(of: ServiceHandle): Promise<readonly LiveRoute[]> {
  return (await Promise.all(liveModes.map((mode) => mode.read(of)))).flat();
}
