/** An error for people: one sentence that says what is wrong, where, and what to do. Printed without a stack. */
export class Problem extends Error {
  override readonly name = "Problem";
}

export function sentence(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
