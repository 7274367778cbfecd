import { ownerAnnotation, sequenceAnnotation } from "./names.ts";

/**
 * The annotations of every object that a stack makes: whose it is, and the leave for `up` to write also the fields that somebody else
 * wrote last, as Helm did before it was adopted, or an `up` of this stack that was killed. Without that leave the API server answers
 * with a conflict (server-side apply).
 *
 * @param owner the stack's owner id
 */
export function ownedBy(owner: string): Record<string, string> {
  return { [ownerAnnotation]: owner, "pulumi.com/patchForce": "true" };
}

/** The annotation of an object that is changed past Pulumi too, as by a cut: the number that it was last written with (gate/sequence.ts). */
export function driven(sequence: number): Record<string, string> {
  return { [sequenceAnnotation]: String(sequence) };
}
