/** What Pulumi throws where a policy reads a value in preview that only `up` will know, with the path of the value. */
export interface UnknownValue extends Error {
  readonly props: readonly string[];
  /** Whether it matters only beside something else (see {@link paired}). */
  readonly paired?: true;
}

/** By its form, not by its class: a pack of somebody else may bring a second copy of `@pulumi/policy`. */
export function isUnknown(error: unknown): error is UnknownValue {
  return error instanceof Error && "unknownTypeSentinel" in error;
}

/** What can be read, or the path of the value that kept it from being read. */
export function known<T>(
  read: () => T,
): { readonly value: T } | { readonly unknown: string; readonly paired: boolean } {
  try {
    return { value: read() };
  } catch (error) {
    if (isUnknown(error)) return { unknown: error.props.join("."), paired: error.paired ?? false };
    throw error;
  }
}

/** Reads of one thing what is held against others: in a stack without a service nobody has to know it. */
export function paired<T>(read: () => T): T {
  try {
    return read();
  } catch (error) {
    throw isUnknown(error) ? Object.assign(error, { paired: true }) : error;
  }
}
