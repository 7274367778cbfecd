/** Finds an Output where a constant is needed. Pure. */
import { isAsset } from "./config-files.ts";

/** What the SDK puts into a text in place of an Output, as in `${output}` (SDK: output.ts, toString and toJSON). */
const inText = /Calling \[to(?:String|JSON)\] on an \[Output<T>\] is not supported/;

/**
 * The path of the first Output in a value, or in a text of it (SDK: output.ts); undefined if there is none.
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
  if (typeof value === "string") return inText.test(value) ? path : undefined;
  if (typeof value !== "object" || value === null || isAsset(value) || around.includes(value)) return undefined;
  if ((value as { readonly __pulumiOutput?: unknown }).__pulumiOutput === true) return path;
  for (const [key, part] of Object.entries(value)) {
    const found = outputIn(part, isAllowed, path === "" ? key : `${path}.${key}`, [...around, value]);
    if (found !== undefined) return found;
  }
  return undefined;
}
