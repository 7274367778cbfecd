/** The ServiceAccounts that a service needs beside that of its arguments. */

import { serviceLabel } from "../components/names.ts";
import type { Release } from "../components/release.ts";
import { accountNameOf, accountsOf } from "../components/service-account-args.ts";
import type { ServiceArgs } from "../components/service-args.ts";
import { objectPath } from "../kubernetes/resources.ts";
import type { ServiceHandle } from "../kubernetes/service-handle.ts";
import { unlessForbidden } from "../kubernetes/unless-forbidden.ts";
import type { Live } from "../live/live.ts";

/** The names of the ServiceAccounts under which these releases and the live Deployments run. */
export function neededAccounts(releases: readonly Release[], { deployments }: Live): string[] {
  return accountsOf([...releases, ...Object.values(deployments).map(({ spec }) => spec)]);
}

/**
 * The names of live ServiceAccounts of this service under which these releases or the live Deployments run, and which the arguments do not
 * describe any more.
 * Without its ServiceAccount no pod of a release can be created, so it stays while the release may run. Accounts of other creators are left
 * out, and so are all if they may not be read: then this program cannot have created them.
 */
export async function accountsInUse(
  { api, namespace, service }: ServiceHandle,
  args: ServiceArgs,
  releases: readonly Release[],
  live: Live,
): Promise<string[]> {
  const own = accountNameOf(service, args);
  const others = neededAccounts(releases, live).filter((name) => name !== own);
  const kept = await Promise.all(
    others.map(async (name) => {
      const found = await unlessForbidden(api.get(objectPath("ServiceAccount", namespace, name)), undefined);
      return found?.metadata.labels?.[serviceLabel] === service ? [name] : [];
    }),
  );
  return kept.flat();
}
