import { sequenceAnnotation } from "./names.ts";

/**
 * The leave for `up` to write also the fields that somebody else wrote last, as Helm did before it was adopted; without it the
 * API server answers with a conflict (server-side apply).
 */
export const overrules = { "pulumi.com/patchForce": "true" };

/**
 * The annotations of an object that is changed past Pulumi too, as by a cut: the number that it was last written with
 * (rollout/up/sequence.ts), and leave to overrule.
 */
export function driven(sequence: number): Record<string, string> {
  return { [sequenceAnnotation]: String(sequence), ...overrules };
}
