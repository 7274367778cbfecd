/** The Node.js version that the product needs. */

/** The oldest supported Node.js version: the first one that runs TypeScript without a flag. package.json has the same. */
export const oldestNode = "22.18";

/**
 * Whether a Node.js version is too old for the product. The code itself must run on such an old version.
 *
 * @param version like `20.19.4`
 * @example isTooOld("20.19.4") // true
 */
export function isTooOld(version: string): boolean {
  const [major = 0, minor = 0] = version.split(".").map(Number);
  const [oldestMajor = 0, oldestMinor = 0] = oldestNode.split(".").map(Number);
  return major < oldestMajor || (major === oldestMajor && minor < oldestMinor);
}
