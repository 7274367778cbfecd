/** A stop that a person can act on: one sentence saying what was found, where, and what to do. Shown without a stack. */
export class UserError extends Error {
  /** Pulumi's runtime prints an error with this mark as its message alone (SDK: errors.ts, RunError). */
  readonly __pulumiRunError = true;
  override readonly name = "Refusal";
}
