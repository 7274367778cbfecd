/** Writes plain values as TypeScript source text. */

/** Widest line before a value is split into lines. */
const width = 110;

/**
 * A plain value as source text: in one line if it fits, else one line for each field or item.
 *
 * @param indent spaces before the line in which the value begins
 * @example sourceOf({ name: "web", port: 80 }) // '{ name: "web", port: 80 }'
 */
export function sourceOf(value: unknown, indent = 0): string {
  if (value === null || typeof value !== "object") return JSON.stringify(value);
  const parts = (inner: number) =>
    Array.isArray(value)
      ? value.map((item) => sourceOf(item, inner))
      : Object.entries(value)
          .filter(([, inside]) => inside !== undefined)
          .map(([key, inside]) => `${keyOf(key)}: ${sourceOf(inside, inner)}`);
  const [open, close, space] = Array.isArray(value) ? ["[", "]", ""] : ["{", "}", " "];
  const short = parts(0);
  if (short.length === 0) return open + close;
  const line = `${open}${space}${short.join(", ")}${space}${close}`;
  if (indent + line.length <= width && !line.includes("\n")) return line;
  const inner = indent + 2;
  const pad = " ".repeat(inner);
  return `${open}\n${parts(inner)
    .map((part) => `${pad}${part},\n`)
    .join("")}${" ".repeat(indent)}${close}`;
}

/** A key as source text. `__proto__` would set the prototype, so it is computed. */
function keyOf(key: string): string {
  if (key === "__proto__") return '["__proto__"]';
  return /^[A-Za-z_$][\w$]*$/.test(key) ? key : JSON.stringify(key);
}
