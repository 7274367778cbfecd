/** Stores a pod template for later comparisons without the texts that may be secrets. */

import { createHmac } from "node:crypto";
import type { DeploymentObject } from "../kubernetes/objects/deployment.ts";
import type { DescribedTemplate } from "../record/template-store.ts";
import { hashMark, itemOf, type Path } from "./difference.ts";

/** Length of a stored hash, in bytes. */
const hashBytes = 12;

/**
 * A release's pod template for later comparisons with this Deployment. Each text that may be a secret is replaced by a hash: HMAC-SHA256
 * with the UID of the Deployment as its key. The UID is random, and is stored in no ConfigMap.
 */
export function hashedTemplate({ metadata: { uid } }: DeploymentObject, release: string, template: object) {
  return { release, deployment: hash(uid, [], ""), template: withHashes(uid, template) as object };
}

/** The live pod template in the same form. @returns undefined if the stored template was made for another Deployment */
export function hashedLike({ deployment }: DescribedTemplate, { metadata: { uid }, spec }: DeploymentObject): unknown {
  return deployment === hash(uid, [], "") ? withHashes(uid, spec.template) : undefined;
}

function withHashes(uid: string, value: unknown, path: Path = []): unknown {
  if (typeof value === "string") return isPlain(path) ? value : hash(uid, path, value);
  if (typeof value !== "object" || value === null) return value;
  if (Array.isArray(value)) {
    return value.map((item, i) => withHashes(uid, item, [...path, itemOf(path.at(-1), item) ?? String(i)]));
  }
  return Object.fromEntries(
    Object.entries(value).map(([field, inside]) => [field, withHashes(uid, inside, [...path, field])]),
  );
}

/**
 * Whether the place of a text shows that it is no secret. It is not if it is
 *
 * 1. a direct field of the pod's or a container's spec, such as `serviceAccountName` or `image`;
 * 2. a key field of a list's item, such as the name of a variable;
 * 3. an amount of a resource.
 */
function isPlain(path: Path): boolean {
  const [first, list, , inContainer] = path;
  const [parent, name] = path.slice(-2);
  if (first === "spec" && path.length === 2) return true;
  if (first === "spec" && (list === "containers" || list === "initContainers")) {
    if (path.length === 4) return true;
    if (inContainer === "resources" && (parent === "limits" || parent === "requests")) return true;
  }
  return typeof parent === "object" && typeof name === "string" && Object.hasOwn(parent.key, name);
}

/** The place is hashed together with the text, so that equal texts have different hashes. */
function hash(uid: string, path: Path, text: string): string {
  const digest = createHmac("sha256", uid)
    .update(JSON.stringify([path, text]))
    .digest();
  return `${hashMark}${digest.subarray(0, hashBytes).toString("base64url")}`;
}
