/** The oldest Node that runs the product: the first one that runs TypeScript as it is. package.json says the same. */
export const oldestNode = "22.18";

/** Whether a Node is too old for the product. May use nothing that such a Node does not have. @param version as in `20.19.4` */
export function isTooOld(version: string): boolean {
  const [major = 0, minor = 0] = version.split(".").map(Number);
  const [oldestMajor = 0, oldestMinor = 0] = oldestNode.split(".").map(Number);
  return major < oldestMajor || (major === oldestMajor && minor < oldestMinor);
}
