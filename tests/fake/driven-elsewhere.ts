import { identityOf } from "../../rollout/drive/claim.ts";
import { thisProcess } from "../../rollout/drive/holder.ts";
import type { World } from "./world.ts";

/** Somebody elsewhere has the lease of the service web, and renews it between any two looks. */
export function drivenElsewhere({ api }: World): void {
  let version = 0;
  api.intercept = ({ method, path }) =>
    method === "GET" && path.endsWith("/leases/web-rollout")
      ? {
          status: 200,
          body: {
            metadata: { name: "web-rollout", resourceVersion: String(++version) },
            spec: {
              holderIdentity: identityOf({ ...thisProcess(), host: "elsewhere", machine: "another" }),
              renewTime: new Date().toISOString(),
            },
          },
        }
      : undefined;
}
