/** Reads the objects beside a service that an adoption takes over with it. */

import { objectsBeside } from "../components/objects-beside.ts";
import type { ServiceArgs } from "../components/service-args.ts";
import { objectPath } from "../kubernetes/resources.ts";
import type { ServiceHandle } from "../kubernetes/service-handle.ts";
import type { LiveBeside } from "../live/live.ts";

/** The live objects beside a service that this stack describes. */
export async function readBeside({ api, namespace, service }: ServiceHandle, args: ServiceArgs): Promise<LiveBeside[]> {
  const all = objectsBeside(service, args).map(async (reference) => {
    const { kind, name } = reference;
    const found = await api.get(objectPath(kind, namespace, name));
    return found ? [{ ...found, ...reference }] : [];
  });
  return (await Promise.all(all)).flat();
}
