/** Builds paths from untrusted names, so that a name cannot lead to another object or folder. */

/** A name cannot be part of a path, because it would lead elsewhere. */
export class UnsafePath extends Error {
  override readonly name = "UnsafePath";
}

/**
 * Builds a path of the API server, or of a folder, from its parts. Each part is one name, so an untrusted value (an
 * annotation, a field of the record) cannot lead to a parent or to another object.
 *
 * @param parts names between two slashes
 * @returns `/a/b/c`
 * @throws UnsafePath if a part is empty, is `.` or `..`, or contains a slash, a backslash, `?`, `#`, `%` or a control character
 * @example pathOf("api", "v1", "namespaces", namespace, "pods", pod)
 */
export function pathOf(...parts: readonly string[]): string {
  return parts.map((part) => `/${nameInPath(part)}`).join("");
}

/**
 * Returns the name unchanged if it can be one part of a path.
 *
 * @throws UnsafePath as {@link pathOf}
 */
export function nameInPath(name: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: the expression detects control characters
  if (name === "" || name === "." || name === ".." || /[/\\?#%\u0000-\u001f\u007f]/.test(name)) {
    throw new UnsafePath(`${JSON.stringify(name.slice(0, 80))} cannot be part of a path`);
  }
  return name;
}

/**
 * Checks an untrusted path that will be appended to another path, such as `/metrics?format=text`.
 *
 * @returns the path with exactly one slash at its beginning
 * @throws UnsafePath if it leads to a parent, or contains a space, `#` or a control character
 */
export function pathBelow(path: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: the expression detects control characters
  if (!isPlainPath(path) || /[#\u0000-\u0020\u007f]/.test(path)) {
    throw new UnsafePath(`the path ${JSON.stringify(path.slice(0, 80))} leads elsewhere`);
  }
  return `/${path.replace(/^\/+/, "")}`;
}

/** Whether a path has no `.` and `..` segments, in plain text, percent-encoded or between backslashes. The query may have any. */
export function isPlainPath(path: string): boolean {
  return !/(^|\/|\\|%2f|%5c)(\.|%2e){1,2}(\/|\\|%2f|%5c|$)/i.test(path.split("?")[0] ?? "");
}
