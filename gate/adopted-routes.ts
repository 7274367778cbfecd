/** The HTTPRoutes of an adopted service: they lead to the shared Service until the first promotion, then this program takes them over. */

import { ownerAnnotation, serviceLabel } from "../components/names.ts";
import type { ServiceArgs } from "../components/service-args.ts";
import { describableAnnotations } from "../components/undescribed.ts";
import type { RouteObject } from "../kubernetes/objects/route.ts";
import { objectPath, typeOf } from "../kubernetes/resources.ts";
import type { ServiceHandle } from "../kubernetes/service-handle.ts";
import { readService } from "../live/live.ts";
import { readRoute } from "../live/traffic/gateway/routes.ts";
import type { RecordReading } from "../record/record.ts";

/** What the routes of a program are while adopted pods serve. */
export interface KeptRoutes {
  /** The arguments; without `gateway` while the live HTTPRoutes go on leading to the shared Service. */
  readonly args: ServiceArgs;
  /** Names of these HTTPRoutes; empty if there are none. */
  readonly keptRoutes: readonly string[];
  /** The live HTTPRoutes that an adoption has to check; empty if none is requested. */
  readonly routes: readonly RouteObject[];
}

/**
 * The arguments that apply now. The adopted pods have no label `track`, so no route can choose between the tracks: as long as they serve,
 * the HTTPRoutes that stand lead to the shared Service, and traffic is split by number of pods. A program whose routes do not all stand
 * keeps its `gateway`, and is refused with it.
 *
 * @param recorded the record, which only a service with routes waits for
 * @param isRequested whether `gray adopt` requests the adoption
 */
export async function besideAdopted(
  of: ServiceHandle,
  args: ServiceArgs,
  recorded: Promise<RecordReading>,
  isRequested: boolean,
): Promise<KeptRoutes> {
  const names = args.gateway?.routes.map(({ name }) => name ?? of.service) ?? [];
  const others = { args, keptRoutes: [], routes: [] };
  if (names.length === 0) return others;
  const record = await recorded;
  const adopted = record.kind === "read" ? record.record.adopted : undefined;
  const isKept = names.every((name) => adopted?.routes?.includes(name));
  if (!isKept && (!isRequested || adopted)) return others;
  const found = isRequested ? await Promise.all(names.map((name) => readRoute(of.api, of.namespace, name))) : [];
  const routes = found.filter((route) => route !== undefined);
  if (!isKept && routes.some(({ metadata }) => metadata.labels?.[serviceLabel] === of.service)) return others;
  if (!isKept && routes.length < names.length) return others;
  const { gateway: _, ...without } = args;
  return { args: without, keptRoutes: names, routes };
}

/**
 * Marks HTTPRoutes as those of the stack that owns the shared Service, whose next `up` splits them. Their other labels and annotations get
 * shared ownership, so that they stay. Their requests go to the shared Service as before.
 */
export async function handOverRoutes(of: ServiceHandle, names: readonly string[]): Promise<void> {
  const { api, namespace, service } = of;
  const owner = (await readService(of))?.metadata.annotations?.[ownerAnnotation];
  for (const name of names) {
    const route = await readRoute(api, namespace, name);
    if (!route || owner === undefined) continue;
    const { labels, annotations } = route.metadata;
    await api.apply("gray", objectPath("HTTPRoute", namespace, name), {
      ...typeOf("HTTPRoute"),
      metadata: {
        name,
        labels: { ...labels, [serviceLabel]: service },
        annotations: { ...describableAnnotations(annotations), [ownerAnnotation]: owner },
      },
    });
  }
}
