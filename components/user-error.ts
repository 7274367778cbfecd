/**
 * An error that the user can resolve. Its message is one sentence: what was found, where, and what to do. It is printed
 * without a stack trace.
 *
 * @example
 * ```ts
 * try {
 *   filesIn("config/web");
 * } catch (error) {
 *   if (error instanceof UserError) console.error(error.message);
 * }
 * ```
 */
export class UserError extends Error {
  /** Pulumi's runtime prints only the message of an error with this field (SDK: errors.ts, RunError). */
  readonly __pulumiRunError = true;
  override readonly name = "UserError";
}
