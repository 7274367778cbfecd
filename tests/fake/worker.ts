import { workerAnnotation } from "../../components/names.ts";
import type { World } from "./world.ts";

/** Makes the service web of a world a worker: its Deployments say so, and it has no Service. */
export function becomeWorker(world: World): void {
  for (const name of ["web", "web-canary"]) {
    const { metadata } = world.deployment(name);
    metadata.annotations = { ...metadata.annotations, [workerAnnotation]: "true" };
    world.api.objects.delete(`/api/v1/namespaces/${world.namespace}/services/${name}`);
  }
}
