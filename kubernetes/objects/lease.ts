/** A Lease of the Kubernetes API. */

/** A Lease (coordination.k8s.io/v1); the fields used here. */
export interface LeaseObject {
  readonly metadata: { readonly resourceVersion?: string; readonly labels?: Record<string, string> };
  readonly spec?: LeaseSpec;
}

/** The spec of a Lease. */
export interface LeaseSpec {
  /** Absent if the lease is free. */
  readonly holderIdentity?: string;
  readonly leaseDurationSeconds?: number;
  /** By the holder's clock, as a MicroTime. For people: no decision depends on it. */
  readonly acquireTime?: string;
  /** As `acquireTime`. */
  readonly renewTime?: string;
  /** How often it passed from one holder to another. */
  readonly leaseTransitions?: number;
}
