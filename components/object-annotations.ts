/** The annotations that mark the owner of an object and the number of its last write. */
import { ownerAnnotation, sequenceAnnotation } from "./names.ts";

/**
 * The annotations of every object that a stack creates: its owner, and the permission for `up` to overwrite fields that
 * another field manager wrote last. Such a manager is Helm before an adoption, or a killed `up` of this stack. Without the
 * permission the API server answers with a conflict (server-side apply).
 *
 * @param owner the stack's owner id
 * @example ownerAnnotations("1f6d")["gray-release/owner"] // "1f6d"
 */
export function ownerAnnotations(owner: string): Record<string, string> {
  return { [ownerAnnotation]: owner, "pulumi.com/patchForce": "true" };
}

/**
 * The annotation of an object that is also changed outside Pulumi, for example by a traffic cutoff.
 *
 * @param sequence number of the object's last write (gate/sequence.ts)
 * @example sequenceAnnotations(3) // { "gray-release/seq": "3" }
 */
export function sequenceAnnotations(sequence: number): Record<string, string> {
  return { [sequenceAnnotation]: String(sequence) };
}
