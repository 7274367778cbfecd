/** The ServiceAccounts of a service's pods. */
import { ServiceAccount } from "@pulumi/kubernetes/core/v1/serviceAccount.js";
import type { CustomResourceOptions } from "@pulumi/pulumi";
import { backgroundDeletion } from "./deletion.ts";
import { frontMetadata } from "./front-metadata.ts";
import { resourceNameOf, type ServiceNames } from "./names.ts";
import { ownerAnnotations } from "./object-annotations.ts";
import { accountNameOf } from "./service-account-args.ts";
import type { ServiceArgs } from "./service-args.ts";

/**
 * Creates the ServiceAccount of the arguments, and retains those that earlier releases need, as they are.
 *
 * @param retained names of ServiceAccounts of this stack that releases in the history need
 * @example serviceAccounts(namesOf("web", args), args, owner, [], { parent, provider })
 */
export function serviceAccounts(
  names: ServiceNames,
  args: ServiceArgs,
  owner: string,
  retained: readonly string[],
  opts: CustomResourceOptions,
): ServiceAccount[] {
  const { service } = names;
  const own = serviceAccountObject(service, args, owner);
  return [
    ...(own ? [new ServiceAccount(resourceNameOf(names, own.metadata.name), own, opts)] : []),
    ...retained.map((name) => {
      const metadata = {
        ...frontMetadata(service, name, args),
        annotations: { ...backgroundDeletion, ...ownerAnnotations(owner) },
      };
      const ignoreChanges = ["metadata", "imagePullSecrets", "automountServiceAccountToken"];
      return new ServiceAccount(resourceNameOf(names, name), { metadata }, { ...opts, ignoreChanges });
    }),
  ];
}

/**
 * The ServiceAccount as it is sent to the API server; undefined if the arguments describe none.
 *
 * @example serviceAccountObject("web", { ...args, serviceAccount: {} }, owner)?.metadata.name // "web"
 */
export function serviceAccountObject(service: string, args: ServiceArgs, owner: string) {
  const name = accountNameOf(service, args);
  if (name === undefined) return undefined;
  const { name: _, annotations, imagePullSecrets, ...fields } = args.serviceAccount ?? {};
  return {
    metadata: {
      ...frontMetadata(service, name, args),
      annotations: { ...annotations, ...backgroundDeletion, ...ownerAnnotations(owner) },
    },
    ...fields,
    ...(imagePullSecrets && { imagePullSecrets: [...imagePullSecrets] }),
  };
}
