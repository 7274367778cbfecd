import { thisProcess } from "../../rollout/holder.ts";
import { identityOf } from "../../rollout/lease-acquisition.ts";
import type { World } from "./world.ts";

/**
 * Somebody elsewhere has the lease of the service web, and renews it between any two looks.
 *
 * @param skew milliseconds by which its clock is before ours. @default 0
 * @param dies whether it does not renew it any more
 */
export function drivenElsewhere({ api }: World, { skew = 0, dies = false } = {}): void {
  let version = 0;
  api.intercept = ({ method, path }) =>
    method === "GET" && path.endsWith("/leases/web-rollout")
      ? {
          status: 200,
          body: {
            metadata: { name: "web-rollout", resourceVersion: String(dies ? 1 : ++version) },
            spec: {
              holderIdentity: identityOf({ ...thisProcess(), host: "elsewhere", machine: "another" }),
              renewTime: new Date(Date.now() + skew).toISOString(),
            },
          },
        }
      : undefined;
}
