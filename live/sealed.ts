import { createHmac } from "node:crypto";
import type { DescribedTemplate } from "../record/template-store.ts";
import { itemOf, type Path, sealMark } from "./difference.ts";
import type { DeploymentObject } from "./live.ts";

/** Bytes of each hash that are kept. */
const hashBytes = 12;

/**
 * What a release comes to, to be kept for later comparisons with this Deployment: without the texts in which people put secrets. Each
 * has a hash in its place, HMAC-SHA256 with the UID of the Deployment as its key. The UID is random, and in no ConfigMap.
 */
export function describedFor({ metadata: { uid } }: DeploymentObject, release: string, template: object) {
  return { release, deployment: hash(uid, [], ""), template: sealed(uid, template) as object };
}

/** The live pod template in the same form. @returns undefined where the description was made for another Deployment */
export function sealedLike({ deployment }: DescribedTemplate, { metadata: { uid }, spec }: DeploymentObject): unknown {
  return deployment === hash(uid, [], "") ? sealed(uid, spec.template) : undefined;
}

function sealed(uid: string, value: unknown, path: Path = []): unknown {
  if (typeof value === "string") return isPlain(path) ? value : hash(uid, path, value);
  if (typeof value !== "object" || value === null) return value;
  if (Array.isArray(value)) {
    return value.map((item, i) => sealed(uid, item, [...path, itemOf(path.at(-1), item) ?? String(i)]));
  }
  return Object.fromEntries(
    Object.entries(value).map(([field, inside]) => [field, sealed(uid, inside, [...path, field])]),
  );
}

/**
 * Whether a text holds no secret, by its place.
 *
 * 1. It is a field of the pod's or a container's spec itself, as `serviceAccountName` and `image`.
 * 2. It is a part of the key by which an item of a list is told from the others, as a variable's name.
 * 3. It is an amount of a resource.
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

/** The place is hashed too, so that equal texts do not show. */
function hash(uid: string, path: Path, text: string): string {
  const digest = createHmac("sha256", uid)
    .update(JSON.stringify([path, text]))
    .digest();
  return `${sealMark}${digest.subarray(0, hashBytes).toString("base64url")}`;
}
