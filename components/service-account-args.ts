/** The arguments of the ServiceAccount of a service's pods, and their validation. */
import * as v from "valibot";
import { keyed, mapOf } from "./schema.ts";

/**
 * A ServiceAccount that CanaryService creates, and under which the pods of both tracks run (core/v1 ServiceAccount). Its name is part of
 * the release. Its other fields are not: a change of them applies to the next pods of both tracks, without a roll.
 *
 * @example
 * ```ts
 * const serviceAccount: ServiceAccountArgs = { annotations: { "eks.amazonaws.com/role-arn": "arn:aws:iam::1:role/web" } };
 * ```
 */
export interface ServiceAccountArgs {
  /** Its name. @default the name of the service */
  readonly name?: string;
  /** Its annotations, for example for the identity of a cloud. @default none */
  readonly annotations?: Readonly<Record<string, string>>;
  /**
   * The Secrets with which kubelet pulls the images of new pods. Those of `pod.imagePullSecrets` are part of the release instead, and take
   * precedence.
   * @default none
   */
  readonly imagePullSecrets?: readonly { readonly name: string }[];
  /** Whether the pods get a token of the account. @default true, as Kubernetes has it */
  readonly automountServiceAccountToken?: boolean;
}

/** Validates {@link ServiceAccountArgs}. */
export const serviceAccountSchema = keyed(
  v.strictObject({
    name: v.optional(
      v.pipe(
        v.string(),
        v.regex(/^[a-z0-9]([-.a-z0-9]{0,251}[a-z0-9])?$/, "must be lower-case letters, digits, dashes and dots"),
        v.check((name) => name !== "default", "every namespace has it already, so choose another name"),
      ),
    ),
    annotations: v.optional(mapOf(v.string())),
    imagePullSecrets: v.optional(v.array(v.strictObject({ name: v.string() }))),
    automountServiceAccountToken: v.optional(v.boolean()),
  }),
);

/**
 * The name of the ServiceAccount that a service's arguments describe; undefined if they describe none.
 *
 * @example accountNameOf("web", { serviceAccount: {} }) // "web"
 */
export function accountNameOf(
  service: string,
  { serviceAccount }: { readonly serviceAccount?: ServiceAccountArgs },
): string | undefined {
  return serviceAccount && (serviceAccount.name ?? service);
}

/**
 * The names of the ServiceAccounts under which these releases run, without those that name none.
 *
 * @example accountsOf([release]) // ["web"]
 */
export function accountsOf(
  releases: readonly { readonly template: { readonly spec: { readonly serviceAccountName?: string | undefined } } }[],
): string[] {
  const names = releases.map(({ template }) => template.spec.serviceAccountName);
  return [...new Set(names.filter((name) => name !== undefined))];
}
