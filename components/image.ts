/** Whether an image reference names one build. Pure. */

/** The name of an image, with the registry's host and port (distribution/reference: name). Hosts may have capitals, a path may not. */
const name =
  "(?:[A-Za-z0-9](?:[-A-Za-z0-9.]*[A-Za-z0-9])?(?::\\d{1,5})?/|\\[[0-9A-Fa-f:]+\\](?::\\d{1,5})?/)?[a-z0-9]+(?:[._/-]+[a-z0-9]+)*";
/** A digest of any algorithm (distribution/reference: digest). */
const digest = "@[A-Za-z][A-Za-z0-9]*(?:[-_+.][A-Za-z][A-Za-z0-9]*)*:[0-9A-Fa-f]{32,}";
/** Digits of the digests whose length is known (opencontainers/image-spec, descriptor.md). */
const digits: Readonly<Record<string, number>> = { sha256: 64, sha512: 128 };

const reference = new RegExp(`^${name}(?::(?<tag>[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}))?(?<digest>${digest})?$`);

/**
 * Whether an image reference names one build, by a digest, or by a tag other than `latest`.
 *
 * @example
 * ```ts
 * namesOneBuild("Registry.example.com:5000/team/web:1.2"); // true
 * namesOneBuild("web:latest"); // false
 * ```
 */
export function namesOneBuild(image: string): boolean {
  const found = reference.exec(image)?.groups;
  if (found === undefined) return false;
  if (found.digest === undefined) return found.tag !== undefined && found.tag !== "latest";
  const [algorithm = "", encoded = ""] = found.digest.slice(1).split(":");
  return (digits[algorithm] ?? encoded.length) === encoded.length;
}
