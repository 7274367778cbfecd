/** An Event of the Kubernetes API. */

/** An Event of the Kubernetes API; the fields used here. Which of its times are set depends on its author. */
export interface EventObject {
  readonly metadata: { readonly creationTimestamp?: string | null };
  readonly involvedObject: { readonly kind?: string; readonly name?: string };
  readonly type?: string;
  readonly reason?: string;
  readonly message?: string;
  readonly count?: number;
  readonly lastTimestamp?: string | null;
  readonly eventTime?: string | null;
  readonly series?: { readonly count?: number; readonly lastObservedTime?: string | null } | null;
}
