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

/**
 * The message of an error without its full stop, for use within a sentence.
 *
 * @example `could not be read (${clauseOf(new UserError("The cluster does not answer."))})` // "could not be read (The cluster does not answer)"
 */
export function clauseOf(error: unknown): string {
  return (error as Error).message.replace(/\.$/, "");
}
