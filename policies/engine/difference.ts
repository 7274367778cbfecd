/**
 * The path of the first difference between two plain values, with both values there as text; undefined if they are equal.
 *
 * @example firstDifference({ a: [1, 2] }, { a: [1, 3] }) // { path: ".a[1]", a: "2", b: "3" }
 */
export function firstDifference(
  a: unknown,
  b: unknown,
  path = "",
): { readonly path: string; readonly a: string; readonly b: string } | undefined {
  if (!isObject(a) || !isObject(b) || Array.isArray(a) !== Array.isArray(b)) {
    const [left, right] = [text(a), text(b)];
    return left === right ? undefined : { path, a: left, b: right };
  }
  const keys = [...new Set([...Object.keys(a), ...Object.keys(b)])].sort();
  for (const key of keys) {
    const difference = firstDifference(a[key], b[key], path + (Array.isArray(a) ? `[${key}]` : `.${key}`));
    if (difference) return difference;
  }
  return undefined;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null;
}

function text(value: unknown): string {
  return value === undefined ? "nothing" : JSON.stringify(value);
}
