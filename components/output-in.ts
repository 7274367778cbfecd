/** Finds an Output where a constant is needed. Pure. */
import { isAsset } from "./config-files.ts";

/**
 * The path of the first Output in a value (SDK: output.ts); undefined if there is none.
 *
 * @param isAllowed whether there may be an Output at this path. @default nowhere
 * @example outputIn({ namespace: pulumi.output("shop") }) // "namespace"
 */
export function outputIn(
  value: unknown,
  isAllowed: (path: string) => boolean = () => false,
  path = "",
  around: readonly unknown[] = [],
): string | undefined {
  if (isAllowed(path)) return undefined;
  if (typeof value !== "object" || value === null || isAsset(value) || around.includes(value)) return undefined;
  if ((value as { readonly __pulumiOutput?: unknown }).__pulumiOutput === true) return path;
  for (const [key, part] of Object.entries(value)) {
    const found = outputIn(part, isAllowed, path === "" ? key : `${path}.${key}`, [...around, value]);
    if (found !== undefined) return found;
  }
  return undefined;
}
