/** Reading of values that may be known only during `up`. */
/** The error that Pulumi throws if a policy reads, in preview, a value that is known only during `up`. */
export interface UnknownValue extends Error {
  /** Path of the value. */
  readonly props: readonly string[];
  /** Whether the value matters only in comparison with other resources (see {@link paired}). */
  readonly paired?: true;
}

/**
 * Whether an error is an {@link UnknownValue}. It checks a property, not the class, because other packs may load a second copy of `@pulumi/policy`.
 *
 * @example isUnknown(new Error("no value of Pulumi")) // false
 */
export function isUnknown(error: unknown): error is UnknownValue {
  return error instanceof Error && "unknownTypeSentinel" in error;
}

/** The result of `read`, or the path of the unknown value that it needs. @example known(() => 1) // { value: 1 } */
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

/**
 * Reads values that a rule compares with other resources: they may be unknown in a stack without a service.
 *
 * @example paired(() => object.name)
 */
export function paired<T>(read: () => T): T {
  try {
    return read();
  } catch (error) {
    throw isUnknown(error) ? Object.assign(error, { paired: true }) : error;
  }
}
