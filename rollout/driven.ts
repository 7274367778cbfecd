/** Who drives a rollout, as the errors of its Lease say it. */
import { UserError } from "../components/user-error.ts";
import type { LeaseSpec } from "../kubernetes/objects/lease.ts";
import type { ServiceHandle } from "../kubernetes/service-handle.ts";
import { showLeaseHolder } from "./lease-object.ts";

/** A live driver has the rollout. */
export class Driven extends UserError {
  /** The driver's name, as the beginning of a sentence. */
  readonly who: string;

  constructor(who: string, sentence: string) {
    super(sentence);
    this.who = who;
  }
}

/** The error that a live driver has the Lease. */
export function drivenBy(of: ServiceHandle, spec: LeaseSpec | undefined): Driven {
  const since = spec?.acquireTime ? ` since ${spec.acquireTime.replace(/\.\d+/, "")}` : "";
  return new Driven(
    showLeaseHolder(spec),
    `${showLeaseHolder(spec)} drives ${nameOf(of)}${since}: wait until it has ended, or, from any machine, run gray abort --reason "…" -n ${of.namespace} --service ${of.service}.`,
  );
}

/** The error that another process has taken the Lease, or released it. */
export function takenBy(of: ServiceHandle, spec: LeaseSpec | undefined): UserError {
  return new UserError(
    spec?.holderIdentity
      ? `${showLeaseHolder(spec)} drives ${nameOf(of)} now, so this process stops: follow it with gray watch -n ${of.namespace} --service ${of.service}.`
      : `This process has lost the lease of ${nameOf(of)}, and no other drives it: continue with gray resume -n ${of.namespace} --service ${of.service}.`,
  );
}

/** A rollout within a sentence. */
export function nameOf({ namespace, service }: ServiceHandle): string {
  return `the rollout of ${service} in namespace ${namespace}`;
}
