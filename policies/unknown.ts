/** What Pulumi throws where a policy reads a value in preview that only `up` will know, with the path of the value. */
export interface UnknownValue extends Error {
  readonly props: readonly string[];
}

/** By its form, not by its class: a pack of somebody else may bring a second copy of `@pulumi/policy`. */
export function isUnknown(error: unknown): error is UnknownValue {
  return error instanceof Error && "unknownTypeSentinel" in error;
}

/** What can be read, or the path of the value that kept it from being read. */
export function known<T>(read: () => T): { readonly value: T } | { readonly unknown: string } {
  try {
    return { value: read() };
  } catch (error) {
    if (isUnknown(error)) return { unknown: error.props.join(".") };
    throw error;
  }
}
