/**
 * How long to wait before something is tried again: exponential growth, of which between a half and the whole is waited, so
 * that writers who met once do not meet again. Pure but for the chance.
 *
 * @param attempt how often it was tried since the pauses began to grow, from 1 on
 * @param limits.first milliseconds before the second attempt, at most
 * @param limits.most milliseconds that no pause exceeds
 * @param chance from 0 to 1. @default Math.random()
 * @returns milliseconds
 * @example await sleep(backoff(attempt, { first: 100, most: 1000 }))
 */
export function backoff(
  attempt: number,
  { first, most }: { readonly first: number; readonly most: number },
  chance = Math.random(),
): number {
  const whole = Math.min(most, first * 2 ** Math.min(attempt - 1, 30));
  return whole * (0.5 + 0.5 * chance);
}
