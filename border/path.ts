/** Paths that are put together from names that others chose. */

/** A name that cannot be part of a path: it would lead elsewhere. */
export class UnsafePath extends Error {
  override readonly name = "UnsafePath";
}

/**
 * A path of the API server, or of a folder, from its parts. Each part is one name, so that what others chose (an annotation, a field of the
 * record) cannot lead upwards or to another object.
 *
 * @param parts names between two slashes
 * @returns `/a/b/c`
 * @throws UnsafePath where a part is empty, leads upwards, or holds a slash, a backslash, `?`, `#`, `%` or a control character
 * @example pathOf("api", "v1", "namespaces", namespace, "pods", pod)
 */
export function pathOf(...parts: readonly string[]): string {
  return parts.map((part) => `/${nameInPath(part)}`).join("");
}

/** A name that is one part of a path. @throws UnsafePath as `pathOf` does */
export function nameInPath(name: string): string {
  // Control characters are what is looked for.
  // biome-ignore lint/suspicious/noControlCharactersInRegex: see above
  if (name === "" || name === "." || name === ".." || /[/\\?#%\u0000-\u001f\u007f]/.test(name)) {
    throw new UnsafePath(`${JSON.stringify(name.slice(0, 80))} cannot be part of a path`);
  }
  return name;
}

/**
 * A path that somebody else named, to follow another one, as in `/metrics?format=text`.
 *
 * @returns it with one slash at its beginning
 * @throws UnsafePath where it leads upwards or is no path
 */
export function pathBelow(path: string): string {
  // Control characters are what is looked for.
  // biome-ignore lint/suspicious/noControlCharactersInRegex: see above
  if (!isPlainPath(path) || /[#\u0000-\u0020\u007f]/.test(path)) {
    throw new UnsafePath(`the path ${JSON.stringify(path.slice(0, 80))} leads elsewhere`);
  }
  return `/${path.replace(/^\/+/, "")}`;
}

/** Whether no step of a path leads to itself or upwards, written plainly, in percent signs or with backslashes. */
export function isPlainPath(path: string): boolean {
  return !/(^|\/|\\|%2f|%5c)(\.|%2e){1,2}(\/|\\|%2f|%5c|$)/i.test(path.split("?")[0] ?? "");
}
